//! Every operation that writes, for what is true of all of them.

use std::fmt::Debug;

use host_test::{Failure, MemoryStore, Ops, SnapshotApi, World};
use identity_graph::IfMissing::{CreateMinimal, Skip};
use identity_graph::Policy;

use crate::support::*;

/// One call that writes, on a row that lets it.
pub(crate) struct Writer {
    pub(crate) name: &'static str,
    /// What is stored before.
    pub(crate) seed: fn(&World),
    pub(crate) call: fn(&World) -> Result<String, Failure>,
    /// What it answers when nothing is in its way.
    pub(crate) outcome: &'static str,
    /// The store calls that takes.
    pub(crate) ops: Ops,
    /// Writes of those that are refused since a row is there.
    pub(crate) refused: u64,
    pub(crate) is_batch: bool,
}

impl Writer {
    /// One more read in the way of this operation.
    pub(crate) fn read(&self) -> Ops {
        if self.is_batch { get_many(1) } else { ops(1, 0) }
    }

    /// One more write.
    pub(crate) fn write(&self) -> Ops {
        if self.is_batch { put_many(1) } else { ops(0, 1) }
    }

    /// So many reads and writes more than when nothing is in its way.
    pub(crate) fn ops_and(&self, reads: u64, writes: u64) -> Ops {
        let reads = (0..reads).map(|_| self.read());
        let writes = (0..writes).map(|_| self.write());
        sum(&reads.chain(writes).chain([self.ops]).collect::<Vec<_>>())
    }

    /// Reads before the first write that is not refused.
    pub(crate) fn reads_before(&self) -> u64 {
        self.ops.gets + self.ops.get_many_keys
    }

    /// True where the operation writes whatever the key holds.
    pub(crate) fn is_blind(&self) -> bool {
        self.name == "withdraw"
    }
}

/// Runs a test for every operation that writes, over both builds, each on a store of its own.
pub(crate) fn for_every_writer(policy: Policy, test: impl Fn(&World, &Writer)) {
    for writer in &ALL {
        host_test::for_both_with(policy, |world| {
            println!("{}", writer.name);
            (writer.seed)(world);
            test(world, writer);
        });
    }
}

/// How often something was written, the refused writes not counted.
pub(crate) fn applied(store: &MemoryStore, writer: &Writer) -> u64 {
    store.ops().writes() - writer.refused
}

fn shown<T: Debug>(outcome: Result<T, Failure>) -> Result<String, Failure> {
    outcome.map(|outcome| format!("{outcome:?}"))
}

fn snapshot(world: &World) -> Result<Box<dyn SnapshotApi>, Failure> {
    Ok(world.graph.get(EC)?.expect("there is an entry"))
}

const BASE: Writer = Writer {
    name: "",
    seed: |_| {},
    call: |_| Ok(String::new()),
    outcome: "Written",
    ops: ops(1, 1),
    refused: 0,
    is_batch: false,
};

fn seed_live(world: &World) {
    live(BEFORE).uid(PARTNER, "old", 5).seed(world);
}

pub(crate) const ALL: [Writer; 13] = [
    Writer {
        name: "create",
        call: |w| shown(w.graph.create(EC, visit_with(PARTNER, "new"))),
        outcome: "()",
        ops: ops(0, 1),
        ..BASE
    },
    Writer {
        name: "create where nothing is",
        call: create_or_revive,
        outcome: "Created",
        ops: ops(0, 1),
        ..BASE
    },
    Writer {
        name: "revive",
        seed: |w| tombstone(BEFORE).seed(w),
        call: create_or_revive,
        outcome: "Revived",
        ops: ops(1, 2),
        refused: 1,
        ..BASE
    },
    Writer {
        name: "create where a lifetime is over",
        seed: |w| expired().seed(w),
        call: create_or_revive,
        outcome: "Created",
        ops: ops(1, 2),
        refused: 1,
        ..BASE
    },
    Writer { name: "upsert", seed: seed_live, call: |w| shown(upsert(w, Skip)), ..BASE },
    Writer { name: "upsert that makes the row", call: |w| shown(upsert(w, CreateMinimal)), ..BASE },
    Writer {
        name: "touch",
        seed: seed_live,
        call: |w| shown(w.graph.update_last_seen(EC, NOW)),
        ..BASE
    },
    Writer {
        name: "evaluate the cluster",
        seed: seed_live,
        call: |w| shown(w.graph.evaluate_cluster(EC, NOW)),
        outcome: "Some(1)",
        ops: Ops { gets: 1, counts: 1, puts: 1, ..NO_OPS },
        ..BASE
    },
    Writer {
        name: "upsert on a snapshot",
        seed: seed_live,
        call: |w| shown(snapshot(w)?.upsert_partner_ids(vec![uid(PARTNER, "new", NOW)], NOW)),
        outcome: "[Written]",
        ..BASE
    },
    Writer {
        name: "touch on a snapshot",
        seed: seed_live,
        call: |w| shown(snapshot(w)?.update_last_seen(NOW)),
        ..BASE
    },
    Writer {
        name: "evaluate the cluster on a snapshot",
        seed: seed_live,
        call: |w| shown(snapshot(w)?.evaluate_cluster(NOW)),
        outcome: "Some(1)",
        ops: Ops { gets: 1, counts: 1, puts: 1, ..NO_OPS },
        ..BASE
    },
    Writer {
        name: "withdraw",
        seed: seed_live,
        call: |w| shown(w.graph.write_withdrawal_tombstone(EC, NOW)),
        outcome: "()",
        ops: ops(0, 1),
        ..BASE
    },
    Writer {
        name: "sync",
        seed: seed_live,
        call: |w| {
            let mut outcomes =
                w.graph.sync_partner_ids(PARTNER, &[mapping(EC, "new", NOW)], NOW)?;
            shown(outcomes.remove(0))
        },
        ops: Ops { get_manys: 1, get_many_keys: 1, put_manys: 1, put_many_keys: 1, ..NO_OPS },
        is_batch: true,
        ..BASE
    },
];

fn create_or_revive(world: &World) -> Result<String, Failure> {
    shown(world.graph.create_or_revive(EC, visit_with(PARTNER, "new")))
}
