//! The crates that are published stand by themselves: what their manifests say again agrees with the
//! workspace.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

const PUBLISHED: [&str; 3] = ["component/rules", "conformance", "host-fastly/store"];

fn manifest(folder: &str) -> Table {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
    text.parse().unwrap()
}

/// The workspace's table of this name.
fn workspace(name: &str) -> Table {
    manifest("")["workspace"][name].as_table().unwrap().clone()
}

/// What has a member `workspace`, at any level.
fn inherited(table: &Table) -> Vec<&str> {
    let mut found = Vec::new();
    for (name, value) in table {
        let Some(table) = value.as_table() else { continue };
        if table.contains_key("workspace") {
            found.push(name.as_str());
        }
        found.extend(inherited(table));
    }
    found
}

/// The version that a dependency asks for; `None` where it gives none.
fn version(dependency: &Value) -> Option<&str> {
    dependency.as_str().or_else(|| dependency.get("version")?.as_str())
}

#[test]
fn a_published_crate_takes_nothing_from_the_workspace() {
    for folder in PUBLISHED {
        let manifest = manifest(folder);
        let inherited = inherited(&manifest);
        assert!(inherited.is_empty(), "{folder}/Cargo.toml inherits {inherited:?}");
    }
}

#[test]
fn a_published_crate_has_the_version_and_the_lints_of_the_workspace() {
    let (package, lints) = (workspace("package"), workspace("lints"));
    for folder in PUBLISHED {
        let manifest = manifest(folder);
        for name in ["version", "edition", "rust-version", "license"] {
            assert_eq!(manifest["package"][name], package[name], "{name} of {folder}/Cargo.toml");
        }
        assert_eq!(manifest["lints"].as_table(), Some(&lints), "lints of {folder}/Cargo.toml");
    }
}

#[test]
fn a_published_crate_takes_the_versions_that_the_workspace_builds_with() {
    let (package, dependencies) = (workspace("package"), workspace("dependencies"));
    for folder in PUBLISHED {
        let manifest = manifest(folder);
        let tables = ["dependencies", "dev-dependencies"].map(|name| manifest.get(name));
        for (name, dependency) in
            tables.into_iter().flatten().flat_map(|table| table.as_table().unwrap())
        {
            let wanted = version(dependency);
            let built = version(&dependencies[name]).or(package["version"].as_str());
            let mut parts = wanted.unwrap_or_default().split('.').zip(built.unwrap().split('.'));
            assert!(
                wanted.is_some() && parts.all(|(wanted, built)| wanted == built),
                "{folder}/Cargo.toml asks for {name} {wanted:?}; the workspace builds with {built:?}"
            );
        }
    }
}
