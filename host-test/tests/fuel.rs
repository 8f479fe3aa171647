//! What the operations spend, against the table in the repository.

use std::fs;
use std::path::Path;

use host_test::spent::{dearer, measure, table};

#[test]
fn no_operation_is_more_than_two_per_cent_dearer_than_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fuel.md");
    let known = fs::read_to_string(&path).unwrap_or_default();
    let costs = measure();
    let dearer = dearer(&known, &costs);
    assert!(
        dearer.is_empty(),
        "{}\nIf that is worth it, write the table anew with `just fuel` and say why.",
        dearer.join("\n")
    );
}

#[test]
fn what_is_dearer_is_named() {
    let costs = measure();
    let mut cheaper = costs.clone();
    cheaper[1].spent.fuel = cheaper[1].spent.fuel * 97 / 100;
    cheaper.pop();
    let named = dearer(&table(&cheaper), &costs);
    assert_eq!(named.len(), 2, "{named:?}");
    assert!(named[0].starts_with(costs[1].name), "{named:?}");
    assert!(named[1].ends_with("is not in the table"), "{named:?}");
    assert_eq!(dearer(&table(&costs), &costs), Vec::<String>::new());
}

#[test]
fn a_batch_of_a_thousand_stays_within_16_mib() {
    let costs = measure();
    let batch = costs.iter().find(|cost| cost.name == "sync-partner-ids of 1,000").unwrap();
    assert!(batch.spent.memory_bytes <= 16 << 20, "{batch:?}");
}
