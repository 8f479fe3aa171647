//! What the graph's operations cost in three ways: the component under wasmtime, the same rules
//! natively, and the typed way natively. `just bench` runs it, and writes what it measured into
//! `docs/performance.md`.

mod plot;
mod report;
mod store;
mod typed;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, Criterion};
use host_test::fuel::{MADE, STANDARD_PARTNERS, ec_id, mappings, stored, uid, visit};
use host_test::{ComponentGraph, Instance, MemoryStore};
use identity_graph::{
    Graph, IdentityGraph, IfMissing, NewEntry, PartnerUid, Policy, Store, UpsertOutcome,
    VisitOutcome,
};

use store::OneRow;
use typed::Typed;

/// Partners of the rows that growth is measured on.
const PARTNERS: [usize; 4] = [1, STANDARD_PARTNERS, 50, 200];
/// Mappings of the batches.
const MAPPINGS: [usize; 4] = [10, 100, 1_000, 4_000];
/// What is compared.
const WAYS: [&str; 3] = ["component", "native", "typed"];

fn main() -> ExitCode {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    instances(&mut criterion);
    operations(&mut criterion);
    for partners in PARTNERS {
        upsert(&mut criterion, &format!("upsert-{partners}"), partners, 500);
    }
    batches(&mut criterion);
    criterion.final_summary();
    // A run of some of them, or a mere test of them, has nothing to report.
    if env::args().skip(1).any(|argument| argument != "--bench") {
        return ExitCode::SUCCESS;
    }
    match report::write() {
        Ok(summary) => {
            println!("{summary}\nWritten to docs/performance.md and docs/performance.svg.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The three ways over the same store.
struct Ways {
    component: ComponentGraph,
    native: Graph<OneRow>,
    typed: Typed<OneRow>,
}

impl Ways {
    fn over(store: OneRow) -> Self {
        Self {
            component: instance(&store).open("rows").expect("the store is there"),
            native: Graph::new(store.clone(), Policy::default()).expect("the policy is in order"),
            typed: Typed(store),
        }
    }

    /// Measures one operation in each way.
    fn measure<A, B, C>(
        &self,
        criterion: &mut Criterion,
        name: &str,
        component: impl Fn(&ComponentGraph) -> A,
        native: impl Fn(&Graph<OneRow>) -> B,
        typed: impl Fn(&Typed<OneRow>) -> C,
    ) {
        let mut group = criterion.benchmark_group(name);
        group.bench_function(WAYS[0], |b| b.iter(|| component(&self.component)));
        group.bench_function(WAYS[1], |b| b.iter(|| native(&self.native)));
        group.bench_function(WAYS[2], |b| b.iter(|| typed(&self.typed)));
        group.finish();
    }
}

fn instance(store: &OneRow) -> Instance {
    Instance::new([("rows", Box::new(store.clone()) as Box<dyn Store>)])
}

fn operations(criterion: &mut Criterion) {
    let (ec, now) = (ec_id(), MADE + 1_000);
    let ways = Ways::over(OneRow::new(stored(STANDARD_PARTNERS)));
    upsert(criterion, "upsert", STANDARD_PARTNERS, 500);
    ways.measure(
        criterion,
        "touch",
        |graph| graph.update_last_seen(&ec, now).unwrap(),
        |graph| graph.update_last_seen(&ec, now).unwrap(),
        |graph| graph.touch(&ec, now).unwrap(),
    );
    ways.measure(
        criterion,
        "tombstone",
        |graph| graph.write_withdrawal_tombstone(&ec, now).unwrap(),
        |graph| graph.write_withdrawal_tombstone(&ec, now).unwrap(),
        |graph| graph.withdraw(&ec, now).unwrap(),
    );
    let with_news = NewEntry { ids: vec![uid(STANDARD_PARTNERS / 2, 500)], now, ..visit(0) };
    page_view(criterion, "visit-with-news", &with_news, VisitOutcome::Written);
    let without_news = NewEntry { ids: vec![uid(0, 0)], ..visit(0) };
    page_view(criterion, "visit-without-news", &without_news, VisitOutcome::Unchanged);
    create(criterion, &ways);
    ways.measure(
        criterion,
        "get-metadata",
        |graph| graph.get_metadata(&ec).unwrap(),
        |graph| graph.get_metadata(&ec).unwrap(),
        |graph| graph.metadata(&ec).unwrap(),
    );
    upsert(criterion, "unchanged", STANDARD_PARTNERS, 0);
    upsert_over(criterion, "missing", OneRow::none(), &uid(0, 0));
}

/// A new entry with the UIDs of the standard row: by itself, and as an application makes it, which puts
/// together what it knows and deletes what the key holds before.
fn create(criterion: &mut Criterion, ways: &Ways) {
    let (ec, made) = (ec_id(), visit(STANDARD_PARTNERS));
    // Both write the same row, to the byte.
    let (of_native, of_typed) = (MemoryStore::new(), MemoryStore::new());
    let native = Graph::new(of_native.clone(), Policy::default()).expect("the policy is in order");
    native.create(&ec, made.clone()).expect("nothing is stored");
    Typed(of_typed.clone()).create(&ec, made.clone()).expect("nothing is stored");
    let row = |store: &MemoryStore| store.get(&ec).unwrap().map(|row| (row.body, row.metadata));
    assert_eq!(row(&of_native), row(&of_typed));

    let mut group = criterion.benchmark_group("create");
    let (entry, each) = (|| made.clone(), BatchSize::SmallInput);
    group.bench_function(WAYS[0], |b| {
        b.iter_batched(entry, |entry| ways.component.create(&ec, entry).unwrap(), each);
    });
    group.bench_function(WAYS[1], |b| {
        b.iter_batched(entry, |entry| ways.native.create(&ec, entry).unwrap(), each);
    });
    group.bench_function(WAYS[2], |b| {
        b.iter_batched(entry, |entry| ways.typed.create(&ec, entry).unwrap(), each);
    });
    group.finish();
    ways.measure(
        criterion,
        "delete-and-create",
        |graph| (graph.delete(&ec).unwrap(), graph.create(&ec, made.clone()).unwrap()),
        |graph| (graph.delete(&ec).unwrap(), graph.create(&ec, made.clone()).unwrap()),
        |graph| (graph.delete(&ec).unwrap(), graph.create(&ec, made.clone()).unwrap()),
    );
}

/// A page view over the standard row, which ends in each way like this.
fn page_view(criterion: &mut Criterion, name: &str, entry: &NewEntry, expected: VisitOutcome) {
    let ec = ec_id();
    let ways = Ways::over(OneRow::new(stored(STANDARD_PARTNERS)));
    let native = ways.native.visit(&ec, entry.clone()).map(|report| report.outcome);
    let component = ways.component.visit(&ec, entry.clone()).map(|report| report.outcome);
    assert_eq!((native.ok(), component.ok()), (Some(expected), Some(expected)));
    let writes = expected == VisitOutcome::Written;
    assert_eq!(ways.typed.visit(&ec, entry.clone()), Some(writes));
    ways.measure(
        criterion,
        name,
        |graph| graph.visit(&ec, entry.clone()).unwrap(),
        |graph| graph.visit(&ec, entry.clone()).unwrap(),
        |graph| graph.visit(&ec, entry.clone()).unwrap(),
    );
}

/// An upsert of a UID for one of so many partners; version 0 is the one that is stored.
fn upsert(criterion: &mut Criterion, name: &str, partners: usize, version: u64) {
    let id = uid(partners / 2, version);
    upsert_over(criterion, name, OneRow::new(stored(partners)), &id);
}

fn upsert_over(criterion: &mut Criterion, name: &str, store: OneRow, id: &PartnerUid) {
    let (ec, now) = (ec_id(), MADE + 1_000);
    let ways = Ways::over(store);
    // Else one of them would be fast because it gives up.
    let outcome = ways.native.upsert_partner_id(&ec, id.clone(), IfMissing::Skip, now).ok();
    let of_component = ways.component.upsert_partner_id(&ec, id.clone(), IfMissing::Skip, now);
    assert_eq!(outcome, of_component.ok());
    let expected = match outcome {
        Some(UpsertOutcome::Written) => Some(true),
        Some(UpsertOutcome::NotFound) => None,
        _ => Some(false),
    };
    assert_eq!(ways.typed.upsert(&ec, id.clone(), now), expected);
    ways.measure(
        criterion,
        name,
        |graph| graph.upsert_partner_id(&ec, id.clone(), IfMissing::Skip, now).unwrap(),
        |graph| graph.upsert_partner_id(&ec, id.clone(), IfMissing::Skip, now).unwrap(),
        |graph| graph.upsert(&ec, id.clone(), now),
    );
}

fn batches(criterion: &mut Criterion) {
    let now = MADE + 1_000;
    let ways = Ways::over(OneRow::new(stored(STANDARD_PARTNERS)));
    for number in MAPPINGS {
        let mappings = mappings(number);
        ways.measure(
            criterion,
            &format!("batch-{number}"),
            |graph| graph.sync_partner_ids("sync.example", &mappings, now).unwrap(),
            |graph| graph.sync_partner_ids("sync.example", &mappings, now).unwrap(),
            |graph| graph.sync("sync.example", &mappings).unwrap(),
        );
    }
}

fn instances(criterion: &mut Criterion) {
    let (ec, store) = (ec_id(), OneRow::new(stored(STANDARD_PARTNERS)));
    let mut group: criterion::BenchmarkGroup<'_, WallTime> = criterion.benchmark_group("instance");
    group.bench_function("pooled", |b| b.iter(|| instance(&store)));
    group.bench_function("with-a-read", |b| {
        b.iter(|| instance(&store).open("rows").unwrap().snapshot(&ec, MADE).unwrap());
    });
    group.finish();
}
