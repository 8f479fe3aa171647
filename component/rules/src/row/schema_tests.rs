//! The table of fields, whatever stands in it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::schema::{Field, Section, Values};
use super::stored::Row;
use crate::policy::Policy;
use crate::store::Item;
use crate::types::Now;

fn row(text: &str) -> Row {
    let item = Item { body: text.as_bytes().to_vec(), metadata: None, generation: 1 };
    Row::parse(item).unwrap()
}

/// A row that has every field of the table, each with a value of its own.
fn full() -> String {
    let value = |field: &Field| match field {
        Field::V | Field::IsMobile => "1".to_string(),
        Field::Ok | Field::KnownBrowser => "true".to_string(),
        Field::Country => "\"FR\"".to_string(),
        Field::Tcf
        | Field::Gpp
        | Field::GppSid
        | Field::Region
        | Field::OriginDomain
        | Field::Ja4Class
        | Field::PlatformClass
        | Field::H2FpHash => format!("\"t{}\"", *field as usize),
        Field::SeenDomains => "[\"a.example\"]".to_string(),
        _ => (*field as usize).to_string(),
    };
    let members = |section: Option<Section>| -> String {
        let of = |field: &&Field| {
            let name = field.path().split_once('.').map(|(section, _)| section);
            name == section.map(Section::name)
        };
        let member = |field: &Field| {
            let name = field.path().rsplit('.').next().unwrap();
            format!("\"{name}\":{}", value(field))
        };
        Field::ALL.iter().filter(of).map(member).collect::<Vec<_>>().join(",")
    };
    let is_of_fields = |section: &&Section| !matches!(section, Section::Ids | Section::Removed);
    let sections = Section::ALL.iter().filter(is_of_fields);
    let sections =
        sections.map(|section| format!("\"{}\":{{{}}}", section.name(), members(Some(*section))));
    format!("{{{},{}}}", members(None), sections.collect::<Vec<_>>().join(","))
}

#[test]
fn every_field_of_the_table_is_found_where_it_stands() {
    let text = full();
    let row = row(&text);
    for field in Field::ALL {
        let name = field.path().rsplit('.').next().unwrap();
        let span = row.span(*field).unwrap_or_else(|| panic!("{} is not found", field.path()));
        let before = &row.text[..span.start()];
        assert!(before.ends_with(&format!("\"{name}\":")), "{}", field.path());
    }
}

#[test]
fn every_field_of_the_table_has_a_place_of_its_own() {
    for (at, field) in Field::ALL.iter().enumerate() {
        assert_eq!(*field as usize, at, "{}", field.path());
    }
    for (at, section) in Section::ALL.iter().enumerate() {
        assert_eq!(*section as usize, at, "{}", section.name());
        assert_eq!(Section::named(section.name()), Some(*section));
    }
    let mut paths: Vec<_> = Field::ALL.iter().map(|field| field.path()).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), Field::ALL.len());
}

#[test]
fn an_entry_shows_every_field_of_the_table_and_is_written_with_it() {
    let stored = full();
    let entry = row(&stored).entry(Now::parse(5, &Policy::default()).unwrap());
    let written = String::from_utf8(entry.encode().unwrap().body).unwrap();
    let again = row(&written);
    for field in Field::ALL.iter().filter(|field| **field != Field::ClusterChecked) {
        let of = |row: &Row| row.span(*field).map(|span| span.of(&row.text).to_string());
        assert_eq!(of(&again), of(&row(&stored)), "{}", field.path());
    }
    assert_eq!(again.span(Field::ClusterChecked), None, "it is of the count, not of the entry");
}
