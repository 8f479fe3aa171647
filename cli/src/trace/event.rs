//! One line of a trace. `docs/trace.md` says what it means.

use std::borrow::Cow;
use std::ops::Deref;

use identity_graph::{Device, Geo, Mapping, NewEntry, PartnerUid};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the format that is read and written here.
pub(crate) const VERSION: u64 = 1;
/// Bytes that a line may have.
pub(crate) const MAX_LINE_BYTES: usize = 1 << 20;
/// The last second of the year 9999. A time in milliseconds is beyond it.
const MAX_AT: u64 = 253_402_300_799;

/// Text that is borrowed from the line where it has no escapes. A type of its own, since serde
/// borrows no `Cow` inside an `Option`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl Text<'_> {
    fn into_string(self) -> String {
        self.0.into_owned()
    }
}

/// The fields of all events. Which of them an event needs is checked in [`TraceEvent::parse`].
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Fields<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) ec: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) tcf: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) gpp: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) geo: Option<GeoFields<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<DeviceFields<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) eids: Option<Vec<Eid<'a>>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) partner: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) mappings: Option<Vec<MappingFields<'a>>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct GeoFields<'a> {
    #[serde(borrow)]
    pub(crate) country: Text<'a>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) asn: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dma: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct DeviceFields<'a> {
    pub(crate) is_mobile: u8,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) ja4_class: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) platform_class: Option<Text<'a>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) h2_fp_hash: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) known_browser: Option<bool>,
}

/// An extended ID of `OpenRTB`, as Prebid.js gives it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Eid<'a> {
    #[serde(borrow)]
    pub(crate) source: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) uids: Vec<Uid<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Uid<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) atype: Option<u8>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) ext: Option<UidExt<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct UidExt<'a> {
    #[serde(borrow, default, rename = "rtiPartner", skip_serializing_if = "Option::is_none")]
    pub(crate) rti_partner: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct MappingFields<'a> {
    #[serde(borrow)]
    pub(crate) ec: Text<'a>,
    #[serde(borrow)]
    pub(crate) uid: Text<'a>,
    pub(crate) synced: u64,
}

/// What an event is called in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    FirstVisit,
    View,
    Consent,
    Sync,
    Withdraw,
    Delete,
    Cluster,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::FirstVisit,
        Self::View,
        Self::Consent,
        Self::Sync,
        Self::Withdraw,
        Self::Delete,
        Self::Cluster,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FirstVisit => "first-visit",
            Self::View => "view",
            Self::Consent => "consent",
            Self::Sync => "sync",
            Self::Withdraw => "withdraw",
            Self::Delete => "delete",
            Self::Cluster => "cluster",
        }
    }
}

/// Something that happened at the edge.
pub(crate) enum TraceEvent<'a> {
    FirstVisit(Visit<'a>),
    View(Visit<'a>),
    Consent(Visit<'a>),
    Sync { at: u64, partner: Text<'a>, mappings: Vec<Mapping> },
    Withdraw { at: u64, ec: Text<'a> },
    Delete { at: u64, ec: Text<'a> },
    Cluster { at: u64, ec: Text<'a> },
}

/// A browser that came, with all that its request said.
pub(crate) struct Visit<'a> {
    pub(crate) at: u64,
    pub(crate) ec: Text<'a>,
    fields: Fields<'a>,
}

/// Why a line is no event. It never holds what the line said.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("longer than {MAX_LINE_BYTES} bytes; split batches into several events")]
    TooLong,
    #[error("not UTF-8 at byte {0}; save the trace as UTF-8")]
    NotUtf8(usize),
    #[error("not JSON at byte {0}; every line is one JSON object")]
    NotJson(usize),
    #[error("not a JSON object; every line is one event")]
    NotAnObject,
    #[error("{0}; see docs/trace.md")]
    Field(String),
    #[error("the field \"{0}\" is missing from \"{1}\"")]
    Missing(&'static str, &'static str),
    #[error("the field \"event\" is missing; only the first line goes without")]
    NoEvent,
    #[error(
        "unknown event; known are first-visit, view, consent, sync, withdraw, delete and cluster"
    )]
    UnknownEvent,
    #[error("\"at\" is after the year 9999; times are Unix seconds, not milliseconds")]
    At,
}

/// The version of a trace whose first line this is, where it gives one.
pub(crate) fn version(line: &[u8]) -> Option<Value> {
    #[derive(Deserialize)]
    struct First {
        trace: Value,
        #[serde(default)]
        event: Option<IgnoredAny>,
    }
    let first: First = serde_json::from_slice(line).ok()?;
    Some(first.trace).filter(|_| first.event.is_none())
}

impl<'a> TraceEvent<'a> {
    pub(crate) fn parse(line: &'a [u8]) -> Result<Self, Problem> {
        let text =
            std::str::from_utf8(line).map_err(|error| Problem::NotUtf8(error.valid_up_to()))?;
        // serde takes an array for a struct, too.
        if !text.trim_ascii_start().starts_with('{') {
            let json: Result<IgnoredAny, _> = serde_json::from_str(text);
            return Err(json.map_or_else(|error| not_json(&error), |_| Problem::NotAnObject));
        }
        serde_json::from_str(text).map_err(|error| problem(text, &error)).and_then(Self::of)
    }

    fn of(mut fields: Fields<'a>) -> Result<Self, Problem> {
        let name = fields.event.take().ok_or(Problem::NoEvent)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == &*name);
        let kind = kind.ok_or(Problem::UnknownEvent)?;
        let missing = |field| Problem::Missing(field, kind.name());
        let at = fields.at.ok_or(missing("at"))?;
        if at > MAX_AT {
            return Err(Problem::At);
        }
        if kind == Kind::Sync {
            let partner = fields.partner.ok_or(missing("partner"))?;
            let mappings = fields.mappings.ok_or(missing("mappings"))?;
            let mappings = mappings.into_iter().map(Mapping::from).collect();
            return Ok(Self::Sync { at, partner, mappings });
        }
        let ec = fields.ec.take().ok_or(missing("ec"))?;
        Ok(match kind {
            Kind::FirstVisit => Self::FirstVisit(Visit { at, ec, fields }),
            Kind::View => Self::View(Visit { at, ec, fields }),
            Kind::Consent => Self::Consent(Visit { at, ec, fields }),
            Kind::Withdraw => Self::Withdraw { at, ec },
            Kind::Delete => Self::Delete { at, ec },
            Kind::Sync | Kind::Cluster => Self::Cluster { at, ec },
        })
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::FirstVisit(_) => Kind::FirstVisit,
            Self::View(_) => Kind::View,
            Self::Consent(_) => Kind::Consent,
            Self::Sync { .. } => Kind::Sync,
            Self::Withdraw { .. } => Kind::Withdraw,
            Self::Delete { .. } => Kind::Delete,
            Self::Cluster { .. } => Kind::Cluster,
        }
    }

    pub(crate) fn at(&self) -> u64 {
        match self {
            Self::FirstVisit(visit) | Self::View(visit) | Self::Consent(visit) => visit.at,
            Self::Sync { at, .. }
            | Self::Withdraw { at, .. }
            | Self::Delete { at, .. }
            | Self::Cluster { at, .. } => *at,
        }
    }
}

impl Visit<'_> {
    /// The UIDs that the browser brought.
    pub(crate) fn ids(&self) -> Vec<PartnerUid> {
        let id = |eid: &Eid<'_>| {
            let uid = eid.uids.iter().find_map(|uid| uid.id.as_deref())?;
            Some(PartnerUid {
                partner: (*eid.source).to_owned(),
                uid: uid.to_owned(),
                synced: Some(self.at),
            })
        };
        self.fields.eids.iter().flatten().filter_map(id).collect()
    }

    /// What an entry is made of.
    pub(crate) fn entry(self) -> NewEntry {
        let ids = self.ids();
        let owned = |text: Option<Text<'_>>| text.map(Text::into_string);
        NewEntry {
            tcf: owned(self.fields.tcf),
            gpp: owned(self.fields.gpp),
            geo: self.fields.geo.map(|geo| Geo {
                country: geo.country.into_string(),
                region: owned(geo.region),
                asn: geo.asn,
                dma: geo.dma,
            }),
            device: self.fields.device.map(|device| Device {
                is_mobile: device.is_mobile,
                ja4_class: owned(device.ja4_class),
                platform_class: owned(device.platform_class),
                h2_fp_hash: owned(device.h2_fp_hash),
                known_browser: device.known_browser,
            }),
            domain: owned(self.fields.domain),
            ids,
            now: self.at,
        }
    }
}

impl From<MappingFields<'_>> for Mapping {
    fn from(mapping: MappingFields<'_>) -> Self {
        Self {
            ec_id: mapping.ec.into_string(),
            uid: mapping.uid.into_string(),
            synced: mapping.synced,
        }
    }
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::NotJson(error.column().saturating_sub(1))
}

/// Names the rule that a line breaks. serde's own words are not passed on where they repeat what
/// stands in the line.
fn problem(text: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return not_json(error);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let located: Result<Fields<'_>, _> = serde_path_to_error::deserialize(&mut deserializer);
    let Err(located) = located else { return not_json(error) };
    let path = located.path().to_string();
    let words = located.inner().to_string();
    // These two hold names of fields of this format only.
    let is_safe = words.starts_with("missing field") || words.starts_with("duplicate field");
    Problem::Field(match words.split_once(" at line ") {
        Some((words, _)) if is_safe && path == "." => words.to_owned(),
        Some((words, _)) if is_safe => format!("{words} in \"{path}\""),
        _ => format!("the field \"{path}\" has the wrong type or is out of range"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> Problem {
        TraceEvent::parse(line.as_bytes()).err().unwrap()
    }

    #[test]
    fn a_bad_line_is_told_by_the_rule_it_breaks_and_not_by_its_content() {
        for (line, words) in [
            ("secret", "not JSON at byte"),
            ("{\"at\":1", "not JSON at byte"),
            ("[1,\"secret\"]", "not a JSON object"),
            ("{}", "\"event\" is missing"),
            (r#"{"event":"secret","at":1}"#, "unknown event"),
            (r#"{"event":"view","ec":"secret"}"#, "\"at\" is missing from \"view\""),
            (r#"{"event":"view","at":1}"#, "\"ec\" is missing from \"view\""),
            (r#"{"event":"view","at":"secret","ec":""}"#, "\"at\" has the wrong type"),
            (r#"{"event":"view","at":-1,"ec":""}"#, "\"at\" has the wrong type"),
            (r#"{"event":"view","at":1789948800000,"ec":""}"#, "not milliseconds"),
            (r#"{"event":"sync","at":1,"mappings":[]}"#, "\"partner\" is missing"),
            (
                r#"{"event":"sync","at":1,"partner":"p","mappings":[{"ec":"secret","uid":"secret"}]}"#,
                "missing field `synced` in \"mappings[0]\"",
            ),
            (r#"{"event":"view","at":1,"ec":"","eids":[{"source":7}]}"#, "\"eids[0].source\""),
            (r#"{"at":1,"at":2}"#, "duplicate field `at`"),
        ] {
            let told = refused(line).to_string();
            assert!(told.contains(words), "{told:?} does not say {words:?}");
            assert!(!told.contains("secret"));
        }
        assert_eq!(TraceEvent::parse(b"{\"a\":\"\xff\"}").err(), Some(Problem::NotUtf8(6)));
    }

    #[test]
    fn fields_that_are_not_known_are_ignored_and_null_is_as_good_as_none() {
        let line = br#"{"event":"view","at":7,"ec":"e","eids":null,"new":[{"x":1}]}"#;
        let Ok(TraceEvent::View(visit)) = TraceEvent::parse(line) else {
            panic!("no view");
        };
        assert_eq!((visit.at, &*visit.ec, visit.ids().len()), (7, "e", 0));
    }

    #[test]
    fn a_browsers_uid_is_the_first_with_an_id_and_was_asserted_when_it_came() {
        let line = br#"{"event":"view","at":7,"ec":"e","eids":[
            {"source":"none.example","uids":[]},
            {"source":"p.example","uids":[{"atype":1},{"id":"u","atype":3,"ext":{"x":1}}],"mm":2}]}"#;
        let Ok(TraceEvent::View(visit)) = TraceEvent::parse(line) else {
            panic!("no view");
        };
        let expected = PartnerUid { partner: "p.example".into(), uid: "u".into(), synced: Some(7) };
        assert_eq!(visit.ids(), [expected]);
    }
}
