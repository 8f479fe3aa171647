//! The operations that change a live row, each with the fields that it is to change.

use host_test::TestGraph;
use identity_graph::{
    Failure, IfMissing, Mapping, NewEntry, PartnerUid, Policy, Report, TouchOutcome, UpsertOutcome,
    VisitOutcome,
};

use crate::raw::{Flat, flat};

/// A partner that no row holds, and a UID whose JSON needs escapes.
pub(crate) const NEW: &str = "new.partner.example";
pub(crate) const NEW_UID: &str = "n\"\\/\u{e9}\u{2028}";

const NEW_TCF: &str = "CQnew";

/// One call on one row.
pub(crate) struct Call<'a> {
    pub(crate) test: &'a TestGraph,
    pub(crate) key: &'a str,
    pub(crate) now: u64,
    /// A partner of the row whose key today's rules accept.
    pub(crate) existing: Option<String>,
}

pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// Calls it and checks the outcome.
    pub(crate) run: fn(&Call<'_>),
    /// Makes the same change in the values of the row.
    pub(crate) change: fn(&Call<'_>, &mut Flat),
    /// A visit starts the lifetime anew; everything else keeps what is left of it.
    pub(crate) is_visit: bool,
}

pub(crate) const ALL: [Operation; 10] = [
    Operation {
        name: "upsert of one UID",
        run: |call| {
            let id = uid(NEW, NEW_UID, Some(call.now - 7));
            let graph = &call.test.graph;
            let outcome = graph.upsert_partner_id(call.key, id, IfMissing::Skip, call.now);
            assert_eq!(outcome, Ok(UpsertOutcome::Written));
        },
        change: |call, flat| set_id(flat, NEW, NEW_UID, call.now - 7),
        is_visit: false,
    },
    Operation {
        name: "upsert that would create",
        run: |call| {
            let id = uid(&NEW.to_uppercase(), NEW_UID, None);
            let graph = &call.test.graph;
            let outcome = graph.upsert_partner_id(call.key, id, IfMissing::CreateMinimal, call.now);
            assert_eq!(outcome, Ok(UpsertOutcome::Written));
        },
        change: |call, flat| set_id(flat, NEW, NEW_UID, call.now),
        is_visit: false,
    },
    Operation {
        name: "upsert of several UIDs",
        run: |call| {
            let graph = &call.test.graph;
            let outcomes =
                graph.upsert_partner_ids(call.key, several(call), IfMissing::Skip, call.now);
            assert_eq!(outcomes, Ok(vec![UpsertOutcome::Written; several(call).len()]));
        },
        change: set_several,
        is_visit: false,
    },
    Operation {
        name: "upsert on a snapshot",
        run: |call| {
            let mut snapshot = call.test.graph.get(call.key, call.now).unwrap().unwrap();
            let outcomes = snapshot.upsert_partner_ids(several(call), call.now);
            assert_eq!(outcomes, Ok(vec![UpsertOutcome::Written; several(call).len()]));
        },
        change: set_several,
        is_visit: false,
    },
    Operation {
        name: "sync",
        run: |call| {
            let mapping = Mapping::new(call.key, NEW_UID, call.now);
            let partner = call.existing.as_deref().unwrap_or(NEW);
            let outcomes = call.test.graph.sync_partner_ids(partner, &[mapping], call.now);
            assert_eq!(outcomes, Ok(vec![Ok(UpsertOutcome::Written)]));
        },
        change: |call, flat| {
            set_id(flat, call.existing.as_deref().unwrap_or(NEW), NEW_UID, call.now);
        },
        is_visit: false,
    },
    Operation {
        name: "visit",
        run: |call| {
            let ids = vec![uid(NEW, NEW_UID, None)];
            let entry = NewEntry { tcf: Some(NEW_TCF.into()), ids, ..NewEntry::at(call.now) };
            let report = call.test.graph.visit(call.key, entry).unwrap();
            assert_eq!(report.outcome, VisitOutcome::Written);
            assert_eq!((report.ids, report.left_out), (vec![UpsertOutcome::Written], vec![]));
        },
        change: |call, flat| {
            visit(call, flat);
            set_id(flat, NEW, NEW_UID, call.now);
            let updated: u64 = flat["consent/updated"].parse().unwrap();
            // Of two consents the later counts, and one far ahead is none.
            if updated < call.now || updated > call.now + 300 {
                flat.insert("consent/tcf".to_owned(), format!("\"{NEW_TCF}\""));
                flat.insert("consent/updated".to_owned(), call.now.to_string());
            }
        },
        is_visit: true,
    },
    Operation {
        name: "touch",
        run: |call| {
            let outcome = call.test.graph.update_last_seen(call.key, call.now);
            assert_eq!(outcome, Ok(TouchOutcome::Written));
        },
        change: visit,
        is_visit: true,
    },
    Operation {
        name: "touch on a snapshot",
        run: |call| {
            let mut snapshot = call.test.graph.get(call.key, call.now).unwrap().unwrap();
            assert_eq!(snapshot.update_last_seen(call.now), Ok(TouchOutcome::Written));
        },
        change: visit,
        is_visit: true,
    },
    Operation {
        name: "cluster",
        run: |call| {
            let size = call.test.graph.evaluate_cluster(call.key, call.now);
            assert_eq!(size, Ok(Some(1)));
        },
        change: cluster,
        is_visit: false,
    },
    Operation {
        name: "cluster on a snapshot",
        run: |call| {
            let mut snapshot = call.test.graph.get(call.key, call.now).unwrap().unwrap();
            assert_eq!(snapshot.evaluate_cluster(call.now), Ok(Some(1)));
        },
        change: cluster,
        is_visit: false,
    },
];

impl<'a> Call<'a> {
    /// A call on the row `body` a day after it was last seen.
    pub(crate) fn on(test: &'a TestGraph, key: &'a str, body: &str) -> Self {
        let flat = flat(body);
        let time = |path: &str| flat.get(path).and_then(|raw| raw.parse::<u64>().ok());
        let last_visit = time("last_seen").or(time("created")).expect("a row has a time");
        let recheck = Policy::default().cluster_recheck.expect("sizes are counted anew");
        let now = test.at(last_visit + u64::from(recheck));
        Self { test, key, now, existing: existing(&flat) }
    }
}

fn existing(flat: &Flat) -> Option<String> {
    let mut partners =
        flat.keys().filter_map(|path| path.strip_prefix("ids/")?.strip_suffix("/uid"));
    partners
        .find(|p| {
            identity_graph::PartnerKey::parse((*p).to_owned()).is_ok_and(|key| key.as_str() == *p)
        })
        .map(str::to_owned)
}

/// What was done, without what became of the parts.
pub(crate) fn done<O>(report: Result<Report<O>, Failure>) -> Result<O, Failure> {
    report.map(|report| report.outcome)
}

pub(crate) fn uid(partner: &str, uid: &str, synced: Option<u64>) -> PartnerUid {
    PartnerUid { synced, ..PartnerUid::new(partner, uid) }
}

/// A new UID of a partner that is there, and one of a partner that is not.
fn several(call: &Call<'_>) -> Vec<PartnerUid> {
    let existing = call.existing.as_deref();
    let replacing = existing.map(|partner| uid(partner, "replaced", Some(call.now)));
    replacing.into_iter().chain([uid(NEW, NEW_UID, Some(call.now - 9))]).collect()
}

fn set_several(call: &Call<'_>, flat: &mut Flat) {
    if let Some(partner) = &call.existing {
        set_id(flat, partner, "replaced", call.now);
    }
    set_id(flat, NEW, NEW_UID, call.now - 9);
}

pub(crate) fn set_id(flat: &mut Flat, partner: &str, uid: &str, synced: u64) {
    if flat.get("ids").is_some_and(|ids| ids == "null") {
        flat.remove("ids");
    }
    flat.remove(&format!("ids/{partner}"));
    // What was said of another UID does not hold for this one.
    for name in ["atype", "expires", "ext"] {
        if let Some(said) = flat.get_mut(&format!("ids/{partner}/{name}")) {
            "null".clone_into(said);
        }
    }
    flat.insert(format!("ids/{partner}/uid"), serde_json::to_string(uid).unwrap());
    flat.insert(format!("ids/{partner}/synced"), synced.to_string());
}

fn visit(call: &Call<'_>, flat: &mut Flat) {
    flat.insert("last_seen".to_owned(), call.now.to_string());
}

fn cluster(call: &Call<'_>, flat: &mut Flat) {
    if flat.get("network").is_some_and(|network| network == "null") {
        flat.remove("network");
    }
    flat.insert("network/cluster_size".to_owned(), "1".to_owned());
    flat.insert("network/cluster_checked".to_owned(), call.now.to_string());
}
