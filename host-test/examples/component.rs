//! Writes the graph's component to a file, for what composes it:
//! `cargo run --package host-test --example component -- FILE`.

use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let Some(path) = env::args_os().nth(1) else {
        eprintln!("name the file to write the component to");
        return ExitCode::FAILURE;
    };
    if let Err(error) = fs::write(&path, host_test::COMPONENT) {
        eprintln!("{} cannot be written: {error}", path.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
