//! Writes docs/fuel.md: what each operation spends.

use std::fs;
use std::path::Path;

use host_test::fuel::{measure, table};

const HEAD: &str = "# What each operation spends

Fuel counts the WebAssembly instructions that the component executes, about one for each, the same on every machine; what the host does for a call (copying in and out, the store) is not in it. The row is the standard one of [performance.md](performance.md): 12 partners, 1.6 KB, unless the name says otherwise. Memory is the most that the instance had. `just fuel` writes this page; CI fails, and names the operation, when one takes more than 2 % more than it says, or less.

";

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fuel.md");
    fs::write(&path, format!("{HEAD}{}", table(&measure()))).expect("docs/fuel.md can be written");
}
