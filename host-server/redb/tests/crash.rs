//! A process that writes is killed at any moment, again and again: nothing that was acknowledged is
//! missing afterwards, or back from a withdrawal.
//!
//! `just crash` does it a hundred times.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, thread};

use host_server_redb::RedbStore;
use host_server_store::{Blocking, StoreUrl, system_clock};
use identity_graph::{Graph, IfMissing, NewEntry, PartnerUid, Policy};

/// Where the process that is killed finds its file, and the number of its first visitor.
const FILE: &str = "EC_CRASH_FILE";
const FIRST: &str = "EC_CRASH_FIRST";
/// How often the test kills.
const ROUNDS: &str = "EC_CRASH_ROUNDS";

const WRITERS: u32 = 4;
/// Visitors that each writer may get to in one life.
const VISITORS: u32 = 100_000;
/// What happens to a visitor: a visit, two UIDs, a withdrawal, a visit with new consent.
const STEPS: u32 = 5;
const START: u64 = 1_790_000_000;

type Rules = Graph<Blocking>;

fn open(path: &Path, runtime: &tokio::runtime::Runtime) -> Rules {
    let url = StoreUrl::parse(&format!("redb://{}", path.display())).unwrap();
    let store = Arc::new(RedbStore::open(url, system_clock()).unwrap());
    Graph::new(Blocking::new(store, runtime.handle().clone()), Policy::default()).unwrap()
}

fn ec_id(visitor: u32) -> String {
    format!("{visitor:064x}.crash1")
}

fn take(graph: &Rules, visitor: u32, step: u32) {
    let (ec_id, now) = (ec_id(visitor), START + u64::from(step));
    match step {
        0 | 4 => {
            graph.visit(&ec_id, NewEntry::at(now)).unwrap();
        }
        1 | 2 => {
            let id = PartnerUid::new(format!("p{step}.example"), "uid");
            graph.upsert_partner_id(&ec_id, id, IfMissing::Skip, now).unwrap();
        }
        _ => graph.write_withdrawal_tombstone(&ec_id, now).unwrap(),
    }
}

/// What a row shows after so many steps: whether consent stands, and how many UIDs. None without a row.
fn after(steps: u32) -> Option<(bool, usize)> {
    match steps {
        0 => None,
        4 => Some((false, 0)),
        5 => Some((true, 0)),
        steps => Some((true, steps as usize - 1)),
    }
}

/// The process that is killed.
#[test]
#[ignore = "the test below starts this in a process of its own"]
fn writes_until_it_is_killed() {
    let (Some(path), Ok(first)) = (env::var_os(FILE), env::var(FIRST)) else { return };
    let first: u32 = first.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let graph = open(&PathBuf::from(path), &runtime);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let graph = &graph;
            scope.spawn(move || {
                for visitor in (0..VISITORS).map(|number| first + number * WRITERS + writer) {
                    for step in 0..STEPS {
                        println!("\ntry {visitor} {step}");
                        take(graph, visitor, step);
                        println!("\nack {visitor} {step}");
                    }
                }
            });
        }
    });
}

/// How many steps of each visitor were begun, and how many acknowledged.
#[derive(Default)]
struct Known {
    begun: u32,
    acknowledged: u32,
}

/// Lets a process write until it has acknowledged so many steps, and kills it.
fn live_and_die(path: &Path, first: u32, acknowledgements: u32, known: &mut BTreeMap<u32, Known>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "writes_until_it_is_killed", "--nocapture"])
        .env(FILE, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut left = acknowledgements;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let words: Vec<_> = line.split(' ').collect();
        let ["try" | "ack", visitor, step] = words[..] else { continue };
        // The last line may be cut off by the end.
        let (Ok(visitor), Ok(step)) = (visitor.parse(), step.parse::<u32>()) else { continue };
        let known: &mut Known = known.entry(visitor).or_default();
        if words[0] == "try" {
            known.begun = step + 1;
        } else {
            known.acknowledged = step + 1;
            left = left.saturating_sub(1);
            if left == 0 {
                // What is still in the pipe is read before the loop ends.
                child.kill().unwrap();
            }
        }
    }
    assert!(!child.wait().unwrap().success(), "the process ended by itself");
    assert_eq!(left, 0, "the process ended before it was killed");
}

#[test]
fn nothing_acknowledged_is_lost_or_back_when_the_process_is_killed() {
    let rounds: u32 = env::var(ROUNDS).map_or(10, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.redb");
    let mut known = BTreeMap::new();
    for round in 0..rounds {
        // From a life's first acknowledgement to some hundreds.
        let acknowledgements = 1 + round.wrapping_mul(2_654_435_761) % 400;
        live_and_die(&path, round * WRITERS * VISITORS, acknowledgements, &mut known);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let graph = open(&path, &runtime);
        for (visitor, Known { begun, acknowledged }) in &known {
            let entry = graph.get(&ec_id(*visitor), START).unwrap().map(|row| row.entry());
            let found = entry.map(|entry| (entry.consent.ok, entry.ids.len()));
            assert!(
                found == after(*acknowledged) || found == after(*begun),
                "round {round}: after {acknowledged} acknowledged steps, {begun} begun: {found:?}"
            );
        }
    }
    let acknowledged: u32 = known.values().map(|known| known.acknowledged).sum();
    println!("{rounds} kills, {acknowledged} acknowledged steps of {} visitors", known.len());
}
