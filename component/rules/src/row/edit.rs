//! How a row that was read is changed: by splicing its text, so that everything else stays as it was
//! to the byte.
//!
//! Every rewrite also brings the row to the shape that all readers accept: `last_seen` and each
//! `synced` are there, and `seen_domains` is a list. An older map of seen domains moves to
//! `seen_domains_map`, since readers of today want a list and nothing is dropped.

use alloc::vec;
use alloc::vec::Vec;

use super::encode::EncodedRow;
use super::metadata;
use super::schema::{Field, Section};
use super::shape::Domains;
use super::span::Span;
use super::splice::{Member, Splice};
use super::stored::{Place, Row};
use super::write_json::Value;
use crate::error::{Corrupt, GraphError};
use crate::partner_uid::Assertion;
use crate::types::Timestamp;

/// What to change in a row.
#[derive(Clone, Copy)]
pub(crate) enum Edit<'a> {
    /// Set `last_seen`.
    LastSeen(Timestamp),
    /// Store these UIDs, of distinct partners and sorted by them, each with where among the stored
    /// UIDs its partner's stands.
    Ids(&'a [(&'a Assertion, Option<usize>)]),
    /// Store the size of the cluster and when it was counted.
    Cluster { size: u32, checked: Timestamp },
}

impl Row {
    /// The row with the edit made, ready to be written.
    pub(crate) fn rewritten(&self, edit: Edit<'_>) -> Result<EncodedRow, GraphError> {
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
        EncodedRow { body, metadata: metadata::updated(self.metadata.as_deref(), &mirror) }
            .checked()
    }

    fn set_last_seen(&self, splice: &mut Splice<'_>, value: Option<Timestamp>) {
        let wanted = Value::Number(value.unwrap_or(self.created()).seconds());
        match self.span(Field::LastSeen) {
            Some(old) if value.is_some() || old.is_null(&self.text) => splice.replace(old, wanted),
            Some(_) => {}
            None => {
                if let Some(created) = self.span(Field::Created) {
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
        let Some(old) = self.span(Field::SeenDomains) else { return };
        if !old.of(&self.text).starts_with('{') {
            return;
        }
        let domains = self.read::<Domains>(Field::SeenDomains).unwrap_or_default();
        splice.edit(Span::new(old.start(), old.start()), |json| {
            json.value(Value::Texts(&domains));
            json.raw(b",");
            json.key("seen_domains_map");
        });
    }

    fn set_cluster(
        &self,
        splice: &mut Splice<'_>,
        size: u32,
        checked: Timestamp,
    ) -> Result<(), Corrupt> {
        let size = Value::Number(u64::from(size));
        let members = [
            ("cluster_size", self.span(Field::ClusterSize), size),
            ("cluster_checked", self.span(Field::ClusterChecked), Value::Number(checked.seconds())),
        ];
        self.set_section(splice, Section::Network, &members)
    }

    fn set_ids(
        &self,
        splice: &mut Splice<'_>,
        assertions: &[(&Assertion, Option<usize>)],
    ) -> Result<(), Corrupt> {
        let mut asserted = vec![None; self.uids.len()];
        let mut added = Vec::new();
        for (assertion, place) in assertions {
            if let Some(place) = place.and_then(|at| asserted.get_mut(at)) {
                *place = Some(*assertion);
            } else {
                added.push((assertion.partner.as_str(), None, partner(assertion)));
            }
        }
        for (stored, assertion) in self.uids.iter().zip(asserted) {
            match (assertion, stored.object) {
                (Some(new), Some(object)) => {
                    let uid = ("uid", stored.uid, Value::Text(new.uid.as_str()));
                    let synced = Value::Number(new.synced.seconds());
                    splice.set(object, &[uid, ("synced", stored.synced, synced)]);
                }
                (Some(new), None) => splice.replace(stored.value, partner(new)),
                (None, Some(object)) if stored.lacks_time(&self.text) => {
                    splice.set(object, &[("synced", stored.synced, Value::Number(0))]);
                }
                (None, _) => {}
            }
        }
        if added.is_empty() {
            return Ok(());
        }
        self.set_section(splice, Section::Ids, &added)
    }

    /// Sets members of one of the row's objects, which is made where it is missing. Something else in
    /// its place is not replaced: that would drop it.
    fn set_section(
        &self,
        splice: &mut Splice<'_>,
        section: Section,
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
            None => splice.set(self.root, &[(section.name(), None, made)]),
            _ => return Err(Corrupt::WrongType(section.name())),
        }
        Ok(())
    }
}

fn partner(assertion: &Assertion) -> Value<'_> {
    Value::Partner { uid: assertion.uid.as_str(), synced: assertion.synced.seconds() }
}
