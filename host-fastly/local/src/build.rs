//! From a crate to what Viceroy runs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGET: &str = "wasm32-wasip1";
const PROFILE: &str = "component";

/// Builds a package of this workspace for Fastly; the path of the module, whose file name cargo makes
/// of the name of the library or program.
///
/// # Panics
/// When the target is not installed or the package does not compile.
#[must_use]
pub fn module(package: &str, file: &str) -> PathBuf {
    check_target();
    let target_dir = workspace().join("target");
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace()).args(["build", "--quiet", "--package", package]);
    cargo.args(["--target", TARGET, "--profile", PROFILE, "--target-dir"]).arg(&target_dir);
    run(&mut cargo, "install Rust from https://rustup.rs");
    target_dir.join(TARGET).join(PROFILE).join(file)
}

/// Makes a component of a module that uses the `fastly` crate; the path of the component.
///
/// # Panics
/// When Viceroy is missing or refuses the module.
#[must_use]
pub fn adapt(module: &Path) -> PathBuf {
    let component = module.with_extension("component.wasm");
    let mut viceroy = Command::new("viceroy");
    viceroy.arg("adapt").arg(module).arg("--output").arg(&component);
    run(&mut viceroy, crate::viceroy::INSTALL);
    component
}

/// Plugs what a component imports with another's exports; the path of the composition.
///
/// # Panics
/// When wac is missing or the two do not fit.
#[must_use]
pub fn plug(socket: &Path, plug: &Path) -> PathBuf {
    let composed = socket.with_extension("composed.wasm");
    let mut wac = Command::new("wac");
    wac.arg("plug").arg(socket).arg("--plug").arg(plug).arg("--output").arg(&composed);
    run(&mut wac, "install it with\n\njust _fastly-tools\n");
    composed
}

/// The top directory of the workspace.
///
/// # Panics
/// When this crate was moved within the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("two levels down")
}

fn run(command: &mut Command, install: &str) {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => panic!("{command:?} failed ({status}); its own words are above"),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("{program} is not installed: {install}")
        }
        Err(error) => panic!("{program} cannot be run: {error}"),
    }
}

fn check_target() {
    let mut rustc = Command::new("rustc");
    let output = rustc.args(["--print", "target-libdir", "--target", TARGET]).output();
    let directory = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let installed = directory.is_ok_and(|directory| Path::new(directory.trim()).is_dir());
    assert!(
        installed,
        "the Rust target {TARGET}, which Fastly runs, is not installed; install it with\n\n\
         rustup target add wasm32-unknown-unknown wasm32-wasip1\n"
    );
}
