//! One line of a trace. `docs/trace.md` says what it means.

use identity_graph::{LeftOut, Mapping, NewEntry, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use super::problem::Problem;
use super::time::{Form, time};
use super::value::{NO_LIST, NO_OBJECT, NO_TEXT, Notes, Raw, is_null, list, object, or_null, text};
use super::visit::{VisitFields, agent_type, ext};

/// The newest version of the format, which is written here; all from 1 on are read.
pub(crate) const VERSION: u64 = 2;

/// What an event is called in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Visit,
    FirstVisit,
    View,
    Consent,
    Sync,
    Remove,
    Withdraw,
    Delete,
    Cluster,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Visit,
        Self::FirstVisit,
        Self::View,
        Self::Consent,
        Self::Sync,
        Self::Remove,
        Self::Withdraw,
        Self::Delete,
        Self::Cluster,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::FirstVisit => "first-visit",
            Self::View => "view",
            Self::Consent => "consent",
            Self::Sync => "sync",
            Self::Remove => "remove",
            Self::Withdraw => "withdraw",
            Self::Delete => "delete",
            Self::Cluster => "cluster",
        }
    }
}

/// Something that happened at the edge.
pub(crate) struct TraceEvent {
    pub(crate) kind: Kind,
    pub(crate) at: u64,
    pub(crate) what: What,
    /// What of the line cannot be used, by its place in it.
    pub(crate) left_out: Vec<LeftOut>,
    /// The forms other than plain seconds in which its times were read.
    pub(crate) forms: Vec<Form>,
}

/// What an event is about.
pub(crate) enum What {
    /// A browser that came, with all that its request said.
    Visit {
        ec: String,
        entry: Box<NewEntry>,
        places: Places,
    },
    Sync {
        partner: String,
        mappings: Vec<Mapping>,
        places: Places,
    },
    Remove {
        ec: String,
        partners: Vec<String>,
        places: Places,
    },
    /// Nothing but an EC ID.
    Ec(String),
}

/// For each item that an operation is given, which one of its list in the line it was.
pub(crate) type Places = Vec<usize>;

/// The fields of all events.
#[derive(Clone, Copy, Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    at: Raw<'a>,
    #[serde(borrow, default)]
    event: Raw<'a>,
    #[serde(borrow, default)]
    ec: Raw<'a>,
    #[serde(borrow, default)]
    domain: Raw<'a>,
    #[serde(borrow, default)]
    tcf: Raw<'a>,
    #[serde(borrow, default)]
    gpp: Raw<'a>,
    #[serde(borrow, default)]
    gpp_sid: Raw<'a>,
    #[serde(borrow, default)]
    geo: Raw<'a>,
    #[serde(borrow, default)]
    device: Raw<'a>,
    #[serde(borrow, default)]
    eids: Raw<'a>,
    #[serde(borrow, default)]
    partner: Raw<'a>,
    #[serde(borrow, default)]
    mappings: Raw<'a>,
    #[serde(borrow, default)]
    partners: Raw<'a>,
    /// Fields of `OpenRTB`, by which a line that is none of a trace is known.
    #[serde(borrow, default)]
    imp: Raw<'a>,
    #[serde(borrow, default)]
    user: Raw<'a>,
    #[serde(borrow, default)]
    uids: Raw<'a>,
}

#[derive(Deserialize)]
struct MappingFields<'a> {
    #[serde(borrow, default)]
    ec: Raw<'a>,
    #[serde(borrow, default, deserialize_with = "or_null")]
    uid: Raw<'a>,
    #[serde(borrow, default)]
    synced: Raw<'a>,
    #[serde(borrow, default)]
    atype: Raw<'a>,
    #[serde(borrow, default)]
    expires: Raw<'a>,
    #[serde(borrow, default)]
    ext: Raw<'a>,
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

impl TraceEvent {
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Problem> {
        let text =
            std::str::from_utf8(line).map_err(|error| Problem::NotUtf8(error.valid_up_to()))?;
        let start = text.trim_ascii_start();
        // A list over several lines is no JSON in each of them.
        if start.starts_with('[') {
            return Err(Problem::List);
        }
        // serde takes an array for a struct, too.
        if !start.starts_with('{') {
            let json: Result<IgnoredAny, _> = serde_json::from_str(text);
            return Err(json.map_or_else(|error| not_json(&error), |_| Problem::NotAnObject));
        }
        serde_json::from_str(text).map_err(|error| problem(&error)).and_then(Self::of)
    }

    fn of(fields: Fields<'_>) -> Result<Self, Problem> {
        let Some(name) = fields.event else {
            let is_openrtb = fields.imp.is_some() || fields.user.is_some() || fields.uids.is_some();
            return Err(if is_openrtb { Problem::OpenRtb } else { Problem::NoEvent });
        };
        let name = text(name).ok_or(Problem::UnknownEvent)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = kind.ok_or(Problem::UnknownEvent)?;
        let mut notes = Notes::default();
        let missing = |field| Problem::Missing(field, kind.name());
        let (at, form) =
            time(fields.at.ok_or(missing("at"))?).map_err(|why| Problem::Odd("at", why))?;
        notes.forms.extend(form);
        if at > Timestamp::MAX {
            return Err(Problem::At);
        }
        let required =
            |name, raw: Raw<'_>| text(raw.ok_or(missing(name))?).ok_or(Problem::Odd(name, NO_TEXT));
        let what = match kind {
            Kind::Visit | Kind::FirstVisit | Kind::View | Kind::Consent => {
                let ec = required("ec", fields.ec)?;
                let Fields { domain, tcf, gpp, gpp_sid, geo, device, eids, .. } = fields;
                let visit = VisitFields { domain, tcf, gpp, gpp_sid, geo, device, eids };
                let (entry, places) = visit.read(at, &mut notes);
                What::Visit { ec, entry: Box::new(entry), places }
            }
            Kind::Sync => {
                let partner = required("partner", fields.partner)?;
                let list = fields.mappings.ok_or(missing("mappings"))?;
                let list = self::list(list).ok_or(Problem::Odd("mappings", NO_LIST))?;
                let (mut mappings, mut places) = (Vec::with_capacity(list.len()), Vec::new());
                for (number, raw) in list.into_iter().enumerate() {
                    if let Some(mapping) = mapping(number, raw, &mut notes) {
                        mappings.push(mapping);
                        places.push(number);
                    }
                }
                What::Sync { partner, mappings, places }
            }
            Kind::Remove => {
                let ec = required("ec", fields.ec)?;
                let (mut partners, mut places) = (Vec::new(), Vec::new());
                let list = fields.partners.ok_or(missing("partners"))?;
                let list = self::list(list).ok_or(Problem::Odd("partners", NO_LIST))?;
                for (number, raw) in list.into_iter().enumerate() {
                    if let Some(name) = notes.text(&format!("partners[{number}]"), Some(raw)) {
                        partners.push(name);
                        places.push(number);
                    }
                }
                What::Remove { ec, partners, places }
            }
            Kind::Withdraw | Kind::Delete | Kind::Cluster => What::Ec(required("ec", fields.ec)?),
        };
        let Notes { left_out, forms } = notes;
        Ok(Self { kind, at, what, left_out, forms })
    }
}

/// One mapping of a batch; `None` when it is left out.
fn mapping(number: usize, raw: &RawValue, notes: &mut Notes) -> Option<Mapping> {
    let place = |name: &str| format!("mappings[{number}]{name}");
    let Some(fields) = object::<MappingFields<'_>>(raw) else {
        notes.leave_out(place(""), NO_OBJECT);
        return None;
    };
    let MappingFields { ec, uid, synced, atype, expires, ext: ext_raw } = fields;
    for (name, raw) in [(".ec", ec), (".uid", uid), (".synced", synced)] {
        if raw.is_none() {
            notes.leave_out(place(name), "missing, and with it the mapping");
            return None;
        }
    }
    let ec_id = notes.text(&place(".ec"), ec)?;
    let uid = match uid {
        Some(raw) if !is_null(raw) => Some(notes.text(&place(".uid"), uid)?),
        // A removal.
        _ => None,
    };
    let synced = notes.time(&place(".synced"), synced)?;
    Some(Mapping {
        ec_id,
        uid,
        synced,
        atype: agent_type(&place(".atype"), atype, notes),
        expires: notes.time(&place(".expires"), expires),
        ext: ext(&place(".ext"), ext_raw, notes),
    })
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::NotJson(error.column().saturating_sub(1))
}

/// Names the rule that a line breaks. Of serde's own words only those are passed on that hold the name
/// of a field of this format.
fn problem(error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return not_json(error);
    }
    let words = error.to_string();
    let words = words.split_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    Problem::Field(match words {
        words if words.starts_with("duplicate field") => words.to_owned(),
        _ => "a field has the wrong type".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use identity_graph::PartnerUid;

    use super::*;

    fn refused(line: &str) -> Problem {
        TraceEvent::parse(line.as_bytes()).err().unwrap()
    }

    fn ids(line: &[u8]) -> (TraceEvent, Vec<PartnerUid>) {
        let mut event = TraceEvent::parse(line).ok().unwrap();
        let What::Visit { entry, .. } = &mut event.what else { panic!("no visit") };
        let ids = std::mem::take(&mut entry.ids);
        (event, ids)
    }

    #[test]
    fn a_bad_line_is_told_by_the_rule_it_breaks_and_not_by_its_content() {
        for (line, words) in [
            ("secret", "not JSON at byte"),
            ("{\"at\":1", "not JSON at byte"),
            ("\"secret\"", "not a JSON object"),
            ("[1,\"secret\"]", "not a JSON object"),
            ("{}", "\"event\" is missing"),
            (r#"{"event":"secret","at":1}"#, "unknown event"),
            (r#"{"event":7,"at":1}"#, "unknown event"),
            (r#"{"event":"view","ec":"secret"}"#, "\"at\" is missing from \"view\""),
            (r#"{"event":"view","at":1}"#, "\"ec\" is missing from \"view\""),
            (r#"{"event":"view","at":1,"ec":7}"#, "\"ec\" is not a text"),
            (r#"{"event":"view","at":"secret","ec":""}"#, "\"at\" is no time"),
            (r#"{"event":"view","at":-1,"ec":""}"#, "\"at\" is no time"),
            (r#"{"event":"view","at":1789948800000,"ec":""}"#, "not milliseconds"),
            (r#"{"event":"sync","at":1,"mappings":[]}"#, "\"partner\" is missing"),
            (r#"{"event":"sync","at":1,"partner":"p"}"#, "\"mappings\" is missing"),
            (r#"{"event":"sync","at":1,"partner":"p","mappings":7}"#, "\"mappings\" is not a list"),
            (r#"{"event":"remove","at":1,"ec":"e"}"#, "\"partners\" is missing"),
            (r#"{"at":1,"at":2}"#, "duplicate field `at`"),
        ] {
            let told = refused(line).to_string();
            assert!(told.contains(words), "{told:?} does not say {words:?}");
            assert!(!told.contains("secret"));
        }
        assert_eq!(TraceEvent::parse(b"{\"a\":\"\xff\"}").err(), Some(Problem::NotUtf8(6)));
    }

    #[test]
    fn what_is_odd_is_told_by_its_place_and_not_by_its_content() {
        for (line, place) in [
            (r#"{"event":"view","at":1,"ec":"","eids":[{"source":7}]}"#, "eids[0].source"),
            (
                r#"{"event":"sync","at":1,"partner":"p","mappings":[{"ec":"secret","uid":"secret"}]}"#,
                "mappings[0].synced",
            ),
        ] {
            let event = TraceEvent::parse(line.as_bytes()).ok().unwrap();
            let [LeftOut { field, why }] = event.left_out.as_slice() else { panic!("not one") };
            assert_eq!(field, place);
            assert!(!why.contains("secret"), "{why}");
        }
    }

    #[test]
    fn fields_that_are_not_known_are_ignored_and_null_is_as_good_as_none() {
        let line = br#"{"event":"view","at":7,"ec":"e","eids":null,"new":[{"x":1}]}"#;
        let (event, ids) = ids(line);
        assert!(matches!(&event.what, What::Visit { ec, .. } if ec == "e"));
        assert_eq!((event.at, ids.len(), event.left_out.len()), (7, 0, 0));
    }

    #[test]
    fn a_browsers_uid_is_the_first_with_an_id_and_was_asserted_when_it_came() {
        let line = br#"{"event":"view","at":7,"ec":"e","eids":[
            {"source":"none.example","uids":[]},
            {"source":"p.example","uids":[{"atype":1},{"id":"u","atype":3,"ext":{"x":1}}],"mm":2}]}"#;
        let expected = PartnerUid {
            atype: Some(3),
            ext: Some(r#"{"x":1,"mm":2}"#.into()),
            ..PartnerUid::new("p.example", "u").synced(7)
        };
        assert_eq!(ids(line).1, [expected]);
    }
}
