//! How a row that was read is changed: by splicing its text, so that everything else stays as it was
//! to the byte.
//!
//! Every rewrite also brings the row to the shape that all readers accept: `last_seen` and each
//! `synced` are there, and `seen_domains` is a list. An older map of seen domains moves to
//! `seen_domains_map`, since readers of today want a list and nothing is dropped.

use alloc::vec;
use alloc::vec::Vec;

use crate::contest::Claim;
use crate::encode::{self, Encoded, Json};
use crate::error::{Corrupt, GraphError};
use crate::json::{Object, Span};
use crate::metadata;
use crate::row::{Leaf, Place, Row, Section};

/// What to change in a row.
#[derive(Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// Set `last_seen`.
    LastSeen(u64),
    /// Store these UIDs, of distinct partners and sorted by them.
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
                self.set_cluster(&mut splice, size, checked)?;
            }
        }
        self.set_last_seen(&mut splice, last_seen);
        self.set_seen_domains(&mut splice);
        self.set_ids(&mut splice, assertions)?;
        let body = splice.finish();
        Encoded { body, metadata: metadata::updated(self.metadata.as_deref(), &mirror) }.checked()
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
                    let member = [b",\"last_seen\":", encode::number(value).as_slice()].concat();
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
        let list = encode::strings(&self.seen_domains());
        splice.insert(old.start, [list.as_slice(), b",\"seen_domains_map\":"].concat());
    }

    fn set_cluster(&self, splice: &mut Splice<'_>, size: u32, checked: u64) -> Result<(), Corrupt> {
        let members = [
            ("cluster_size", self.span(Leaf::ClusterSize), encode::number(u64::from(size))),
            ("cluster_checked", self.span(Leaf::ClusterChecked), encode::number(checked)),
        ];
        self.set_section(splice, Section::Network, "network", &members)
    }

    fn set_ids(&self, splice: &mut Splice<'_>, assertions: &[Claim<'_>]) -> Result<(), Corrupt> {
        let mut asserted = vec![None; self.slots.len()];
        let mut added = Vec::new();
        for (assertion, slot) in assertions.iter().zip(self.slots_of(assertions)) {
            if let Some(slot) = slot.and_then(|at| asserted.get_mut(at)) {
                *slot = Some(assertion);
            } else {
                let value = encode::partner(assertion.uid, assertion.synced);
                added.push((assertion.about, None, value));
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
                (Some(new), None) => {
                    splice.replace(slot.value, encode::partner(new.uid, new.synced));
                }
                (None, Some(object)) if slot.uid(&self.text).is_some() => {
                    if slot.synced.is_none_or(|synced| synced.of(&self.text) == "null") {
                        splice.set(object, &[("synced", slot.synced, b"0".to_vec())]);
                    }
                }
                (None, _) => {}
            }
        }
        if added.is_empty() {
            return Ok(());
        }
        self.set_section(splice, Section::Ids, "ids", &added)
    }

    /// Sets members of one of the row's objects, which is made where it is missing. Something else in
    /// its place is not replaced: that would drop it.
    fn set_section(
        &self,
        splice: &mut Splice<'_>,
        section: Section,
        name: &'static str,
        members: &[(&str, Option<Span>, Vec<u8>)],
    ) -> Result<(), Corrupt> {
        let made = || {
            Json::object(|object| {
                for (key, _, value) in members {
                    object.value(key, value);
                }
            })
        };
        match self.place(section) {
            Some(Place::Object(object)) => splice.set(object, members),
            Some(Place::Null(null)) => splice.replace(null, made()),
            Some(Place::Odd) => return Err(Corrupt::WrongType(name)),
            None => splice.set(self.root, &[(name, None, made())]),
        }
        Ok(())
    }
}

/// A text and what is to be replaced in it.
pub(crate) struct Splice<'a> {
    text: &'a str,
    /// Sorted by where they start.
    edits: Vec<(Span, Vec<u8>)>,
}

impl<'a> Splice<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, edits: Vec::new() }
    }

    pub(crate) fn replace(&mut self, span: Span, text: Vec<u8>) {
        // Nearly always the last, since rows are gone through from left to right.
        let at = self.edits.partition_point(|(before, _)| before.start <= span.start);
        self.edits.insert(at, (span, text));
    }

    fn insert(&mut self, at: usize, text: Vec<u8>) {
        self.replace(Span { start: at, end: at }, text);
    }

    /// Sets members of an object: replaces those that stand somewhere and appends the others.
    pub(crate) fn set(&mut self, object: Object, members: &[(&str, Option<Span>, Vec<u8>)]) {
        let mut missing = Json::default();
        for (key, old, value) in members {
            match old {
                Some(old) => self.replace(*old, value.clone()),
                None => missing.value(key, value),
            }
        }
        let mut added = missing.into_members();
        if !added.is_empty() {
            if !object.is_empty {
                added.insert(0, b',');
            }
            self.insert(object.close, added);
        }
    }

    /// The text with all edits made; they do not overlap.
    pub(crate) fn finish(self) -> Vec<u8> {
        let text = self.text.as_bytes();
        let added: usize = self.edits.iter().map(|(_, new)| new.len()).sum();
        let mut result = Vec::with_capacity(text.len().saturating_add(added));
        let mut from = 0;
        for (span, new) in &self.edits {
            result.extend_from_slice(text.get(from..span.start).unwrap_or_default());
            result.extend_from_slice(new);
            from = span.end;
        }
        result.extend_from_slice(text.get(from..).unwrap_or_default());
        result
    }
}
