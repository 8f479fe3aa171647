//! The program, as a process of its own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::service::Service;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ec-graph-server.toml");

/// What the server stores in.
pub(crate) enum Store {
    /// By its URL.
    At(String),
    /// In memory, 5 ms a call.
    Slow,
}

/// The server over one store; it ends with this.
pub(crate) struct Program {
    child: Child,
    origin: String,
}

impl Program {
    pub(crate) fn start(store: &Store) -> Result<Self> {
        let this = std::env::current_exe()?;
        let mut command = match store {
            Store::At(url) => {
                // It stands beside the folder of the examples.
                let folder = this.parent().and_then(Path::parent).context("no folder")?;
                let mut command = Command::new(folder.join("ec-graph-server"));
                command.args(["--config", CONFIG, "--listen", "127.0.0.1:0"]);
                command.env("EC_GRAPH_STORE", url);
                command
            }
            Store::Slow => {
                let mut command = Command::new(this);
                command.arg("--slow");
                command
            }
        };
        let mut child = command.stderr(Stdio::piped()).spawn().context("the server")?;
        let mut lines = BufReader::new(child.stderr.take().context("it is piped")?);
        let mut program = Self { child, origin: String::new() };
        let (mut line, mut said) = (String::new(), String::new());
        loop {
            line.clear();
            ensure!(lines.read_line(&mut line)? > 0, "the server did not start:\n{said}");
            if let Some((_, address)) = line.split_once("listening on ") {
                address.trim().clone_into(&mut program.origin);
                break;
            }
            said.push_str(&line);
        }
        // A full pipe would stop the server.
        thread::spawn(move || lines.lines().for_each(drop));
        Ok(program)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A client of it, with a connection of its own.
    pub(crate) fn service(self: &Arc<Self>) -> Service {
        let program = Arc::clone(self);
        let log = move || {
            let _ = &program;
            String::new()
        };
        Service::at(self.origin.clone(), Box::new(log))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself, which the requests will have shown.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
