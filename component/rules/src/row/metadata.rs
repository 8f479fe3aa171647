//! The small JSON mirror that is stored beside the body.

use alloc::string::String;
use alloc::vec::Vec;

use super::scan::{Object, Scanner};
use super::schema::{MIRRORED, mirrored, read_mirror};
use super::span::Span;
use super::splice::{Member, Splice};
use super::write_json::{Json, Value};
use crate::entry::{Metadata, VERSION};
use crate::error::Corrupt;

/// Reads stored metadata. An optional member of another type counts as absent.
pub(crate) fn parse(text: &str) -> Result<Metadata, Corrupt> {
    let (_, spans) = index(text)?;
    let metadata = read_mirror(spans, text)?;
    if metadata.v != VERSION {
        return Err(Corrupt::Version(metadata.v));
    }
    Ok(metadata)
}

/// The JSON of new metadata.
pub(crate) fn encode(metadata: &Metadata) -> String {
    let values = MIRRORED.into_iter().zip(mirrored(metadata));
    text(Json::object(USUAL_BYTES, |json| {
        for (name, value) in values {
            if let Some(value) = value {
                json.member(name, value);
            }
        }
    }))
}

/// Stored metadata brought to what it should say; members that are not known stay.
pub(crate) fn updated(stored: Option<&str>, wanted: &Metadata) -> String {
    let new = encode(wanted);
    let Some(stored) = stored.filter(|stored| *stored != new) else { return new };
    let Ok((object, spans)) = index(stored) else { return new };
    let mut members: Vec<Member<'_>> = Vec::new();
    for ((name, span), value) in MIRRORED.into_iter().zip(spans).zip(mirrored(wanted)) {
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

/// Bytes that most metadata stays below.
const USUAL_BYTES: usize = 128;

/// JSON is text; the default is never taken.
fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_default()
}

fn index(text: &str) -> Result<(Object, [Option<Span>; MIRRORED.len()]), Corrupt> {
    let mut spans = [None; MIRRORED.len()];
    let mut scanner = Scanner::new(text);
    let mut object = scanner.document();
    while let Some(key) = scanner.key(&mut object) {
        let value = scanner.value();
        let key = key.string(text).unwrap_or_default();
        for (name, span) in MIRRORED.into_iter().zip(&mut spans) {
            if key == name {
                *span = Some(value);
            }
        }
    }
    scanner.end()?;
    Ok((object, spans))
}
