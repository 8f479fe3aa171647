//! What the operations spend, against the table in the repository.

use std::fs;
use std::path::Path;

use host_test::fuel::{differences, measure, table};

#[test]
fn no_operation_is_more_than_two_per_cent_from_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fuel.md");
    let known = fs::read_to_string(&path).unwrap_or_default();
    let costs = measure();
    let differences = differences(&known, &costs);
    assert!(
        differences.is_empty(),
        "{}\nIf what is dearer is worth it, write the table anew with `just fuel` and say why.",
        differences.join("\n")
    );
}

#[test]
fn what_differs_is_named() {
    let costs = measure();
    let mut others = costs.clone();
    others[1].usage.fuel = others[1].usage.fuel * 97 / 100;
    others[2].usage.fuel = others[2].usage.fuel * 103 / 100;
    others[3].name = "another";
    let named = differences(&table(&others), &costs);
    let begin = [costs[1].name, costs[2].name, costs[3].name, "another"];
    assert_eq!(named.len(), begin.len(), "{named:?}");
    assert!(named.iter().zip(begin).all(|(named, begin)| named.starts_with(begin)), "{named:?}");
    assert_eq!(differences(&table(&costs), &costs), Vec::<String>::new());
}

#[test]
fn a_batch_of_a_thousand_stays_within_16_mib() {
    let costs = measure();
    let batch = costs.iter().find(|cost| cost.name == "sync-partner-ids of 1,000").unwrap();
    assert!(batch.usage.memory_bytes <= 16 << 20, "{batch:?}");
}
