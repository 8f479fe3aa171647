//! Every kept input of the fuzz targets.

use std::fs;
use std::path::Path;

fn for_each_seed(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let mut count = 0;
    for file in fs::read_dir(&folder).expect("the seeds are in the repository") {
        let path = file.expect("a file").path();
        // Shown by the test runner when the test fails.
        println!("{}", path.display());
        run(&fs::read(&path).expect("a readable file"));
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn every_row_seed_is_answered() {
    for_each_seed("row", identity_graph_fuzz::row);
}

#[test]
fn every_consent_seed_is_answered() {
    for_each_seed("consent", identity_graph_fuzz::consent);
}

#[test]
fn every_operations_seed_is_answered() {
    for_each_seed("operations", identity_graph_fuzz::operations);
}
