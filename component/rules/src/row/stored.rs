//! A stored row that has been read: its text and where in it the known values stand.
//!
//! Reading is lenient: a row is an entry when its required fields are there, and a single odd value
//! elsewhere is passed over and kept. Writing is the matter of [`edit`](super::edit).

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::encode::EncodedRow;
use super::scan::{Object, Scanner};
use super::schema::{Field, Section, Values};
use super::shape::{Flag, Unsigned};
use super::span::Span;
use crate::entry::VERSION;
use crate::error::Corrupt;
use crate::limits::MAX_READ_BYTES;
use crate::partner_uid::Assertion;
use crate::store::Item;
use crate::types::{Generation, Now, Timestamp};

type Fields = [Option<Span>; Field::ALL.len()];
type Places = [Option<Place>; Section::ALL.len()];

/// Where a known object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is written as `null`, which counts as absent.
    Null(Span),
    /// It has another type. It counts as absent and is never written to, since that would drop it.
    Odd,
    Object(Object),
}

/// Where one partner's UID stands in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredUid {
    pub(crate) key: Span,
    pub(crate) value: Span,
    /// `None` when the value is no object.
    pub(crate) object: Option<Object>,
    pub(crate) uid: Option<Span>,
    pub(crate) synced: Option<Span>,
    pub(crate) atype: Option<Span>,
    pub(crate) expires: Option<Span>,
    pub(crate) ext: Option<Span>,
    /// One of these names stands twice, so that which is meant cannot be known.
    pub(crate) is_ambiguous: bool,
}

/// When a partner's UID was removed, and where that stands in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Removal {
    pub(crate) key: Span,
    pub(crate) value: Span,
}

/// Which stored UIDs are of the partners that a call is about.
pub(crate) struct Matches {
    /// Places of a stored UID and of the assertion that is about its partner.
    pub(crate) pairs: Vec<(usize, usize)>,
    /// For each assertion, the place of its partner's stored UID; of several that have not ended
    /// the one asserted last.
    pub(crate) stored: Vec<Option<usize>>,
    /// For each assertion, whether anything in its partner's place is not to be lost.
    pub(crate) occupied: Vec<bool>,
    /// For each assertion, when its partner's UID was removed last, as far as that can be believed.
    pub(crate) removed: Vec<Option<Timestamp>>,
    /// For each removal that is stored, the assertion that is about its partner.
    pub(crate) removals: Vec<Option<usize>>,
}

/// A row that is an entry.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) metadata: Option<String>,
    pub(crate) generation: Generation,
    pub(crate) root: Object,
    fields: Fields,
    sections: Places,
    pub(crate) uids: Vec<StoredUid>,
    pub(crate) removals: Vec<Removal>,
    updated: Timestamp,
    is_live: bool,
}

impl Row {
    /// Reads a stored value.
    pub(crate) fn parse(item: Item) -> Result<Self, Corrupt> {
        if item.body.len() > MAX_READ_BYTES {
            return Err(Corrupt::TooLong);
        }
        let text = String::from_utf8(item.body)
            .map_err(|error| Corrupt::NotUtf8(error.utf8_error().valid_up_to()))?;
        let mut index = Index::new();
        let mut scanner = Scanner::new(&text);
        let mut root = scanner.document();
        while let Some(key) = scanner.key(&mut root) {
            index.member(&mut scanner, key);
        }
        scanner.end()?;
        let mut row = Self {
            text,
            metadata: item.metadata,
            generation: Generation::new(item.generation),
            root,
            fields: index.fields,
            sections: index.sections,
            uids: index.uids,
            removals: index.removals,
            updated: Timestamp::default(),
            is_live: false,
        };
        row.require()?;
        Ok(row)
    }

    /// Reads a stored value that is handed on from place to place.
    pub(crate) fn boxed(item: Item) -> Result<Box<Self>, Corrupt> {
        Self::parse(item).map(Box::new)
    }

    /// Reads a row that was written here; the store does not tell its generation.
    pub(crate) fn written(row: &EncodedRow, generation: Generation) -> Result<Self, Corrupt> {
        let (body, metadata) = (row.body.clone(), Some(row.metadata.clone()));
        Self::parse(Item { body, metadata, generation: generation.number() })
    }

    /// Checks that what an entry needs is there, and takes out what every operation asks for.
    fn require(&mut self) -> Result<(), Corrupt> {
        for section in Section::ALL.iter().filter(|section| section.is_required()) {
            match self.place(*section) {
                Some(Place::Object(_)) => {}
                Some(Place::Odd) => return Err(Corrupt::WrongType(section.name())),
                Some(Place::Null(_)) | None => return Err(Corrupt::Missing(section.name())),
            }
        }
        let required = || Field::ALL.iter().filter(|field| field.is_required());
        if let Some(field) = required().find(|field| self.span(**field).is_none()) {
            return Err(Corrupt::Missing(field.path()));
        }
        if let Some(field) = required().find(|field| !field.is_valid(self)) {
            return Err(Corrupt::WrongType(field.path()));
        }
        match self.read::<Unsigned<u8>>(Field::V) {
            Some(VERSION) => {}
            other => return Err(Corrupt::Version(other.unwrap_or_default())),
        }
        self.updated = self.time(Field::Updated).unwrap_or_default();
        self.is_live = self.read::<Flag>(Field::Ok).unwrap_or_default();
        Ok(())
    }

    /// False for a withdrawal tombstone.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    /// When consent was given, last changed, or withdrawn.
    pub(crate) fn consent_updated(&self) -> Timestamp {
        self.updated
    }

    /// The last visit, where the row says one that can be believed.
    pub(crate) fn last_seen(&self, now: Now) -> Option<Timestamp> {
        now.known(self.time(Field::LastSeen))
    }

    /// When consent had been withdrawn before it was given anew. It is believed by a worker whose clock
    /// is behind, too: consent is always given after it.
    pub(crate) fn withdrawn(&self, now: Now) -> Option<Timestamp> {
        let withdrawn = self.time(Field::Withdrawn)?;
        if withdrawn <= self.updated { Some(withdrawn) } else { now.known(Some(withdrawn)) }
    }

    pub(crate) fn place(&self, section: Section) -> Option<Place> {
        self.sections.get(section as usize).copied().flatten()
    }

    pub(crate) fn object(&self, section: Section) -> Option<Object> {
        match self.place(section) {
            Some(Place::Object(object)) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn string(&self, field: Field) -> Option<Cow<'_, str>> {
        self.span(field)?.string(&self.text)
    }

    /// The value of a field that is a number.
    pub(crate) fn number(&self, field: Field) -> Option<u32> {
        self.read::<Unsigned<u32>>(field)
    }

    pub(crate) fn time(&self, field: Field) -> Option<Timestamp> {
        self.read::<Unsigned<u64>>(field).map(Timestamp::stored)
    }

    /// Finds the partners of the assertions, which are sorted by partner, so that one pass finds all.
    /// Partners' names are equal in upper and in lower case.
    pub(crate) fn matches(&self, assertions: &[Assertion], now: Now) -> Matches {
        let mut found = Matches {
            pairs: Vec::new(),
            stored: vec![None; assertions.len()],
            occupied: vec![false; assertions.len()],
            removed: vec![None; assertions.len()],
            removals: vec![None; self.removals.len()],
        };
        if assertions.is_empty() {
            return found;
        }
        for (removal, about) in self.removals.iter().zip(&mut found.removals) {
            *about = asserted(removal.key, &self.text, assertions);
            if let Some(last) = about.and_then(|about| found.removed.get_mut(about)) {
                *last = (*last).max(now.known(removal.time(&self.text)));
            }
        }
        for (at, stored) in self.uids.iter().enumerate() {
            let Some(asserted) = asserted(stored.key, &self.text, assertions) else { continue };
            found.pairs.push((at, asserted));
            if let Some(occupied) = found.occupied.get_mut(asserted) {
                *occupied |= stored.is_occupied(&self.text);
            }
            let Some(known) = found.stored.get_mut(asserted) else { continue };
            let before = known.and_then(|known| self.uids.get(known));
            // One that has ended counts for less than one that has not.
            let rank = |uid: &StoredUid| {
                let time = now.known(uid.synced(&self.text));
                (!uid.has_expired(&self.text, now.at), time)
            };
            if before.is_none_or(|known| rank(stored) >= rank(known)) {
                *known = Some(at);
            }
        }
        found
    }
}

impl Values for Row {
    fn text(&self) -> &str {
        &self.text
    }

    fn span(&self, field: Field) -> Option<Span> {
        self.fields.get(field as usize).copied().flatten()
    }
}

impl Removal {
    pub(crate) fn time(&self, text: &str) -> Option<Timestamp> {
        self.value.number(text).map(Timestamp::stored)
    }
}

impl StoredUid {
    fn new(key: Span, value: Span, object: Option<Object>) -> Self {
        Self {
            key,
            value,
            object,
            uid: None,
            synced: None,
            atype: None,
            expires: None,
            ext: None,
            is_ambiguous: false,
        }
    }

    /// Notes a member of the partner's object.
    fn note(&mut self, name: &str, value: Span) {
        let place = match name {
            "uid" => &mut self.uid,
            "synced" => &mut self.synced,
            "atype" => &mut self.atype,
            "expires" => &mut self.expires,
            "ext" => &mut self.ext,
            _ => return,
        };
        self.is_ambiguous |= place.is_some();
        *place = Some(value);
    }

    /// The partner's key in lower case.
    pub(crate) fn partner<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        lower_case(self.key, text)
    }

    /// Whether something stands here that is no UID and is not to be lost.
    pub(crate) fn is_occupied(&self, text: &str) -> bool {
        self.is_ambiguous || (self.object.is_none() && !self.value.is_null(text))
    }

    /// Whether the UID has ended.
    pub(crate) fn has_expired(&self, text: &str, now: Timestamp) -> bool {
        let expires = self.expires.and_then(|expires| expires.number::<u64>(text));
        expires.is_some_and(|expires| expires <= now.seconds())
    }

    /// The UID, when one is stored.
    pub(crate) fn uid<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        self.uid?.string(text)
    }

    /// Whether it is a partner's UID without a time that can be believed, which the first readers
    /// require.
    pub(crate) fn lacks_time(&self, text: &str, now: Now) -> bool {
        let lacks = match self.synced {
            None => true,
            Some(synced) => {
                synced.is_null(text) || self.synced(text).is_some_and(|time| now.is_behind(time))
            }
        };
        lacks && self.uid(text).is_some()
    }

    /// Whether the stored UID is this one.
    pub(crate) fn is(&self, text: &str, uid: &str) -> bool {
        self.uid.is_some_and(|stored| stored.is_string(text, uid))
    }

    /// Where the member of this name stands.
    pub(super) fn span(&self, name: &str) -> Option<Span> {
        match name {
            "uid" => self.uid,
            "synced" => self.synced,
            "atype" => self.atype,
            "expires" => self.expires,
            "ext" => self.ext,
            _ => None,
        }
    }

    /// When the UID was asserted; `None` in rows written without it.
    pub(crate) fn synced(&self, text: &str) -> Option<Timestamp> {
        self.synced?.number(text).map(Timestamp::stored)
    }
}

/// Which of the assertions is about the partner of this key.
fn asserted(key: Span, text: &str, assertions: &[Assertion]) -> Option<usize> {
    if let [only] = assertions {
        let key = key.string(text)?;
        return key.eq_ignore_ascii_case(only.partner.as_str()).then_some(0);
    }
    let key = lower_case(key, text)?;
    assertions.binary_search_by(|one| one.partner.as_str().cmp(&key)).ok()
}

fn lower_case(key: Span, text: &str) -> Option<Cow<'_, str>> {
    let key = key.string(text)?;
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(Cow::Owned(key.to_ascii_lowercase()));
    }
    Some(key)
}

/// Where the known values stand, as far as the row has been read.
struct Index {
    fields: Fields,
    sections: Places,
    uids: Vec<StoredUid>,
    removals: Vec<Removal>,
}

impl Index {
    fn new() -> Self {
        Self {
            fields: [None; Field::ALL.len()],
            sections: [None; Section::ALL.len()],
            uids: Vec::new(),
            removals: Vec::new(),
        }
    }

    /// Reads one member of the root object.
    fn member(&mut self, scanner: &mut Scanner<'_>, key: Span) {
        let name = key.string(scanner.text()).unwrap_or_default();
        let Some(section) = Section::named(&name) else {
            let value = scanner.value();
            return self.note(scanner, Field::of_root(&name), value);
        };
        let place = if scanner.peek() == b'{' {
            let mut object = scanner.object();
            while let Some(key) = scanner.key(&mut object) {
                match section {
                    Section::Ids => self.uid(scanner, key),
                    Section::Removed => {
                        self.removals.push(Removal { key, value: scanner.value() });
                    }
                    _ => {
                        let value = scanner.value();
                        let field = key.string(scanner.text()).and_then(|key| section.field(&key));
                        self.note(scanner, field, value);
                    }
                }
            }
            Place::Object(object)
        } else {
            let value = scanner.value();
            if value.is_null(scanner.text()) { Place::Null(value) } else { Place::Odd }
        };
        match self.sections.get_mut(section as usize) {
            Some(unknown @ None) => *unknown = Some(place),
            _ => scanner.stop(Corrupt::Twice(section.name())),
        }
    }

    fn note(&mut self, scanner: &mut Scanner<'_>, field: Option<Field>, value: Span) {
        let Some(field) = field else { return };
        match self.fields.get_mut(field as usize) {
            Some(unknown @ None) => *unknown = Some(value),
            _ => scanner.stop(Corrupt::Twice(field.path())),
        }
    }

    /// Reads one partner.
    fn uid(&mut self, scanner: &mut Scanner<'_>, key: Span) {
        if self.uids.is_empty() {
            self.uids.reserve(USUAL_PARTNERS);
        }
        let start = scanner.at();
        if let Some((uid, synced)) = scanner.partner() {
            let (open, close) = (start.wrapping_add(1), synced.end());
            let value = Span::new(start, close.wrapping_add(1));
            let object = Some(Object { open, close, is_empty: false });
            let stored = StoredUid::new(key, value, object);
            return self.uids.push(StoredUid { uid: Some(uid), synced: Some(synced), ..stored });
        }
        if scanner.peek() != b'{' {
            let value = scanner.value();
            return self.uids.push(StoredUid::new(key, value, None));
        }
        let mut object = scanner.object();
        let mut stored = StoredUid::new(key, key, None);
        while let Some(key) = scanner.key(&mut object) {
            let value = scanner.value();
            if let Some(name) = key.string(scanner.text()) {
                stored.note(&name, value);
            }
        }
        stored.value = Span::new(object.open.wrapping_sub(1), object.close.wrapping_add(1));
        stored.object = Some(object);
        self.uids.push(stored);
    }
}

/// Partners that most rows have at most.
const USUAL_PARTNERS: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::format;

    use super::*;

    #[test]
    fn a_uid_is_the_same_however_it_is_written() {
        for stored in [
            r#"{"uid":"u","synced":5}"#,
            r#"{ "uid" : "u" , "synced" : 5 }"#,
            r#"{"synced":5,"uid":"u"}"#,
            r#"{"uid":"\u0075","synced":5,"atype":3}"#,
        ] {
            let text = format!(
                r#"{{"v":1,"created":1,"consent":{{"ok":true,"updated":1}},"geo":{{"country":"FR"}},"ids":{{"a":{stored}}}}}"#
            );
            let item = Item { body: text.into_bytes(), metadata: None, generation: 1 };
            let row = Row::parse(item).unwrap();
            let [found] = row.uids.as_slice() else { panic!("one UID") };
            assert_eq!(found.value.of(&row.text), stored);
            assert_eq!(found.uid(&row.text).as_deref(), Some("u"));
            assert_eq!(found.synced(&row.text), Some(Timestamp::stored(5)));
            let object = found.object.unwrap();
            let inner = row.text.get(object.open..object.close).map(ToOwned::to_owned);
            assert_eq!(
                inner.as_deref(),
                stored.strip_prefix('{').and_then(|s| s.strip_suffix('}'))
            );
            assert!(!object.is_empty);
        }
    }
}
