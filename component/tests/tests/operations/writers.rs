//! Every operation that writes, for what is true of all of them.

use std::fmt::Debug;

use host_test::{MemoryStore, StoreCalls, TestGraph};
use identity_graph::Policy;
use identity_graph::{
    EntrySnapshot, Failure,
    IfMissing::{CreateMinimal, Skip},
};

use crate::support::*;

/// One call that writes, on a row that lets it.
pub(crate) struct Writer {
    pub(crate) name: &'static str,
    /// What is stored before.
    pub(crate) seed: fn(&TestGraph),
    pub(crate) call: fn(&TestGraph) -> Result<String, Failure>,
    /// What it answers when nothing is in its way.
    pub(crate) outcome: &'static str,
    /// What it answers when it finds the row as it wants it; `None` where that tells nothing.
    pub(crate) found: Option<&'static str>,
    /// The store calls that takes.
    pub(crate) calls: StoreCalls,
    /// Writes of those that are refused since a row is there.
    pub(crate) refused: u64,
    pub(crate) is_batch: bool,
}

impl Writer {
    /// One more read in the way of this operation.
    pub(crate) fn read(&self) -> StoreCalls {
        if self.is_batch { get_many(1) } else { calls(1, 0) }
    }

    /// One more write.
    pub(crate) fn write(&self) -> StoreCalls {
        if self.is_batch { put_many(1) } else { calls(0, 1) }
    }

    /// So many reads and writes more than when nothing is in its way.
    pub(crate) fn calls_and(&self, reads: u64, writes: u64) -> StoreCalls {
        let reads = (0..reads).map(|_| self.read());
        let writes = (0..writes).map(|_| self.write());
        sum(&reads.chain(writes).chain([self.calls]).collect::<Vec<_>>())
    }

    /// Reads before the first write that is not refused.
    pub(crate) fn reads_before(&self) -> u64 {
        self.calls.gets + self.calls.get_many_keys
    }

    /// The answer when a write in doubt turns out to have been applied.
    pub(crate) fn found(&self) -> Result<String, Failure> {
        self.found.map(str::to_owned).ok_or(UNAVAILABLE)
    }

    /// True where it makes a row of its own when it meets none, or a tombstone.
    pub(crate) fn makes_rows(&self) -> bool {
        self.name.contains(" that ")
    }

    /// True where it ends consent.
    pub(crate) fn withdraws(&self) -> bool {
        self.name.starts_with("withdraw")
    }

    /// True where the operation writes whatever the key holds.
    pub(crate) fn is_blind(&self) -> bool {
        self.name == "withdraw"
    }
}

/// Runs a test for every operation that writes, over both builds, each on a store of its own.
pub(crate) fn for_every_writer(policy: Policy, check: impl Fn(&TestGraph, &Writer)) {
    for writer in &ALL {
        host_test::for_both_with(policy, |test| {
            println!("{}", writer.name);
            (writer.seed)(test);
            check(test, writer);
        });
    }
}

/// How often something was written, the refused writes not counted.
pub(crate) fn applied(store: &MemoryStore, writer: &Writer) -> u64 {
    store.store_calls().writes() - writer.refused
}

fn shown<T: Debug>(outcome: Result<T, Failure>) -> Result<String, Failure> {
    outcome.map(|outcome| format!("{outcome:?}"))
}

fn snapshot(test: &TestGraph) -> Result<Box<dyn EntrySnapshot + '_>, Failure> {
    Ok(test.graph.get(EC, NOW)?.expect("there is an entry"))
}

const BASE: Writer = Writer {
    name: "",
    seed: |_| {},
    call: |_| Ok(String::new()),
    outcome: "Written",
    found: Some("Unchanged"),
    calls: calls(1, 1),
    refused: 0,
    is_batch: false,
};

fn seed_live(test: &TestGraph) {
    live(BEFORE).uid(PARTNER, "old", 5).seed(test);
}

pub(crate) const ALL: [Writer; 21] = [
    Writer {
        name: "create",
        call: |t| shown(done(t.graph.create(EC, visit_with(PARTNER, "new")))),
        outcome: "()",
        found: None,
        calls: calls(0, 1),
        ..BASE
    },
    Writer {
        name: "create where nothing is",
        call: create_or_revive,
        outcome: "Created",
        found: Some("AlreadyLive"),
        calls: calls(0, 1),
        ..BASE
    },
    Writer {
        name: "revive",
        seed: |t| tombstone(BEFORE).seed(t),
        call: create_or_revive,
        outcome: "Revived",
        found: Some("AlreadyLive"),
        calls: calls(1, 2),
        refused: 1,
        ..BASE
    },
    Writer {
        name: "create where a lifetime is over",
        seed: |t| expired().seed(t),
        call: create_or_revive,
        outcome: "Created",
        found: Some("AlreadyLive"),
        calls: calls(1, 2),
        refused: 1,
        ..BASE
    },
    Writer { name: "upsert", seed: seed_live, call: |t| shown(upsert(t, Skip)), ..BASE },
    Writer { name: "upsert that makes the row", call: |t| shown(upsert(t, CreateMinimal)), ..BASE },
    Writer {
        name: "touch",
        seed: seed_live,
        call: |t| shown(t.graph.update_last_seen(EC, NOW)),
        found: Some("Debounced"),
        ..BASE
    },
    Writer {
        name: "evaluate the cluster",
        seed: seed_live,
        call: |t| shown(t.graph.evaluate_cluster(EC, NOW)),
        outcome: "Some(1)",
        found: Some("Some(1)"),
        calls: StoreCalls { gets: 1, counts: 1, puts: 1, ..NO_CALLS },
        ..BASE
    },
    Writer {
        name: "upsert on a snapshot",
        seed: seed_live,
        call: |t| shown(snapshot(t)?.upsert_partner_ids(vec![uid(PARTNER, "new", NOW)], NOW)),
        outcome: "[Written]",
        found: Some("[Unchanged]"),
        ..BASE
    },
    Writer {
        name: "touch on a snapshot",
        seed: seed_live,
        call: |t| shown(snapshot(t)?.update_last_seen(NOW)),
        found: Some("Debounced"),
        ..BASE
    },
    Writer {
        name: "evaluate the cluster on a snapshot",
        seed: seed_live,
        call: |t| shown(snapshot(t)?.evaluate_cluster(NOW)),
        outcome: "Some(1)",
        found: Some("Some(1)"),
        calls: StoreCalls { gets: 1, counts: 1, puts: 1, ..NO_CALLS },
        ..BASE
    },
    Writer {
        name: "withdraw",
        seed: seed_live,
        call: |t| shown(t.graph.write_withdrawal_tombstone(EC, NOW)),
        outcome: "()",
        calls: calls(0, 1),
        ..BASE
    },
    Writer {
        name: "withdraw on a snapshot",
        seed: seed_live,
        call: |t| shown(snapshot(t)?.withdraw(NOW)),
        ..BASE
    },
    Writer {
        name: "sync",
        seed: seed_live,
        call: |t| {
            let mut outcomes =
                t.graph.sync_partner_ids(PARTNER, &[mapping(EC, "new", NOW)], NOW)?;
            shown(outcomes.remove(0))
        },
        calls: StoreCalls {
            get_manys: 1,
            get_many_keys: 1,
            put_manys: 1,
            put_many_keys: 1,
            ..NO_CALLS
        },
        is_batch: true,
        ..BASE
    },
    Writer { name: "visit", seed: seed_live, call: visit, ..BASE },
    Writer { name: "visit that makes the row", call: visit, outcome: "Created", ..BASE },
    Writer {
        name: "visit that makes a row anew",
        seed: |t| expired().seed(t),
        call: visit,
        outcome: "Created",
        ..BASE
    },
    Writer {
        name: "visit that revives the row",
        seed: |t| tombstone(BEFORE).seed(t),
        call: visit,
        outcome: "Revived",
        ..BASE
    },
    Writer {
        name: "visit on a snapshot",
        seed: seed_live,
        call: |t| shown(done(snapshot(t)?.visit(visit_with(PARTNER, "new")))),
        ..BASE
    },
    Writer {
        name: "remove",
        seed: seed_live,
        call: |t| {
            let mut outcomes = t.graph.remove_partner_ids(EC, vec![PARTNER.into()], NOW)?;
            shown(Ok(outcomes.remove(0)))
        },
        ..BASE
    },
    Writer {
        name: "remove on a snapshot",
        seed: seed_live,
        call: |t| {
            let mut outcomes = snapshot(t)?.remove_partner_ids(vec![PARTNER.into()], NOW)?;
            shown(Ok(outcomes.remove(0)))
        },
        ..BASE
    },
];

fn visit(test: &TestGraph) -> Result<String, Failure> {
    shown(done(test.graph.visit(EC, visit_with(PARTNER, "new"))))
}

fn create_or_revive(test: &TestGraph) -> Result<String, Failure> {
    shown(done(test.graph.create_or_revive(EC, visit_with(PARTNER, "new"))))
}
