//! The small JSON mirror that is stored beside the body.

use crate::encode::{Json, Value};
use crate::entry::{Metadata, UNKNOWN_COUNTRY, is_country};
use crate::error::Corrupt;
use crate::json::{Object, Scanner, Span};
use crate::splice::{Member, Splice};
use alloc::string::String;
use alloc::vec::Vec;

const NAMES: [&str; 6] = ["ok", "country", "v", "cluster_size", "is_mobile", "known_browser"];

/// Reads stored metadata.
///
/// `ok`, `country` and `v` are required; an optional field of another type counts as absent.
pub(crate) fn parse(text: &str) -> Result<Metadata, Corrupt> {
    let (_, [ok, country, v, cluster_size, is_mobile, known_browser]) = index(text)?;
    let required = |span: Option<Span>, name| span.ok_or(Corrupt::Missing(name));
    let flag = |span: Option<Span>| span.and_then(|span| span.flag(text));
    required(ok, "metadata.ok")?;
    required(v, "metadata.v")?;
    let country = required(country, "metadata.country")?.string(text);
    let country = country.ok_or(Corrupt::WrongType("metadata.country"))?;
    Ok(Metadata {
        ok: flag(ok).ok_or(Corrupt::WrongType("metadata.ok"))?,
        country: if is_country(&country) { country.into_owned() } else { UNKNOWN_COUNTRY.into() },
        v: v.and_then(|v| v.number(text)).ok_or(Corrupt::WrongType("metadata.v"))?,
        cluster_size: cluster_size.and_then(|size| size.number(text)),
        is_mobile: is_mobile.and_then(|class| class.number(text)).filter(|class| *class <= 2),
        known_browser: flag(known_browser),
    })
}

/// The JSON of new metadata.
pub(crate) fn new(metadata: &Metadata) -> String {
    let values = NAMES.into_iter().zip(values(metadata));
    text(Json::object(USUAL_BYTES, |json| {
        for (name, value) in values {
            if let Some(value) = value {
                json.member(name, value);
            }
        }
    }))
}

/// Stored metadata brought to what it should say; fields that are not known stay.
pub(crate) fn updated(stored: Option<&str>, wanted: &Metadata) -> String {
    let new = new(wanted);
    let Some(stored) = stored.filter(|stored| *stored != new) else { return new };
    let Ok((object, spans)) = index(stored) else { return new };
    let mut members: Vec<Member<'_>> = Vec::new();
    for ((name, span), value) in NAMES.into_iter().zip(spans).zip(values(wanted)) {
        match (span, value) {
            (_, Some(value)) => members.push((name, span, value)),
            (Some(_), None) => members.push((name, span, Value::Null)),
            (None, None) => {}
        }
    }
    let mut splice = Splice::new(stored);
    splice.set(object, &members);
    text(splice.finish())
}

/// What the metadata says under each of the [`NAMES`].
fn values(metadata: &Metadata) -> [Option<Value<'_>>; NAMES.len()] {
    [
        Some(Value::Flag(metadata.ok)),
        Some(Value::Text(&metadata.country)),
        Some(Value::Number(u64::from(metadata.v))),
        metadata.cluster_size.map(|size| Value::Number(u64::from(size))),
        metadata.is_mobile.map(|class| Value::Number(u64::from(class))),
        metadata.known_browser.map(Value::Flag),
    ]
}

/// Bytes that most metadata stays below.
const USUAL_BYTES: usize = 128;

/// JSON is text; the default is never taken.
fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_default()
}

fn index(text: &str) -> Result<(Object, [Option<Span>; NAMES.len()]), Corrupt> {
    let mut spans = [None; NAMES.len()];
    let mut scanner = Scanner::new(text);
    let mut object = scanner.document();
    while let Some(key) = scanner.key(&mut object) {
        let value = scanner.value();
        let key = key.string(text).unwrap_or_default();
        for (name, span) in NAMES.into_iter().zip(&mut spans) {
            if key == name {
                *span = Some(value);
            }
        }
    }
    scanner.end()?;
    Ok((object, spans))
}
