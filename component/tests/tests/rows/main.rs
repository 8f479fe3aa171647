//! Stored rows: every shape is read and changed without loss, odd ones too, and no row whatever
//! makes an operation fail in another way than by its name.

mod arbitrary;
mod changes;
mod corrupt;
mod fixtures;
mod hostile;
mod large;
mod lenient;
mod metadata;
mod model;
mod occupied;
mod operations;
mod raw;
mod readers;
mod rich;
mod sequences;
mod stored;

use proptest::test_runner::{Config, FileFailurePersistence};

/// Cases of one property. The native rules are tried more often than the component.
///
/// Inputs that once failed are kept beside the tests and tried first.
fn cases(cases: u32) -> Config {
    const SEEDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rows/failures.txt");
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(SEEDS)) as Box<_>);
    Config { cases, failure_persistence, ..Config::default() }
}
