//! A bounded set of seeds. `EC_GRAPH_SEED=17 cargo test --test simulate seeds` runs one seed and
//! tells its story; `EC_GRAPH_SEEDS=100000` runs more of them.

use std::env;

use identity_graph_simulator::random::{self, Tally};
use identity_graph_simulator::{Component, NativeRules, Workers};

fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is {value}: expected a number")))
}

/// Runs seeds and sums up what they made happen.
fn run(workers: &dyn Workers, seeds: u64) -> Tally {
    if let Some(seed) = number("EC_GRAPH_SEED") {
        let history = random::history(workers, seed);
        println!("{}", history.timeline("ms"));
        assert_eq!(history.broken, None);
        return Tally::default();
    }
    let mut tally = Tally::default();
    for seed in 0..number("EC_GRAPH_SEEDS").unwrap_or(seeds) {
        match random::run(workers, seed) {
            Ok(of_seed) => tally += of_seed,
            Err(history) => {
                panic!("\n{}\nEC_GRAPH_SEED={seed} runs it again", history.timeline("ms"))
            }
        }
    }
    tally
}

#[test]
fn every_invariant_holds_over_the_component() {
    run(&Component, 2_000);
}

#[test]
fn every_invariant_holds_over_the_native_rules() {
    run(&NativeRules, 20_000);
}

#[test]
fn the_store_does_misbehave() {
    let mut tally = Tally::default();
    for seed in 0..500 {
        tally += random::run(&NativeRules, seed).unwrap_or_else(|h| panic!("{}", h.timeline("ms")));
    }
    let Tally { workers, calls, stale_reads, conflicts, throttled, faults, .. } = tally;
    assert!(workers > 2_500 && calls > workers, "{tally:?}");
    for happened in [stale_reads, conflicts, throttled, faults] {
        assert!(happened > 100, "{tally:?}");
    }
}

#[test]
fn a_seed_is_one_history_whoever_carries_it_out() {
    for seed in 0..200 {
        let told = random::history(&Component, seed);
        assert_eq!(told, random::history(&Component, seed), "seed {seed}");
        assert_eq!(told, random::history(&NativeRules, seed), "seed {seed}");
    }
}
