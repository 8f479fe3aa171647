//! Builds components, for the build scripts of packages that have one as bytes: so `cargo run` and
//! `cargo test` of whoever hosts it need nothing but the target.
//!
//! The package is compiled to a core module in a target directory of its own (the outer cargo holds the
//! lock of the usual one), and the module is encoded as a component.

mod metadata;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};

use wit_component::ComponentEncoder;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "component";

/// Settings of the outer build that would change what the component is built for or by.
const LEAKING: [&str; 6] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTFLAGS",
    // Under `cargo clippy` this is clippy, which would lint the component instead of building it.
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
];

/// Builds the component of a package of this workspace, as a file of this name in the folder of the
/// build script that calls this. It is built again when something changes at these paths of the workspace.
/// What goes wrong is told, and ends the script.
pub fn component(package: &str, inputs: &[&str], name: &str) {
    if let Err(error) = build(package, inputs, name) {
        eprintln!("{error}");
        exit(1);
    }
}

fn build(package: &str, inputs: &[&str], name: &str) -> Result<(), Box<dyn Error>> {
    let script = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let is_workspace = |folder: &&Path| folder.join("Cargo.lock").is_file();
    let workspace = script.ancestors().find(is_workspace);
    let workspace = workspace.ok_or("this package is not in its workspace")?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    for input in inputs.iter().copied().chain(["wit", "Cargo.toml", "Cargo.lock"]) {
        println!("cargo::rerun-if-changed={}", workspace.join(input).display());
    }

    check_target(workspace)?;
    let module = build_module(package, workspace, &out.join("guest"))?;
    let component = ComponentEncoder::default()
        .module(&fs::read(&module)?)
        .and_then(ComponentEncoder::encode)
        .map_err(|error| format!("{} cannot be made a component: {error:#}", module.display()))?;
    let (version, license) = (variable("CARGO_PKG_VERSION")?, variable("CARGO_PKG_LICENSE")?);
    let title = name.trim_end_matches(".wasm");
    let component = metadata::add(&component, title, &version, &license, &compiler(workspace)?)?;
    fs::write(out.join(name), component)?;
    Ok(())
}

/// The version of the compiler, as `1.95.0 (59807616e 2026-04-14)`.
fn compiler(workspace: &Path) -> Result<String, Box<dyn Error>> {
    let output =
        Command::new(variable("RUSTC")?).arg("--version").current_dir(workspace).output()?;
    let version = String::from_utf8(output.stdout)?;
    let version = version.trim().strip_prefix("rustc ").ok_or("rustc does not tell its version")?;
    Ok(version.to_owned())
}

/// Cargo's own words for a missing target hide what to do among errors about `core`.
fn check_target(workspace: &Path) -> Result<(), Box<dyn Error>> {
    let output = Command::new(variable("RUSTC")?)
        .args(["--print", "sysroot"])
        .current_dir(workspace)
        .output()?;
    let sysroot = String::from_utf8(output.stdout)?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).join("lib");
    if library.is_dir() {
        return Ok(());
    }
    Err(format!(
        "the Rust target {TARGET}, which components are built for, is not installed. Install it with\n\n\
         rustup target add wasm32-unknown-unknown wasm32-wasip1\n"
    )
    .into())
}

fn build_module(
    package: &str,
    workspace: &Path,
    target_dir: &Path,
) -> Result<PathBuf, Box<dyn Error>> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo
        .current_dir(workspace)
        .args(["build", "--package", package])
        .args(["--target", TARGET, "--profile", PROFILE])
        .arg("--manifest-path")
        .arg(workspace.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target_dir);
    for name in LEAKING {
        cargo.env_remove(name);
    }
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!("building the module of {package} failed ({status})").into());
    }
    let module = format!("{}.wasm", package.replace('-', "_"));
    Ok(target_dir.join(TARGET).join(PROFILE).join(module))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}; run this through cargo"))
}
