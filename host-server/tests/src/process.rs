//! Processes that end with the test.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command};
use std::thread;

/// A process that is ended with its handle.
pub(crate) struct Process {
    child: Child,
    /// The signal that ends it at once, with all that it has started.
    signal: &'static str,
}

impl Process {
    /// Starts a process, and returns when a line of its output says that it is ready.
    ///
    /// # Panics
    /// When it cannot be started, with the line that installs it, or ends before it is ready, with what
    /// it said.
    pub(crate) fn start(
        command: &mut Command,
        output: impl FnOnce(&mut Child) -> Box<dyn Read + Send>,
        ready: &str,
        signal: &'static str,
        install: &str,
    ) -> Self {
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!("{} cannot be started ({error}); {install}", command.get_program().display())
        });
        let mut output = BufReader::new(output(&mut child));
        let process = Self { child, signal };
        let (mut said, mut line) = (String::new(), String::new());
        while output.read_line(&mut line).unwrap_or(0) > 0 {
            if line.contains(ready) {
                // It is not to wait for a reader of what it says later.
                thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
                return process;
            }
            said.push_str(&line);
            line.clear();
        }
        panic!("{} ended before it was ready:\n{said}", command.get_program().display());
    }

    /// Ends it at once, as a failure of its machine would, as far as the kernel's memory is not lost.
    pub(crate) fn end(&mut self) {
        signal(&self.child, self.signal);
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the signal {name} cannot be sent");
}

/// A port of this machine that nobody listens at now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine is free");
    listener.local_addr().expect("a listener has an address").port()
}

/// Runs a command to its end, and answers what it prints.
///
/// # Panics
/// When it fails, with what it said.
pub(crate) fn run(command: &mut Command, install: &str) -> String {
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be started ({error}); {install}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} failed ({}): {said}", output.status);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
