//! What of a trace cannot be used, counted by kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use identity_graph::LeftOut;

use crate::text::{DIM, number};

/// How many items of each kind were left out.
#[derive(Default)]
pub(crate) struct Tally {
    kinds: BTreeMap<(String, String), u64>,
    pub(crate) all: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, field: &str, why: &str) {
        self.all += 1;
        *self.kinds.entry((anywhere(field), of_any_length(why))).or_default() += 1;
    }

    pub(crate) fn add_all(&mut self, left_out: &[LeftOut]) {
        for LeftOut { field, why } in left_out {
            self.add(field, why);
        }
    }

    /// A line for each kind, those first that are met most.
    pub(crate) fn lines(&self) -> String {
        let mut kinds: Vec<_> = self.kinds.iter().collect();
        kinds.sort_by_key(|(kind, count)| (std::cmp::Reverse(**count), *kind));
        let mut text = String::new();
        for ((field, why), count) in kinds {
            let gap = if field.is_empty() { "" } else { ": " };
            let _ = writeln!(text, "  {:>8}  {field}{DIM}{gap}{why}{DIM:#}", number(*count));
        }
        text
    }
}

/// The field without its places in lists.
fn anywhere(field: &str) -> String {
    let mut kind = String::with_capacity(field.len());
    let mut is_inside = false;
    for c in field.chars() {
        is_inside &= c != ']';
        if !is_inside {
            kind.push(c);
        }
        is_inside |= c == '[';
    }
    kind
}

/// The rule without the length, or the place, at which it was broken.
fn of_any_length(why: &str) -> String {
    let words: Vec<&str> = why.split(' ').collect();
    let is_number = |word: &str| {
        let word = word.trim_start_matches('(').trim_end_matches([';', ',', ')']);
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut kind = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |before| words[before]);
        let is_length = words.get(at + 1).is_some_and(|next| next.starts_with("bytes"))
            && !matches!(before, "most" | "to" | "than");
        if is_number(word) && (is_length || before == "byte") {
            kind.push(word.replace(|c: char| c.is_ascii_digit(), "").replace('(', "(n"));
            if let Some(last) = kind.last_mut().filter(|last| !last.contains('n')) {
                last.insert(0, 'n');
            }
        } else {
            kind.push((*word).to_owned());
        }
    }
    kind.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_kind_are_counted_together_wherever_they_stand() {
        let mut tally = Tally::default();
        tally.add("eids[0].uids[12].id", "partner UID: 700 bytes, at most 512 are stored");
        tally.add("eids[3].uids[0].id", "partner UID: 513 bytes, at most 512 are stored");
        tally.add("domain", "domain (7 bytes): expected a hostname of at most 255 bytes");
        tally.add("", "not JSON at byte 17; every line is one");
        let shown = anstream::adapter::strip_str(&tally.lines()).to_string();
        let expected = "         2  eids[].uids[].id: partner UID: n bytes, at most 512 are stored\n         \
                        1  not JSON at byte n; every line is one\n         \
                        1  domain: domain (n bytes): expected a hostname of at most 255 bytes\n";
        assert_eq!((shown.as_str(), tally.all), (expected, 4));
    }
}
