//! JSON rows as text: which value stands where, with every value as it is written.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};

/// The values of a row by their path (`geo/country`, `ids/acme/uid`), as they are written. What is
/// not a known object is one value, whatever it holds.
pub(crate) type Flat = BTreeMap<String, String>;

const SECTIONS: [&str; 6] =
    ["consent", "geo", "pub_properties", "device", "network", "removed"];

/// The values of a row by their path.
pub(crate) fn flat(text: &str) -> Flat {
    leaves(text).into_iter().map(|(path, value)| (path, value.to_owned())).collect()
}

fn leaves(text: &str) -> BTreeMap<String, &str> {
    let mut leaves = BTreeMap::new();
    for (key, value) in members(text).expect("a row is an object") {
        match members(value) {
            Some(members) if SECTIONS.contains(&key.as_str()) => {
                for (name, value) in members {
                    insert(&mut leaves, format!("{key}/{name}"), value);
                }
            }
            Some(partners) if key == "ids" => {
                for (partner, value) in partners {
                    match members(value) {
                        Some(members) if !members.is_empty() => {
                            for (name, value) in members {
                                insert(&mut leaves, format!("ids/{partner}/{name}"), value);
                            }
                        }
                        _ => insert(&mut leaves, format!("ids/{partner}"), value),
                    }
                }
            }
            _ => insert(&mut leaves, key, value),
        }
    }
    leaves
}

/// A name that stands twice is told apart by a mark.
fn insert<'a>(leaves: &mut BTreeMap<String, &'a str>, mut path: String, value: &'a str) {
    while leaves.contains_key(&path) {
        path.push('\'');
    }
    leaves.insert(path, value);
}

/// The members of an object in order, with their values as they are written.
pub(crate) fn members(text: &str) -> Option<Vec<(String, &str)>> {
    let mut rest = text.trim_start().strip_prefix('{')?.trim_start();
    let mut members = Vec::new();
    while !rest.starts_with('}') {
        let (key, _, after) = one::<String>(rest)?;
        let (_, value, after) = one::<IgnoredAny>(after.trim_start().strip_prefix(':')?)?;
        members.push((key, value));
        rest = after.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(members)
}

/// The first value of the text, how it is written, and what comes behind it.
fn one<T: DeserializeOwned>(text: &str) -> Option<(T, &str, &str)> {
    let text = text.trim_start();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<T>();
    let value = values.next()?.ok()?;
    let (raw, rest) = text.split_at(values.byte_offset());
    Some((value, raw, rest))
}

/// Checks that what stood before still stands there after, in its order, to the byte: white space,
/// field names and values, except for values that `replaced` names.
pub(crate) fn assert_kept(before: &str, after: &str, replaced: impl Fn(&str) -> bool) {
    let mut to_keep = before.as_bytes().to_vec();
    for (path, value) in leaves(before) {
        if replaced(&path) {
            let start = value.as_ptr().addr() - before.as_ptr().addr();
            to_keep[start..start + value.len()].fill(0);
        }
    }
    to_keep.retain(|byte| *byte != 0);
    let mut bytes = after.bytes();
    let kept = to_keep.iter().take_while(|byte| bytes.any(|other| other == **byte)).count();
    assert_eq!(kept, to_keep.len(), "byte {kept} of what was to be kept is gone");
}

#[test]
fn a_row_is_taken_apart_without_loss() {
    let text = r#" { "a" : 1000.0 ,"geo":{"\u0063ountry": "\u00e9"},"a":[ 1, 2 ],
        "ids":{"p":{"uid":"u" },"q":7,"r":{}} } "#;
    let expected = [
        ("a", "1000.0"),
        ("a'", "[ 1, 2 ]"),
        ("geo/country", r#""\u00e9""#),
        ("ids/p/uid", r#""u""#),
        ("ids/q", "7"),
        ("ids/r", "{}"),
    ];
    assert_eq!(flat(text), expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
}
