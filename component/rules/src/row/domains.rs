//! How a domain joins those that were seen.
//!
//! Readers of today want `seen_domains` to be a sorted list. A map of an older writer moves on as it
//! is under a name of its own, since nothing is dropped.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::scan::{Object, Scanner};
use super::schema::{Field, Section, Values};
use super::shape::{Domains, Shape, each};
use super::span::Span;
use super::splice::Splice;
use super::stored::Row;
use super::write_json::Value;
use crate::error::Corrupt;
use crate::limits::MAX_SEEN_DOMAINS;

/// Whether a domain is news to the row, and there is room for it.
pub(super) fn is_news(row: &Row, domain: &str) -> bool {
    let Some(span) = row.span(Field::SeenDomains) else { return true };
    let text = span.of(&row.text);
    match text.as_bytes().first() {
        Some(b'[' | b'{') => {
            let (mut seen, mut is_known) = (0_usize, false);
            each(&mut Scanner::new(text), &mut |known| {
                seen = seen.saturating_add(1);
                is_known |= known.is_string(text, domain);
            });
            !is_known && seen < MAX_SEEN_DOMAINS
        }
        // Text and the like is not for this writer to replace.
        other => other == Some(&b'n'),
    }
}

/// Adds a domain, and makes a list of a map.
pub(super) fn set(row: &Row, splice: &mut Splice<'_>, domain: Option<&str>) -> Result<(), Corrupt> {
    let old = row.span(Field::SeenDomains);
    match (old, old.and_then(|old| old.of(&row.text).bytes().next())) {
        (Some(old), Some(b'{')) => set_list_for_map(row, splice, old, domain),
        (Some(old), Some(b'[')) => {
            if let Some(domain) = domain {
                insert(row, splice, old, domain);
            }
        }
        _ => {
            let Some(domain) = domain else { return Ok(()) };
            let list = [domain.to_owned()];
            let mut members = Vec::with_capacity(2);
            let origin = row.span(Field::OriginDomain);
            // Something else in its place is not replaced: that would drop it.
            if origin.is_none_or(|origin| origin.is_null(&row.text)) {
                members.push((Field::OriginDomain.name(), origin, Value::Text(domain)));
            }
            members.push((Field::SeenDomains.name(), old, Value::Texts(&list)));
            return row.set_section(splice, Section::PubProperties, &members);
        }
    }
    Ok(())
}

fn set_list_for_map(row: &Row, splice: &mut Splice<'_>, old: Span, domain: Option<&str>) {
    let mut domains = Domains::read(old, &row.text).unwrap_or_default();
    if let Some(domain) = domain
        && let Err(at) = domains.binary_search_by(|known| known.as_str().cmp(domain))
        && domains.len() < MAX_SEEN_DOMAINS
    {
        domains.insert(at, domain.to_owned());
    }
    let name = free_name(row);
    splice.edit(Span::new(old.start(), old.start()), &mut |json| {
        json.value(Value::Texts(&domains));
        json.raw(b",");
        json.key(&name);
    });
}

/// A name for the map that the section does not have yet: an older writer may have made a map anew.
fn free_name(row: &Row) -> String {
    let taken = row.object(Section::PubProperties).map(|object| names(row, object));
    let taken = taken.unwrap_or_default();
    let mut name = "seen_domains_map".to_owned();
    let mut number = 2_u32;
    while taken.contains(&name) {
        name = format!("seen_domains_map_{number}");
        number = number.saturating_add(1);
    }
    name
}

fn names(row: &Row, object: Object) -> Vec<String> {
    // The text has been scanned before, so that there is an object here.
    let text = row.text.get(object.open.saturating_sub(1)..).unwrap_or_default();
    let mut scanner = Scanner::new(text);
    let mut object = scanner.object();
    let mut names = Vec::new();
    while let Some(key) = scanner.key(&mut object) {
        names.extend(key.string(text).map(String::from));
        scanner.value();
    }
    names
}

/// Puts a domain where it belongs in the list, which may hold what is no domain.
fn insert(row: &Row, splice: &mut Splice<'_>, list: Span, domain: &str) {
    let text = list.of(&row.text);
    let mut scanner = Scanner::new(text);
    scanner.array();
    let (mut is_first, mut before) = (true, None);
    while scanner.item(&mut is_first) {
        let item = scanner.value();
        if item.string(text).is_some_and(|known| known.as_ref() > domain) {
            before = before.or(Some(item.start()));
        }
    }
    let is_empty = text.get(1..).is_some_and(|rest| rest.trim_start().starts_with(']'));
    let at = list.start().saturating_add(before.unwrap_or(text.len().saturating_sub(1)));
    splice.edit(Span::new(at, at), &mut |json| {
        if before.is_none() && !is_empty {
            json.raw(b",");
        }
        json.value(Value::Text(domain));
        if before.is_some() {
            json.raw(b",");
        }
    });
}
