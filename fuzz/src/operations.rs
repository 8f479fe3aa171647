//! Sequences of operations over a store that answers anything.

use arbitrary::{Arbitrary, Unstructured};
use identity_graph::{
    Device, EcId, Geo, Graph, GraphError, IfMissing, Mapping, NewEntry, PartnerUid, Policy,
    Snapshot, UpsertOutcome,
};

use crate::script::Script;

/// One EC ID is bare, and the last is none.
const IDS: [&str; 4] = [
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f",
    "3F3F3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Fuzz11",
    "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e.fuzz11",
    "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e.",
];
const PARTNERS: [&str; 4] = ["a.example", "B.example", "acme_ssp", "no partner"];
const UIDS: [&str; 4] = ["SECRET-A", "SECRET-B", "\"\\\u{e9}", " "];

/// Store calls that one operation on one row may take: a write and a read for each try, a read
/// before the first, one for a second look, and a count.
const MOST_CALLS: usize = 9;

#[derive(Debug, Arbitrary)]
enum Call {
    Get,
    GetMetadata,
    Create,
    CreateOrRevive,
    Upsert { create: bool },
    UpsertOne { create: bool },
    Touch,
    Withdraw,
    Delete,
    Sync,
    Cluster,
    Inspect,
    SnapshotUpsert,
    SnapshotTouch,
    SnapshotCluster,
}

/// Runs operations as the bytes say, until they are over: none panics, none asks the store for more
/// than it may, none says what it must not, and a batch answers each mapping.
///
/// # Panics
/// When one of these does not hold.
pub fn operations(data: &[u8]) {
    let script = Script::new(Unstructured::new(data));
    let Ok(graph) = Graph::new(&script, Policy::default()) else { return };
    let mut snapshot = None;
    while !script.is_over() {
        if step(&graph, &script, &mut snapshot).is_err() {
            return;
        }
    }
}

fn step(
    graph: &Graph<&Script<'_>>,
    script: &Script<'_>,
    snapshot: &mut Option<Snapshot>,
) -> arbitrary::Result<()> {
    let (call, id, now) = script.next(|bytes| {
        let now = match bytes.int_in_range(0..=7)? {
            0 => bytes.arbitrary()?,
            _ => bytes.int_in_range(900..=3_000)?,
        };
        Ok((bytes.arbitrary::<Call>()?, *bytes.choose(&IDS)?, now))
    })?;
    let missing = |create| if create { IfMissing::CreateMinimal } else { IfMissing::Skip };
    let before = script.reads.get() + script.writes.get();
    let mut rows = 1;
    match call {
        Call::Get => {
            let read = graph.get(id);
            checked(&read);
            if let Ok(Some(read)) = read {
                let entry = read.entry();
                assert!(entry.consent.ok || entry.ids.is_empty(), "a tombstone shows UIDs");
                *snapshot = Some(read);
            }
        }
        Call::GetMetadata => checked(&graph.get_metadata(id)),
        Call::Create => checked(&graph.create(id, visit(script, now)?)),
        Call::CreateOrRevive => checked(&graph.create_or_revive(id, visit(script, now)?)),
        Call::Upsert { create } => {
            let ids = uids(script)?;
            let count = ids.len();
            answered(count, &graph.upsert_partner_ids(id, ids, missing(create), now));
        }
        Call::UpsertOne { create } => {
            checked(&graph.upsert_partner_id(id, uid(script)?, missing(create), now));
        }
        Call::Touch => checked(&graph.update_last_seen(id, now)),
        Call::Withdraw => checked(&graph.write_withdrawal_tombstone(id, now)),
        Call::Delete => checked(&graph.delete(id)),
        Call::Sync => {
            let mappings = mappings(script)?;
            rows = mappings.iter().filter(|mapping| EcId::parse(&mapping.ec_id).is_ok()).count();
            let outcomes = graph.sync_partner_ids("a.example", &mappings, now);
            checked(&outcomes);
            if let Ok(outcomes) = outcomes {
                assert_eq!(outcomes.len(), mappings.len());
                outcomes.iter().for_each(checked);
            }
        }
        Call::Cluster => checked(&graph.evaluate_cluster(id, now)),
        Call::Inspect => checked(&graph.inspect(id)),
        Call::SnapshotUpsert => {
            let ids = uids(script)?;
            if let Some(snapshot) = snapshot {
                answered(ids.len(), &snapshot.upsert_partner_ids(graph, ids, now));
            }
        }
        Call::SnapshotTouch => {
            if let Some(snapshot) = snapshot {
                checked(&snapshot.update_last_seen(graph, now));
            }
        }
        Call::SnapshotCluster => {
            if let Some(snapshot) = snapshot {
                checked(&snapshot.evaluate_cluster(graph, now));
            }
        }
    }
    let calls = script.reads.get() + script.writes.get() - before;
    assert!(calls <= MOST_CALLS * rows.max(1), "{call:?} made {calls} store calls");
    Ok(())
}

/// What is said in error holds neither an ID nor stored text, also in its debug form.
fn checked<T>(result: &Result<T, GraphError>) {
    if let Err(error) = result {
        let said = format!("{error} {error:?}");
        assert!(
            !said.contains("SECRET") && !said.contains("3f3f3f3f3") && !said.contains("4e4e4e4e4")
        );
    }
}

fn answered(count: usize, result: &Result<Vec<UpsertOutcome>, GraphError>) {
    checked(result);
    if let Ok(outcomes) = result {
        assert_eq!(outcomes.len(), count);
    }
}

fn uid(script: &Script<'_>) -> arbitrary::Result<PartnerUid> {
    script.next(|bytes| {
        let synced = match bytes.int_in_range(0..=7)? {
            0 => None,
            1 => Some(bytes.arbitrary()?),
            _ => Some(bytes.int_in_range(900..=3_000)?),
        };
        // The last of both lists is refused, and then nothing else happens: seldom.
        let partner =
            if bytes.ratio(1, 32)? { PARTNERS[3] } else { bytes.choose(&PARTNERS[..3])? };
        let uid = if bytes.ratio(1, 32)? { UIDS[3] } else { bytes.choose(&UIDS[..3])? };
        Ok(PartnerUid { partner: partner.to_owned(), uid: uid.to_owned(), synced })
    })
}

fn uids(script: &Script<'_>) -> arbitrary::Result<Vec<PartnerUid>> {
    let count = script.next(|bytes| bytes.int_in_range(0..=4))?;
    (0..count).map(|_| uid(script)).collect()
}

fn mappings(script: &Script<'_>) -> arbitrary::Result<Vec<Mapping>> {
    let count = script.next(|bytes| bytes.int_in_range(0..=6))?;
    let mapping = |_| {
        let PartnerUid { uid, synced, .. } = uid(script)?;
        let ec_id = script.next(|bytes| bytes.choose(&IDS).copied())?.to_owned();
        Ok(Mapping { ec_id, uid, synced: synced.unwrap_or_default() })
    };
    (0..count).map(mapping).collect()
}

fn visit(script: &Script<'_>, now: u64) -> arbitrary::Result<NewEntry> {
    let ids = uids(script)?;
    script.next(|bytes| {
        let country = bytes.choose(&["US", "de", "nowhere"])?;
        let geo = Geo {
            country: (*country).to_owned(),
            region: None,
            asn: bytes.arbitrary()?,
            dma: None,
        };
        let device = Device {
            is_mobile: bytes.int_in_range(0..=3)?,
            ja4_class: bytes.arbitrary()?,
            platform_class: None,
            h2_fp_hash: None,
            known_browser: bytes.arbitrary()?,
        };
        Ok(NewEntry {
            tcf: bytes.arbitrary()?,
            gpp: bytes.arbitrary()?,
            geo: bytes.ratio(1, 2)?.then_some(geo),
            device: bytes.ratio(1, 2)?.then_some(device),
            domain: bytes.ratio(1, 2)?.then(|| "news.example".to_owned()),
            ids,
            now,
        })
    })
}
