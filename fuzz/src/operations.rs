//! Sequences of operations over a store that answers anything.

use std::collections::BTreeMap;

use arbitrary::{Arbitrary, Unstructured};
use identity_graph::{
    CreateOutcome, EcId, Graph, GraphError, IfMissing, Policy, Snapshot, Timestamp, TouchOutcome,
    UpsertOutcome, VisitOutcome, WithdrawOutcome,
};

use crate::arguments::{IDS, PARTNERS, mappings, partners, time, uid, uids, visit};
use crate::script::{Heard, Script};

/// Store calls that one operation on one row may take: a write and a read for each try, a read
/// before the first, one for a second look, and a count.
fn most_calls(policy: &Policy) -> usize {
    2 * usize::from(policy.max_cas_attempts) + 3
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Call {
    Get,
    GetMetadata,
    Visit,
    Create,
    CreateOrRevive,
    Upsert { create: bool },
    UpsertOne { create: bool },
    Remove,
    Touch,
    Withdraw,
    Delete,
    Sync,
    Cluster,
    Inspect,
    SnapshotVisit,
    SnapshotUpsert,
    SnapshotRemove,
    SnapshotTouch,
    SnapshotCluster,
    SnapshotWithdraw,
}

/// What an operation on one row told.
#[derive(Default)]
struct Told {
    error: Option<GraphError>,
    /// Whether it says that something is stored, where it says something of that.
    is_stored: Option<bool>,
}

/// Runs operations as the bytes say, until they are over, under either policy: none panics, none asks the store for more
/// than it may, none says what it must not, each item of a call is answered, and what is said to be
/// stored was acknowledged by the store.
///
/// # Panics
/// When one of these does not hold.
pub fn operations(data: &[u8]) {
    for policy in [Policy::default(), Policy::trusted_server()] {
        let script = Script::new(Unstructured::new(data));
        let Ok(graph) = Graph::new(&script, policy) else { return };
        let mut snapshot = None;
        while !script.is_over() {
            if step(&graph, &script, &mut snapshot, most_calls(&policy)).is_err() {
                break;
            }
        }
    }
}

fn step(
    graph: &Graph<&Script<'_>>,
    script: &Script<'_>,
    snapshot: &mut Option<Snapshot>,
    most_calls: usize,
) -> arbitrary::Result<()> {
    let (call, id) = script.next(|bytes| Ok((bytes.arbitrary::<Call>()?, *bytes.choose(&IDS)?)))?;
    let now = time(script)?;
    let before = script.reads.get() + script.writes.get();
    drop(script.take_heard());
    let mut rows = 1;
    let told = match call {
        Call::Sync => {
            rows = sync(graph, script, now)?;
            Told::default()
        }
        Call::SnapshotVisit
        | Call::SnapshotUpsert
        | Call::SnapshotRemove
        | Call::SnapshotTouch
        | Call::SnapshotCluster
        | Call::SnapshotWithdraw => match snapshot {
            Some(snapshot) => on_snapshot(call, graph, script, snapshot, now)?,
            None => return Ok(()),
        },
        _ => on_graph(call, graph, script, snapshot, (id, now))?,
    };
    let calls = script.reads.get() + script.writes.get() - before;
    assert!(calls <= most_calls * rows.max(1), "{call:?} made {calls} store calls");
    // A batch has judged this by row.
    if !matches!(call, Call::Sync) {
        let heard = script.take_heard();
        check_truth(call, &told, &heard);
        if matches!(told.error, Some(GraphError::InvalidArgument(_))) {
            assert_eq!(calls, 0, "{call:?} was refused after a store call");
        }
    }
    let has_no_time = matches!(call, Call::GetMetadata | Call::Delete | Call::Inspect | Call::Sync);
    let is_cluster = matches!(call, Call::Cluster | Call::SnapshotCluster);
    if now > Timestamp::MAX && !has_no_time && !(is_cluster && told.error.is_none()) {
        let is_refused = matches!(told.error, Some(GraphError::InvalidArgument(_)));
        assert!(is_refused, "{call:?} took a time after the year 9999");
    }
    Ok(())
}

fn on_graph(
    call: Call,
    graph: &Graph<&Script<'_>>,
    script: &Script<'_>,
    snapshot: &mut Option<Snapshot>,
    (id, now): (&str, u64),
) -> arbitrary::Result<Told> {
    let missing = |create| if create { IfMissing::CreateMinimal } else { IfMissing::Skip };
    Ok(match call {
        Call::Get => {
            let read = graph.get(id, now);
            let told = told(&read, |_| None);
            if let Ok(Some(read)) = read {
                let entry = read.entry();
                assert_eq!(entry.v, 1, "a row of another version is shown");
                assert!(entry.consent.ok || entry.ids.is_empty(), "a tombstone shows UIDs");
                let strings = (&entry.consent.tcf, &entry.consent.gpp, &entry.consent.gpp_sid);
                assert!(entry.consent.ok || strings == (&None, &None, &None));
                let ended = |at| at <= now;
                assert!(!entry.ids.iter().any(|id| id.expires.is_some_and(ended)));
                *snapshot = Some(read);
            }
            told
        }
        Call::GetMetadata => told(&graph.get_metadata(id), |_| None),
        Call::Visit => {
            let entry = visit(script, now)?;
            let count = entry.ids.len();
            visited(count, &graph.visit(id, entry))
        }
        Call::Create => {
            let entry = visit(script, now)?;
            let count = entry.ids.len();
            told(&graph.create(id, entry), |report| {
                answered(count, &report.ids);
                report.left_out.iter().for_each(|left_out| discreet(&left_out.why));
                Some(true)
            })
        }
        Call::CreateOrRevive => {
            let entry = visit(script, now)?;
            let count = entry.ids.len();
            told(&graph.create_or_revive(id, entry), |report| {
                let is_live = report.outcome == CreateOutcome::AlreadyLive;
                answered(if is_live { 0 } else { count }, &report.ids);
                let stored = [CreateOutcome::Created, CreateOutcome::Revived];
                Some(stored.contains(&report.outcome))
            })
        }
        Call::Upsert { create } => {
            let ids = uids(script)?;
            upserted(ids.len(), &graph.upsert_partner_ids(id, ids, missing(create), now))
        }
        Call::UpsertOne { create } => {
            let outcome = graph.upsert_partner_id(id, uid(script)?, missing(create), now);
            upserted(1, &outcome.map(|outcome| vec![outcome]))
        }
        Call::Remove => {
            let partners = partners(script)?;
            upserted(partners.len(), &graph.remove_partner_ids(id, partners, now))
        }
        Call::Touch => told(&graph.update_last_seen(id, now), |outcome| {
            Some(*outcome == TouchOutcome::Written)
        }),
        Call::Withdraw => told(&graph.write_withdrawal_tombstone(id, now), |()| Some(true)),
        Call::Delete => told(&graph.delete(id), |_| None),
        Call::Cluster => told(&graph.evaluate_cluster(id, now), |_| None),
        _ => told(&graph.inspect(id), |_| None),
    })
}

fn on_snapshot(
    call: Call,
    graph: &Graph<&Script<'_>>,
    script: &Script<'_>,
    snapshot: &mut Snapshot,
    now: u64,
) -> arbitrary::Result<Told> {
    Ok(match call {
        Call::SnapshotVisit => {
            let entry = visit(script, now)?;
            visited(entry.ids.len(), &snapshot.visit(graph, entry))
        }
        Call::SnapshotUpsert => {
            let ids = uids(script)?;
            upserted(ids.len(), &snapshot.upsert_partner_ids(graph, ids, now))
        }
        Call::SnapshotRemove => {
            let partners = partners(script)?;
            upserted(partners.len(), &snapshot.remove_partner_ids(graph, partners, now))
        }
        Call::SnapshotTouch => told(&snapshot.update_last_seen(graph, now), |outcome| {
            Some(*outcome == TouchOutcome::Written)
        }),
        Call::SnapshotWithdraw => told(&snapshot.withdraw(graph, now), |outcome| {
            Some(*outcome == WithdrawOutcome::Written)
        }),
        _ => told(&snapshot.evaluate_cluster(graph, now), |_| None),
    })
}

/// A batch; how many rows it is about.
fn sync(graph: &Graph<&Script<'_>>, script: &Script<'_>, now: u64) -> arbitrary::Result<usize> {
    let mappings = mappings(script)?;
    let partner = script.next(|bytes| {
        Ok(if bytes.ratio(1, 32)? { PARTNERS[3] } else { *bytes.choose(&PARTNERS[..3])? })
    })?;
    let key = |ec_id: &str| EcId::parse(ec_id).ok().map(|id| id.as_str().to_owned());
    let keys: Vec<_> = mappings.iter().map(|mapping| key(&mapping.ec_id)).collect();
    let outcomes = graph.sync_partner_ids(partner, &mappings, now);
    checked(&outcomes);
    let heard = script.take_heard();
    assert_eq!(outcomes.is_err(), now > Timestamp::MAX);
    let Ok(outcomes) = outcomes else { return Ok(0) };
    assert_eq!(outcomes.len(), mappings.len());
    for (outcome, key) in outcomes.iter().zip(&keys) {
        let heard = key.as_ref().and_then(|key| heard.get(key)).copied().unwrap_or_default();
        checked(outcome);
        match outcome {
            Ok(UpsertOutcome::Written) => assert!(heard.stored, "a mapping was not stored"),
            Ok(UpsertOutcome::Invalid(why)) => discreet(why),
            Ok(_) => {}
            Err(error) => check_doubt(error, heard),
        }
    }
    Ok(keys.iter().flatten().count())
}

/// What is said to be stored was acknowledged in this very call, and no error claims more than is
/// known.
fn check_truth(call: Call, told: &Told, heard: &BTreeMap<String, Heard>) {
    let heard = heard.values().copied().next().unwrap_or_default();
    if let Some(is_stored) = told.is_stored {
        assert_eq!(is_stored, heard.stored, "{call:?} does not say what the store did");
    }
    if let Some(error) = &told.error {
        check_doubt(error, heard);
    }
}

fn check_doubt(error: &GraphError, heard: Heard) {
    let is_open = matches!(error, GraphError::Unavailable { .. });
    assert!(is_open || !heard.in_doubt, "{error:?} after a write without an answer");
}

fn told<T>(result: &Result<T, GraphError>, is_stored: impl FnOnce(&T) -> Option<bool>) -> Told {
    checked(result);
    match result {
        Ok(answer) => Told { error: None, is_stored: is_stored(answer) },
        Err(error) => Told { error: Some(error.clone()), is_stored: None },
    }
}

fn visited(
    count: usize,
    result: &Result<identity_graph::Report<VisitOutcome>, GraphError>,
) -> Told {
    told(result, |report| {
        answered(count, &report.ids);
        report.left_out.iter().for_each(|left_out| discreet(&left_out.why));
        let is_kept = [VisitOutcome::Unchanged, VisitOutcome::Withdrawn].contains(&report.outcome);
        assert!(!is_kept || !report.ids.contains(&UpsertOutcome::Written));
        Some(!is_kept)
    })
}

fn upserted(count: usize, result: &Result<Vec<UpsertOutcome>, GraphError>) -> Told {
    told(result, |outcomes| {
        answered(count, outcomes);
        // A row that is made may hold none of the UIDs.
        outcomes.contains(&UpsertOutcome::Written).then_some(true)
    })
}

fn answered(count: usize, outcomes: &[UpsertOutcome]) {
    assert_eq!(outcomes.len(), count);
    for outcome in outcomes {
        if let UpsertOutcome::Invalid(why) = outcome {
            discreet(why);
        }
    }
}

/// What is said in error holds neither an ID nor stored text, also in its debug form.
fn checked<T>(result: &Result<T, GraphError>) {
    if let Err(error) = result {
        discreet(&format!("{error} {error:?}"));
    }
}

fn discreet(said: &str) {
    let shown = ["SECRET", "3f3f3f3f3", "4e4e4e4e4"].into_iter().any(|part| said.contains(part));
    assert!(!shown, "a message holds what it must not");
}
