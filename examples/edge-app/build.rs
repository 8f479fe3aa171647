//! Says which configuration is built in: `edge-app.toml`, or the file that `EDGE_APP_CONFIG` names.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-env-changed=EDGE_APP_CONFIG");
    let file = env::var("EDGE_APP_CONFIG").unwrap_or_else(|_| "edge-app.toml".to_owned());
    // Relative to the package, whatever the directory that cargo was called from.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    assert!(path.is_file(), "EDGE_APP_CONFIG: there is no file {}", path.display());
    println!("cargo::rerun-if-changed={}", path.display());
    println!("cargo::rustc-env=EDGE_APP_CONFIG={}", path.display());
}
