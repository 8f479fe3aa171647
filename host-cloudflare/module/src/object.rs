//! The half that runs in a Durable Object.

use identity_graph::{Failure, Graph, NewEntry, Policy, Snapshot, Store};
use serde::Serialize;

use crate::call::{Call, Changed, Seen, decode, encode};

/// Carries out what the other half asks, over the rows of this object. Empty for what it does not
/// understand, which is as good as no answer.
pub fn carry_out<S: Store>(call: &[u8], rows: S) -> Vec<u8> {
    let Some(call) = decode(call) else { return Vec::new() };
    let graph = match Graph::new(rows, Policy::default()) {
        Ok(graph) => graph,
        Err(error) => return encode(&Err::<(), _>(Failure::InvalidArgument(error.to_string()))),
    };
    match call {
        Call::Get { ec_id, now } => {
            answer(graph.get(&ec_id, now).map(|row| row.map(|row| see(&graph, &row, now))))
        }
        Call::GetMetadata { ec_id } => answer(graph.get_metadata(&ec_id)),
        Call::Visit { ec_id, entry } => answer(graph.visit(&ec_id, entry)),
        Call::Create { ec_id, entry } => answer(graph.create(&ec_id, entry)),
        Call::Withdraw { ec_id, now } => answer(graph.write_withdrawal_tombstone(&ec_id, now)),
        Call::Sync { partner, mappings, now } => {
            let outcomes = graph.sync_partner_ids(&partner, &mappings, now);
            let each = |outcome: Result<_, _>| outcome.map_err(Failure::from);
            answer(outcomes.map(|outcomes| outcomes.into_iter().map(each).collect::<Vec<_>>()))
        }
        Call::Inspect { ec_id } => answer(graph.inspect(&ec_id)),
        Call::VisitOn { ec_id, entry } => answer(visit_on(&graph, &ec_id, entry)),
        Call::EvaluateOn { ec_id, now } => answer(evaluate_on(&graph, &ec_id, now)),
        Call::Delete { ec_id } => answer(graph.delete(&ec_id)),
    }
}

fn answer<T: Serialize>(result: Result<T, impl Into<Failure>>) -> Vec<u8> {
    encode(&result.map_err(Into::into))
}

fn see<S: Store>(graph: &Graph<S>, row: &Snapshot, now: u64) -> Seen {
    let evaluation = graph.rules().evaluate_cluster_on(row, now).ok();
    let settled = evaluation.filter(|evaluation| evaluation.call().is_none());
    let size = settled.and_then(|evaluation| evaluation.finish().ok());
    let cluster = size.map(|size| (now, size));
    Seen { entry: row.entry(), generation: row.generation(), cluster }
}

fn visit_on<S: Store>(
    graph: &Graph<S>,
    ec_id: &str,
    entry: NewEntry,
) -> Result<Changed<impl Serialize + use<S>>, Failure> {
    Ok(match graph.get(ec_id, entry.now)? {
        Some(mut row) => Changed { outcome: row.visit(graph, entry)?, entry: Some(row.entry()) },
        None => Changed { outcome: graph.visit(ec_id, entry)?, entry: None },
    })
}

fn evaluate_on<S: Store>(
    graph: &Graph<S>,
    ec_id: &str,
    now: u64,
) -> Result<Changed<Option<u32>>, Failure> {
    Ok(match graph.get(ec_id, now)? {
        Some(mut row) => {
            Changed { outcome: row.evaluate_cluster(graph, now)?, entry: Some(row.entry()) }
        }
        None => Changed { outcome: None, entry: None },
    })
}
