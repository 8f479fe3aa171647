//! Writes a WIT package in its binary form, as registries and binding generators take it:
//! `cargo run --package identity-graph-wit -- wit FOLDER`. The file is named after package and version.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use wit_parser::Resolve;

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let (Some(source), Some(folder)) = (arguments.next(), arguments.next()) else {
        anyhow::bail!("name the folder of the WIT package, and the folder to write to");
    };
    let file = write_package(&source, &folder)?;
    println!("{}", file.display());
    Ok(())
}

/// The file that was written.
fn write_package(source: &Path, folder: &Path) -> Result<PathBuf> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(source)?;
    let name = &resolve.packages[package].name;
    let version = name.version.as_ref().context("the WIT package has no version")?;
    let file = folder.join(format!("{}-{}-{version}.wasm", name.namespace, name.name));
    let bytes = wit_component::encode(&resolve, package)?;
    fs::write(&file, bytes).with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(file)
}
