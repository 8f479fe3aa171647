//! How a row that was read is changed: by splicing its text, so that everything else stays as it was
//! to the byte.
//!
//! Every rewrite also mends what all readers need or what cannot be believed: `last_seen` and each
//! `synced` are there and not far ahead, and `seen_domains` is a list. UIDs that have ended go.

use alloc::string::String;
use alloc::vec::Vec;

use super::domains;
use super::encode::EncodedRow;
use super::metadata;
use super::schema::{Field, Part, Section, Values};
use super::span::Span;
use super::splice::{Member, Splice};
use super::stored::{Place, Row};
use super::uid_edits::UidEdits;
use super::write_json::Value;
use crate::entry::{Device, Geo};
use crate::error::{Corrupt, GraphError};
use crate::types::{Now, Timestamp};

/// What to change in a row.
#[derive(Clone, Copy)]
pub(crate) struct Edit<'a> {
    /// The time of the call.
    pub(crate) now: Now,
    /// The visit that is noted.
    pub(crate) last_seen: Option<Timestamp>,
    /// Consent strings that replace others: TCF, GPP, GPP section IDs.
    pub(crate) consent: Option<[Option<&'a str>; 3]>,
    pub(crate) geo: Option<&'a Geo>,
    pub(crate) device: Option<&'a Device>,
    /// A domain that has not been seen.
    pub(crate) domain: Option<&'a str>,
    /// The size of the cluster, counted now.
    pub(crate) cluster: Option<u32>,
    pub(crate) uids: Option<&'a UidEdits<'a>>,
}

impl Edit<'_> {
    /// Nothing but what every write mends.
    pub(crate) fn at(now: Now) -> Self {
        Self {
            now,
            last_seen: None,
            consent: None,
            geo: None,
            device: None,
            domain: None,
            cluster: None,
            uids: None,
        }
    }
}

impl Row {
    /// The row with the edit made, ready to be written.
    ///
    /// # Errors
    /// [`GraphError::TooLarge`] when the row grows beyond its limits; [`GraphError::Corrupt`] when
    /// something else stands in the place of an object that is to be changed.
    pub(crate) fn rewritten(&self, edit: &Edit<'_>) -> Result<EncodedRow, GraphError> {
        match self.spliced(edit, true) {
            // Where there is no room for a list beside the map, the map stays by itself.
            Err(GraphError::TooLarge) if edit.domain.is_none() => self.spliced(edit, false),
            spliced => spliced,
        }
    }

    fn spliced(&self, edit: &Edit<'_>, makes_list: bool) -> Result<EncodedRow, GraphError> {
        let mut splice = Splice::new(&self.text);
        let mut mirror = self.mirror();
        self.set_last_seen(&mut splice, edit);
        if let Some(strings) = edit.consent {
            self.set_consent(&mut splice, strings, edit.now.at)?;
        }
        if let Some(geo) = edit.geo {
            mirror.country.clone_from(&geo.country);
            self.set_part(&mut splice, Section::Geo, geo)?;
        }
        if let Some(device) = edit.device {
            mirror.is_mobile = Some(device.is_mobile);
            mirror.known_browser = device.known_browser;
            self.set_part(&mut splice, Section::Device, device)?;
        }
        if let Some(size) = edit.cluster {
            mirror.cluster_size = Some(size);
            self.set_cluster(&mut splice, size, edit.now.at)?;
        }
        if makes_list {
            domains::set(self, &mut splice, edit.domain)?;
        }
        match edit.uids {
            Some(uids) => uids.set(self, &mut splice, edit.now)?,
            None => UidEdits::none(self, edit.now).set(self, &mut splice, edit.now)?,
        }
        let body = splice.finish();
        let metadata = metadata::updated(self.metadata.as_deref(), &mirror);
        let stored = (self.text.len(), self.metadata.as_ref().map_or(0, String::len));
        EncodedRow { body, metadata }.checked(stored)
    }

    fn set_last_seen(&self, splice: &mut Splice<'_>, edit: &Edit<'_>) {
        let wanted = Value::Number(edit.last_seen.unwrap_or(edit.now.at).seconds());
        let Some(old) = self.span(Field::LastSeen) else {
            if let Some(created) = self.span(Field::Created) {
                splice.edit(Span::new(created.end(), created.end()), &mut |json| {
                    json.raw(b",");
                    json.key(Field::LastSeen.name());
                    json.value(wanted);
                });
            }
            return;
        };
        // Text and the like stays, other than for a visit: it is not for this writer to judge.
        let is_ahead = || self.time(Field::LastSeen).is_some_and(|time| edit.now.is_behind(time));
        if edit.last_seen.is_some() || old.is_null(&self.text) || is_ahead() {
            splice.replace(old, wanted);
        }
    }

    fn set_consent(
        &self,
        splice: &mut Splice<'_>,
        [tcf, gpp, gpp_sid]: [Option<&str>; 3],
        now: Timestamp,
    ) -> Result<(), Corrupt> {
        let mut members: Vec<Member<'_>> = Vec::with_capacity(4);
        for (field, text) in [(Field::Tcf, tcf), (Field::Gpp, gpp), (Field::GppSid, gpp_sid)] {
            members.extend(text.map(|text| self.member(field, Value::Text(text))));
        }
        members.push(self.member(Field::Updated, Value::Number(now.seconds())));
        self.set_section(splice, Section::Consent, &members)
    }

    /// Brings a section to what it should say: what it no longer says is `null`.
    fn set_part<P: Part>(
        &self,
        splice: &mut Splice<'_>,
        section: Section,
        part: &P,
    ) -> Result<(), Corrupt> {
        let mut members: Vec<Member<'_>> = Vec::new();
        part.each(&mut |field, name, value| {
            let old = self.span(field);
            let stands = |value: Value<'_>| old.is_some_and(|old| value.stands_at(old, &self.text));
            match value {
                Some(value) if stands(value) => {}
                Some(value) => members.push((name, old, value)),
                None if old.is_some_and(|old| !old.is_null(&self.text)) => {
                    members.push((name, old, Value::Null));
                }
                None => {}
            }
        });
        self.set_section(splice, section, &members)
    }

    fn set_cluster(
        &self,
        splice: &mut Splice<'_>,
        size: u32,
        checked: Timestamp,
    ) -> Result<(), Corrupt> {
        let members = [
            self.member(Field::ClusterSize, Value::Number(u64::from(size))),
            self.member(Field::ClusterChecked, Value::Number(checked.seconds())),
        ];
        self.set_section(splice, Section::Network, &members)
    }

    fn member<'a>(&self, field: Field, value: Value<'a>) -> Member<'a> {
        (field.name(), self.span(field), value)
    }

    /// Sets members of one of the row's objects, which is made where it is missing. Something else in
    /// its place is not replaced: that would drop it.
    #[inline(never)]
    pub(super) fn set_section(
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
