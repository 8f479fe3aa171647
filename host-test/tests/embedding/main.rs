//! The blocks of Rust on docs/embedding.md are the files beside this one, and run here.

use std::fs;
use std::path::Path;

use host_test::COMPONENT;

/// What the page holds, in its order. A project of one's own has the WIT package in its folder.
fn blocks() -> [String; 3] {
    let hosted = include_str!("hosted.rs").replace("\"../wit\"", "\"wit\"");
    [include_str!("linked.rs").to_owned(), hosted, include_str!("conformance.rs").to_owned()]
}

#[test]
fn the_page_has_these_blocks_and_no_others() {
    let page = include_str!("../../../docs/embedding.md");
    let blocks_of_rust = page.split("\n```rust").skip(1);
    let shown = blocks_of_rust.map(|rest| rest.split("```\n").next().unwrap().trim_start());
    assert_eq!(shown.collect::<Vec<_>>(), blocks());
}

mod linked {
    include!("linked.rs");
    include!("conformance.rs");

    #[test]
    fn the_block_runs() {
        assert_eq!(main(), Ok(()));
    }
}

#[allow(missing_docs, unreachable_pub, unused_qualifications, dead_code, clippy::pedantic)]
mod hosted {
    use super::{COMPONENT, Path, fs};

    include!("hosted.rs");

    #[test]
    fn the_block_runs() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("identity-graph.wasm");
        fs::write(&file, COMPONENT).unwrap();
        let visits = visits(file.to_str().unwrap()).unwrap();
        assert!(matches!(visits, [VisitOutcome::Created, VisitOutcome::Unchanged]));
    }
}
