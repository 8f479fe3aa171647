//! The program, as a process of its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::service::Service;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ec-graph-server.toml");

/// The server over one store; it ends with this.
pub(crate) struct Program {
    child: Child,
    origin: String,
}

impl Program {
    pub(crate) fn start(store: &str) -> Result<Self> {
        // It stands beside the folder of the examples.
        let here = std::env::current_exe()?;
        let folder = here.parent().and_then(|examples| examples.parent()).map(PathBuf::from);
        let program = folder.context("the program has no folder")?.join("ec-graph-server");
        let mut child = Command::new(&program)
            .args(["--config", CONFIG, "--listen", "127.0.0.1:0"])
            .env("EC_GRAPH_STORE", store)
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let mut lines = BufReader::new(child.stderr.take().context("it is piped")?);
        let mut said = String::new();
        let mut program = Self { child, origin: String::new() };
        loop {
            said.clear();
            ensure!(lines.read_line(&mut said)? > 0, "the server did not start");
            if let Some((_, address)) = said.split_once("listening on ") {
                address.trim().clone_into(&mut program.origin);
                break;
            }
        }
        // A full pipe would stop the server.
        thread::spawn(move || lines.lines().for_each(drop));
        Ok(program)
    }

    pub(crate) fn service(self: &Arc<Self>) -> Service {
        let program = Arc::clone(self);
        let log = move || {
            let _ = &program;
            String::new()
        };
        Service::at(self.origin.clone(), Box::new(log))
    }

    /// Its threads, and the most memory that it had.
    pub(crate) fn used(&self) -> Result<[String; 2]> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned()).context("no such line")
        };
        Ok([of("Threads:")?, of("VmHWM:")?])
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, which the requests will have shown.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
