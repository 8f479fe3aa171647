//! How a row that was read is changed: by splicing its text, so that everything else stays as it was
//! to the byte.
//!
//! Every rewrite also brings the row to the shape that all readers accept: `last_seen` and each
//! `synced` are there, and `seen_domains` is a list. An older map of seen domains moves to
//! `seen_domains_map`, since readers of today want a list and nothing is dropped.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::contest::Claim;
use crate::encode::{self, Encoded};
use crate::error::GraphError;
use crate::json::{Object, Span};
use crate::metadata;
use crate::row::{Leaf, Place, Row, Section};

/// What to change in a row.
#[derive(Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// Set `last_seen`.
    LastSeen(u64),
    /// Store these UIDs, of distinct partners.
    Ids(&'a [Claim<'a>]),
    /// Store the size of the cluster and when it was counted.
    Cluster { size: u32, checked: u64 },
}

impl Row {
    /// The row with the edit made, ready to be written.
    pub(crate) fn rewritten(&self, edit: Edit<'_>) -> Result<Encoded, GraphError> {
        let mut splice = Splice::new(&self.text);
        let mut mirror = self.mirror();
        let (mut last_seen, mut assertions) = (None, Default::default());
        match edit {
            Edit::LastSeen(now) => last_seen = Some(now),
            Edit::Ids(ids) => assertions = ids,
            Edit::Cluster { size, checked } => {
                mirror.cluster_size = Some(size);
                self.set_cluster(&mut splice, size, checked);
            }
        }
        self.set_last_seen(&mut splice, last_seen);
        self.set_seen_domains(&mut splice);
        self.set_ids(&mut splice, assertions);
        let body = splice.finish().into_bytes();
        Encoded { body, metadata: metadata::updated(self.metadata.as_deref(), &mirror)? }.checked()
    }

    fn set_last_seen(&self, splice: &mut Splice<'_>, value: Option<u64>) {
        match (self.span(Leaf::LastSeen), value) {
            (Some(old), Some(value)) => splice.replace(old, encode::number(value)),
            (Some(old), None) if old.of(&self.text) == "null" => {
                splice.replace(old, encode::number(self.created()));
            }
            (Some(_), None) => {}
            (None, value) => {
                let value = value.unwrap_or(self.created());
                if let Some(created) = self.span(Leaf::Created) {
                    let member = [",\"last_seen\":", &encode::number(value)].concat();
                    splice.insert(created.end, member);
                }
            }
        }
    }

    fn set_seen_domains(&self, splice: &mut Splice<'_>) {
        let Some(old) = self.span(Leaf::SeenDomains) else { return };
        if !old.of(&self.text).starts_with('{') {
            return;
        }
        let domains = self.seen_domains();
        let list: Vec<_> = domains.iter().map(|domain| encode::string(domain)).collect();
        let list = ["[", &list.join(","), "],\"seen_domains_map\":"].concat();
        splice.insert(old.start, list);
    }

    fn set_cluster(&self, splice: &mut Splice<'_>, size: u32, checked: u64) {
        let members = [
            ("cluster_size", self.span(Leaf::ClusterSize), encode::number(size.into())),
            ("cluster_checked", self.span(Leaf::ClusterChecked), encode::number(checked)),
        ];
        self.set_section(splice, Section::Network, "network", &members);
    }

    fn set_ids(&self, splice: &mut Splice<'_>, assertions: &[Claim<'_>]) {
        let mut asserted = vec![None; self.slots.len()];
        let mut added = Vec::new();
        for assertion in assertions {
            match self.slot(assertion.about).and_then(|at| asserted.get_mut(at)) {
                Some(slot) => *slot = Some(assertion),
                None => {
                    added.push((assertion.about, None, partner(assertion.uid, assertion.synced)));
                }
            }
        }
        for (slot, assertion) in self.slots.iter().zip(asserted) {
            match (assertion, slot.object) {
                (Some(new), Some(object)) => {
                    let uid = encode::string(new.uid);
                    let members = [
                        ("uid", slot.uid, uid),
                        ("synced", slot.synced, encode::number(new.synced)),
                    ];
                    splice.set(object, &members);
                }
                (Some(new), None) => splice.replace(slot.value, partner(new.uid, new.synced)),
                (None, Some(object)) if slot.uid(&self.text).is_some() => {
                    if slot.synced.is_none_or(|synced| synced.of(&self.text) == "null") {
                        splice.set(object, &[("synced", slot.synced, "0".to_owned())]);
                    }
                }
                (None, _) => {}
            }
        }
        if !added.is_empty() {
            self.set_section(splice, Section::Ids, "ids", &added);
        }
    }

    /// Sets members of one of the row's objects, which is made where it is missing.
    fn set_section(
        &self,
        splice: &mut Splice<'_>,
        section: Section,
        name: &str,
        members: &[(&str, Option<Span>, String)],
    ) {
        if let Some(Place::Object(object)) = self.place(section) {
            splice.set(object, members);
            return;
        }
        let mut object = String::from("{");
        push_members(&mut object, members.iter().map(|(key, _, value)| (*key, value.as_str())));
        object.push('}');
        match self.place(section) {
            Some(Place::Null(null)) => splice.replace(null, object),
            _ => splice.set(self.root, &[(name, None, object)]),
        }
    }
}

fn partner(uid: &str, synced: u64) -> String {
    ["{\"uid\":", &encode::string(uid), ",\"synced\":", &encode::number(synced), "}"].concat()
}

/// Appends `"key":value` pairs, separated by commas. Keys need no escapes: they are field names and
/// checked partner keys.
fn push_members<'a>(to: &mut String, members: impl Iterator<Item = (&'a str, &'a str)>) {
    for (at, (key, value)) in members.enumerate() {
        let comma = if at == 0 { "" } else { "," };
        for part in [comma, "\"", key, "\":", value] {
            to.push_str(part);
        }
    }
}

/// A text and what is to be replaced in it.
pub(crate) struct Splice<'a> {
    text: &'a str,
    /// Sorted by where they start.
    edits: Vec<(Span, String)>,
}

impl<'a> Splice<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, edits: Vec::new() }
    }

    pub(crate) fn replace(&mut self, span: Span, text: String) {
        // Nearly always the last, since rows are gone through from left to right.
        let at = self.edits.partition_point(|(before, _)| before.start <= span.start);
        self.edits.insert(at, (span, text));
    }

    fn insert(&mut self, at: usize, text: String) {
        self.replace(Span { start: at, end: at }, text);
    }

    /// Sets members of an object: replaces those that stand somewhere and appends the others.
    pub(crate) fn set(&mut self, object: Object, members: &[(&str, Option<Span>, String)]) {
        let mut added = String::new();
        for (_, old, value) in members {
            if let Some(old) = old {
                self.replace(*old, value.clone());
            }
        }
        let missing = members.iter().filter(|(_, old, _)| old.is_none());
        push_members(&mut added, missing.map(|(key, _, value)| (*key, value.as_str())));
        if !added.is_empty() {
            if !object.is_empty {
                added.insert(0, ',');
            }
            self.insert(object.close, added);
        }
    }

    pub(crate) fn is_unchanged(&self) -> bool {
        self.edits.is_empty()
    }

    /// The text with all edits made; they do not overlap.
    pub(crate) fn finish(self) -> String {
        let added: usize = self.edits.iter().map(|(_, text)| text.len()).sum();
        let mut result = String::with_capacity(self.text.len().saturating_add(added));
        let mut from = 0;
        for (span, text) in &self.edits {
            result.push_str(self.text.get(from..span.start).unwrap_or_default());
            result.push_str(text);
            from = span.end;
        }
        result.push_str(self.text.get(from..).unwrap_or_default());
        result
    }
}
