//! How a row that was read is changed: by splicing its text, so that everything else stays as it was
//! to the byte.
//!
//! Every rewrite also brings the row to the shape that all readers accept: `last_seen` and each
//! `synced` are there, and `seen_domains` is a list. An older map of seen domains moves to
//! `seen_domains_map`, since readers of today want a list and nothing is dropped.

use alloc::vec;
use alloc::vec::Vec;

use crate::contest::Claim;
use crate::encode::{Encoded, Json, Value};
use crate::error::{Corrupt, GraphError};
use crate::json::{Object, Span};
use crate::metadata;
use crate::row::{Leaf, Place, Row, Section};

/// What to change in a row.
#[derive(Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// Set `last_seen`.
    LastSeen(u64),
    /// Store these UIDs, of distinct partners and sorted by them, each with the slot that its partner
    /// has in the row.
    Ids(&'a [(Claim<'a>, Option<usize>)]),
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
        let wanted = Value::Number(value.unwrap_or(self.created()));
        match self.span(Leaf::LastSeen) {
            Some(old) if value.is_some() || old.is_null(&self.text) => splice.replace(old, wanted),
            Some(_) => {}
            None => {
                if let Some(created) = self.span(Leaf::Created) {
                    splice.edit(Span::new(created.end(), created.end()), |json| {
                        json.raw(b",");
                        json.key("last_seen");
                        json.value(wanted);
                    });
                }
            }
        }
    }

    fn set_seen_domains(&self, splice: &mut Splice<'_>) {
        let Some(old) = self.span(Leaf::SeenDomains) else { return };
        if !old.of(&self.text).starts_with('{') {
            return;
        }
        splice.edit(Span::new(old.start(), old.start()), |json| {
            json.value(Value::Texts(&self.seen_domains()));
            json.raw(b",");
            json.key("seen_domains_map");
        });
    }

    fn set_cluster(&self, splice: &mut Splice<'_>, size: u32, checked: u64) -> Result<(), Corrupt> {
        let size = Value::Number(u64::from(size));
        let members = [
            ("cluster_size", self.span(Leaf::ClusterSize), size),
            ("cluster_checked", self.span(Leaf::ClusterChecked), Value::Number(checked)),
        ];
        self.set_section(splice, Section::Network, "network", &members)
    }

    fn set_ids(
        &self,
        splice: &mut Splice<'_>,
        assertions: &[(Claim<'_>, Option<usize>)],
    ) -> Result<(), Corrupt> {
        let mut asserted = vec![None; self.slots.len()];
        let mut added = Vec::new();
        for (assertion, slot) in assertions {
            if let Some(slot) = slot.and_then(|at| asserted.get_mut(at)) {
                *slot = Some(assertion);
            } else {
                let Claim { about, uid, synced } = *assertion;
                added.push((about, None, Value::Partner { uid, synced }));
            }
        }
        for (slot, assertion) in self.slots.iter().zip(asserted) {
            match (assertion, slot.object) {
                (Some(new), Some(object)) => {
                    let uid = ("uid", slot.uid, Value::Text(new.uid));
                    splice.set(object, &[uid, ("synced", slot.synced, Value::Number(new.synced))]);
                }
                (Some(new), None) => {
                    let Claim { uid, synced, .. } = *new;
                    splice.replace(slot.value, Value::Partner { uid, synced });
                }
                (None, Some(object)) if slot.lacks_time(&self.text) => {
                    splice.set(object, &[("synced", slot.synced, Value::Number(0))]);
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
        members: &[Member<'_>],
    ) -> Result<(), Corrupt> {
        if let Some(Place::Object(object)) = self.place(section) {
            splice.set(object, members);
            return Ok(());
        }
        let made: Vec<_> = members.iter().map(|(key, _, value)| (*key, *value)).collect();
        let made = Value::Object(&made);
        match self.place(section) {
            Some(Place::Null(null)) => splice.replace(null, made),
            None => splice.set(self.root, &[(name, None, made)]),
            _ => return Err(Corrupt::WrongType(name)),
        }
        Ok(())
    }
}

/// A member to set: its key, where its value stands if it is there, and its new value.
pub(crate) type Member<'a> = (&'a str, Option<Span>, Value<'a>);

/// A text and what is to be replaced in it.
pub(crate) struct Splice<'a> {
    text: &'a str,
    /// Sorted by where they start.
    edits: Vec<Edited>,
    added: Json,
}

/// What is replaced, and where in the added text stands what replaces it.
struct Edited {
    old: Span,
    from: usize,
    to: usize,
}

impl<'a> Splice<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, edits: Vec::with_capacity(4), added: Json::with_capacity(128) }
    }

    pub(crate) fn replace(&mut self, old: Span, value: Value<'_>) {
        self.edit(old, |json| json.value(value));
    }

    fn edit(&mut self, old: Span, write: impl FnOnce(&mut Json)) {
        let from = self.added.written().len();
        write(&mut self.added);
        let to = self.added.written().len();
        // Nearly always the last, since rows are gone through from left to right.
        let at = self.edits.partition_point(|edit| edit.old.start() <= old.start());
        self.edits.insert(at, Edited { old, from, to });
    }

    /// Sets members of an object: replaces those that stand somewhere and appends the others.
    pub(crate) fn set(&mut self, object: Object, members: &[Member<'_>]) {
        let mut missing = 0_usize;
        for (_, old, value) in members {
            match old {
                Some(old) => self.replace(*old, *value),
                None => missing += 1,
            }
        }
        if missing == 0 {
            return;
        }
        self.edit(Span::new(object.close, object.close), |json| {
            let mut is_first = object.is_empty;
            for (key, _, value) in members.iter().filter(|(_, old, _)| old.is_none()) {
                if !is_first {
                    json.raw(b",");
                }
                is_first = false;
                json.key(key);
                json.value(*value);
            }
        });
    }

    /// The text with all edits made; they do not overlap.
    pub(crate) fn finish(self) -> Vec<u8> {
        let (text, added) = (self.text.as_bytes(), self.added.written());
        let mut result = Vec::with_capacity(text.len().saturating_add(added.len()));
        let mut from = 0;
        for edit in &self.edits {
            result.extend_from_slice(text.get(from..edit.old.start()).unwrap_or_default());
            result.extend_from_slice(added.get(edit.from..edit.to).unwrap_or_default());
            from = edit.old.end();
        }
        result.extend_from_slice(text.get(from..).unwrap_or_default());
        result
    }
}
