//! The graph as the routes call it, with what it answers counted.

use std::time::Instant;

use edge_routes::{GraphCalls, SnapshotCalls};
use host_server_runtime::{Graph, Snapshot};
use identity_graph::{
    Entry, Failure, Mapping, Metadata, Name, NewEntry, RawRow, Report, UpsertOutcome, VisitOutcome,
};

use crate::metrics::Metrics;

#[derive(Clone)]
pub(crate) struct Counted {
    pub(crate) graph: Graph,
    pub(crate) metrics: Metrics,
}

pub(crate) struct CountedSnapshot {
    snapshot: Snapshot,
    metrics: Metrics,
}

impl Metrics {
    /// Counts what an operation has answered, by the name that `name` has for a success.
    fn counted<T>(
        &self,
        operation: &'static str,
        begun: Instant,
        answer: Result<T, Failure>,
        name: impl FnOnce(&T) -> &'static str,
    ) -> Result<T, Failure> {
        let outcome = answer.as_ref().map_or_else(Failure::name, name);
        self.call(operation, outcome, begun);
        answer
    }

    fn counted_report<O>(
        &self,
        operation: &'static str,
        begun: Instant,
        answer: Result<Report<O>, Failure>,
        name: impl FnOnce(&Report<O>) -> &'static str,
    ) -> Result<Report<O>, Failure> {
        if let Ok(report) = &answer {
            self.uids(&report.ids);
            self.left_out(&report.left_out);
        }
        self.counted(operation, begun, answer, name)
    }
}

#[allow(clippy::ref_option, reason = "it is given what a call has answered")]
fn found<T>(answer: &Option<T>) -> &'static str {
    if answer.is_some() { "found" } else { "not-found" }
}

impl GraphCalls for Counted {
    type Snapshot<'g> = CountedSnapshot;

    async fn get(&self, ec_id: &str, now: u64) -> Result<Option<CountedSnapshot>, Failure> {
        let begun = Instant::now();
        let answer = self.graph.get(ec_id, now).await;
        let answer = self.metrics.counted("get", begun, answer, found)?;
        let metrics = self.metrics.clone();
        Ok(answer.map(|snapshot| CountedSnapshot { snapshot, metrics }))
    }

    async fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, Failure> {
        let begun = Instant::now();
        let answer = self.graph.get_metadata(ec_id).await;
        self.metrics.counted("get-metadata", begun, answer, found)
    }

    async fn visit(&self, ec_id: &str, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        let begun = Instant::now();
        let answer = self.graph.visit(ec_id, entry).await;
        self.metrics.counted_report("visit", begun, answer, Report::name)
    }

    async fn create(&self, ec_id: &str, entry: NewEntry) -> Result<Report<()>, Failure> {
        let begun = Instant::now();
        let answer = self.graph.create(ec_id, entry).await;
        self.metrics.counted_report("create", begun, answer, |_| "created")
    }

    async fn write_withdrawal_tombstone(&self, ec_id: &str, now: u64) -> Result<(), Failure> {
        let begun = Instant::now();
        let answer = self.graph.write_withdrawal_tombstone(ec_id, now).await;
        self.metrics.counted("write-withdrawal-tombstone", begun, answer, |()| "written")
    }

    async fn delete(&self, ec_id: &str) -> Result<bool, Failure> {
        let begun = Instant::now();
        let answer = self.graph.delete(ec_id).await;
        let name = |found: &bool| if *found { "deleted" } else { "not-found" };
        self.metrics.counted("delete", begun, answer, name)
    }

    async fn sync_partner_ids(
        &self,
        partner: &str,
        mappings: &[Mapping],
        now: u64,
    ) -> Result<Vec<Result<UpsertOutcome, Failure>>, Failure> {
        let begun = Instant::now();
        let answer = self.graph.sync_partner_ids(partner, mappings, now).await;
        let answer = self.metrics.counted("sync-partner-ids", begun, answer, |_| "done")?;
        self.metrics.uids(&answer);
        Ok(answer)
    }

    async fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, Failure> {
        let begun = Instant::now();
        let answer = self.graph.inspect(ec_id).await;
        self.metrics.counted("inspect", begun, answer, found)
    }
}

impl SnapshotCalls for CountedSnapshot {
    fn entry(&self) -> Entry {
        self.snapshot.entry().clone()
    }

    fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    async fn visit(&mut self, entry: NewEntry) -> Result<Report<VisitOutcome>, Failure> {
        let begun = Instant::now();
        let answer = self.snapshot.visit(entry).await;
        self.metrics.counted_report("visit", begun, answer, Report::name)
    }

    async fn evaluate_cluster(&mut self, now: u64) -> Result<Option<u32>, Failure> {
        let begun = Instant::now();
        let answer = self.snapshot.evaluate_cluster(now).await;
        self.metrics.counted("evaluate-cluster", begun, answer, found)
    }
}
