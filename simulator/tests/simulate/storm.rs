//! The storm of a page load: what is wanted of the graph, and what the common way does instead.

use identity_graph_simulator::storm::{Limit, Load, Strategy, UIDS, run};

const SEEDS: u64 = 40;

fn loads(strategy: Strategy) -> impl Iterator<Item = (Limit, u64, Load)> {
    let seeds = |limit| (0..SEEDS).map(move |seed| (limit, seed));
    let loads = Limit::ALL.into_iter().flat_map(seeds);
    loads.map(move |(limit, seed)| (limit, seed, run(strategy, limit, seed)))
}

fn sum(strategy: Strategy, limit: Limit) -> Load {
    let mut sum = Load::default();
    (0..SEEDS).for_each(|seed| sum += run(strategy, limit, seed));
    sum
}

#[test]
fn the_graph_loses_no_uid_and_tries_nothing_that_cannot_succeed() {
    for (limit, seed, load) in loads(Strategy::Graph) {
        assert_eq!((load.stored_next, load.wasted), (UIDS, 0), "{limit:?}, seed {seed}: {load:?}");
    }
}

#[test]
fn with_the_applications_rule_a_load_tries_at_most_five_writes_and_loses_no_uid() {
    for (limit, seed, load) in loads(Strategy::Application) {
        assert_eq!((load.stored_next, load.wasted), (UIDS, 0), "{limit:?}, seed {seed}: {load:?}");
        assert!(load.writes <= 5, "{limit:?}, seed {seed}: {load:?}");
    }
}

#[test]
fn a_load_meets_stale_reads_and_refusals_of_both_kinds() {
    assert!(sum(Strategy::Graph, Limit::OnePerSecond).throttled > SEEDS);
    let unlimited = sum(Strategy::Graph, Limit::None);
    assert!(unlimited.refused > SEEDS && unlimited.reported > 0, "{unlimited:?}");
    // Documents are refused, too; the next view makes up for it.
    let documents = sum(Strategy::Application, Limit::OnePerSecond);
    assert!(documents.throttled > 0 && documents.stored < SEEDS * UIDS, "{documents:?}");
}

#[test]
fn the_common_way_wastes_its_tries_and_misses_uids() {
    let limited = sum(Strategy::Common, Limit::OnePerSecond);
    assert!(limited.wasted > SEEDS * 100 && limited.stored < SEEDS * UIDS, "{limited:?}");
    let unlimited = sum(Strategy::Common, Limit::None);
    assert!(unlimited.wasted > SEEDS && unlimited.reported > SEEDS, "{unlimited:?}");
}

#[test]
fn a_seed_is_one_load() {
    for strategy in Strategy::ALL {
        let load = run(strategy, Limit::None, 3);
        assert_eq!(load, run(strategy, Limit::None, 3));
    }
}
