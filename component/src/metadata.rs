//! The small JSON mirror that is stored beside the body.

use crate::encode;
use crate::entry::{Metadata, UNKNOWN_COUNTRY, is_country};
use crate::error::Corrupt;
use crate::json::{Object, Scanner, Span};
use crate::splice::Splice;
use alloc::string::String;
use alloc::vec::Vec;

const NAMES: [&str; 6] = ["ok", "country", "v", "cluster_size", "is_mobile", "known_browser"];

/// Where there is no metadata to be read, new metadata starts from an empty object.
const NONE: &str = "{}";
const NO_MEMBERS: Object = Object { open: 1, close: 1, is_empty: true };

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
    updated(None, metadata)
}

/// Stored metadata brought to what it should say; fields that are not known stay.
pub(crate) fn updated(stored: Option<&str>, wanted: &Metadata) -> String {
    let indexed = stored.and_then(|text| Some((text, index(text).ok()?)));
    let (stored, (object, spans)) = indexed.unwrap_or((NONE, (NO_MEMBERS, [None; NAMES.len()])));
    let mut members = Vec::new();
    let mut places = NAMES.into_iter().zip(spans);
    let mut next = |value: Option<Vec<u8>>| match (places.next(), value) {
        (Some((_, Some(old))), Some(value)) if old.of(stored).as_bytes() == value => {}
        (Some((name, span)), Some(value)) => members.push((name, span, value)),
        (Some((name, span @ Some(_))), None) => members.push((name, span, b"null".to_vec())),
        _ => {}
    };
    next(Some(encode::flag(wanted.ok)));
    next(Some(encode::string(&wanted.country)));
    next(Some(encode::number(u64::from(wanted.v))));
    next(wanted.cluster_size.map(|size| encode::number(u64::from(size))));
    next(wanted.is_mobile.map(|class| encode::number(u64::from(class))));
    next(wanted.known_browser.map(encode::flag));
    let mut splice = Splice::new(stored);
    splice.set(object, &members);
    // JSON is text; the default is never taken.
    String::from_utf8(splice.finish()).unwrap_or_default()
}

fn index(text: &str) -> Result<(Object, [Option<Span>; NAMES.len()]), Corrupt> {
    let mut spans = [None; NAMES.len()];
    let object = Scanner::document(text, &mut |scanner, key| {
        let value = scanner.value()?;
        let key = key.string(scanner.text()).unwrap_or_default();
        for (name, span) in NAMES.into_iter().zip(&mut spans) {
            if key == name {
                *span = Some(value);
            }
        }
        Ok(())
    })?;
    Ok((object, spans))
}
