//! The small JSON mirror that is stored beside the body.

use crate::encode;
use crate::entry::{Metadata, UNKNOWN_COUNTRY, is_country};
use crate::error::{Corrupt, GraphError};
use crate::json::{Object, Scanner, Span};
use crate::splice::Splice;
use alloc::borrow::ToOwned;
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

/// Stored metadata brought to what it should say; fields that are not known stay.
pub(crate) fn updated(stored: Option<&str>, wanted: &Metadata) -> Result<String, GraphError> {
    let Some((text, (object, spans))) = stored.and_then(|text| Some((text, index(text).ok()?)))
    else {
        return encode::metadata(wanted);
    };
    let values = [
        Some(encode::flag(wanted.ok)),
        Some(encode::string(&wanted.country)),
        Some(encode::number(wanted.v.into())),
        wanted.cluster_size.map(|size| encode::number(size.into())),
        wanted.is_mobile.map(|class| encode::number(class.into())),
        wanted.known_browser.map(encode::flag),
    ];
    let mut splice = Splice::new(text);
    let mut missing = Vec::new();
    for ((name, span), value) in NAMES.into_iter().zip(spans).zip(values) {
        match (span, value) {
            (Some(old), value) => {
                let value = value.unwrap_or_else(|| "null".to_owned());
                if old.of(text) != value {
                    splice.replace(old, value);
                }
            }
            (None, Some(value)) => missing.push((name, None, value)),
            (None, None) => {}
        }
    }
    splice.set(object, &missing);
    Ok(if splice.is_unchanged() { text.to_owned() } else { splice.finish() })
}

fn index(text: &str) -> Result<(Object, [Option<Span>; NAMES.len()]), Corrupt> {
    let mut spans = [None; NAMES.len()];
    let object = Scanner::document(text, &mut |scanner, key| {
        let value = scanner.value()?;
        for (name, span) in NAMES.iter().zip(&mut spans) {
            if key.is_string(scanner.text(), name) {
                *span = Some(value);
            }
        }
        Ok(())
    })?;
    Ok((object, spans))
}
