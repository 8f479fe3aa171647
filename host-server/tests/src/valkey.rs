//! Valkey, or Redis where Debian has that.

use std::io;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Authority;
use crate::process::{Process, free_port, run};

const INSTALL: &str = "install it with: apt-get install redis-server (or valkey-server)";

/// A Valkey or Redis server without data, which ends with its handle.
pub struct Valkey {
    port: u16,
    process: Process,
    _folder: TempDir,
}

impl Valkey {
    /// Starts one.
    ///
    /// # Panics
    /// When it is not installed, with the line that installs it, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[], "Ready to accept connections")
    }

    /// Starts one that speaks TLS alone, with a certificate of this authority.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with_tls(authority: &Authority) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test can be made");
        let files = authority.certify(folder.path());
        let port = free_port();
        let mut server = Command::new(program("server"));
        server.args(["--port", "0", "--tls-auth-clients", "no", "--tls-port", &port.to_string()]);
        server.arg("--tls-cert-file").arg(files.certificate);
        server.arg("--tls-key-file").arg(files.key).arg("--tls-ca-cert-file").arg(authority.file());
        Self::start_in(folder, port, server, "Ready to accept connections")
    }

    /// Starts a replica of this server, and returns when it has all that it has.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_replica(&self) -> Self {
        let primary = self.port.to_string();
        let ready = "MASTER <-> REPLICA sync: Finished with success";
        Self::start_with(&["--replicaof", "127.0.0.1", &primary], ready)
    }

    fn start_with(arguments: &[&str], ready: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test can be made");
        let port = free_port();
        let mut server = Command::new(program("server"));
        server.args(["--port", &port.to_string()]).args(arguments);
        Self::start_in(folder, port, server, ready)
    }

    fn start_in(folder: TempDir, port: u16, mut server: Command, ready: &str) -> Self {
        server.args(["--bind", "127.0.0.1", "--save", ""]);
        server.args(["--repl-diskless-sync-delay", "0", "--dir"]).arg(folder.path());
        server.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let output = |child: &mut Child| {
            Box::new(child.stdout.take().expect("it is a pipe")) as Box<dyn io::Read + Send>
        };
        let process = Process::start(&mut server, output, ready, "KILL", INSTALL);
        Self { port, process, _folder: folder }
    }

    /// The URL of a store in it.
    #[must_use]
    pub fn url(&self, settings: &str) -> String {
        format!("valkey://127.0.0.1:{}?{settings}", self.port)
    }

    /// Sends it a command, and answers what it says.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn ask(&self, words: &[&str]) -> String {
        let port = self.port.to_string();
        let mut cli = Command::new(program("cli"));
        cli.args(["-h", "127.0.0.1", "-e", "-p", &port]).args(words);
        run(&mut cli, INSTALL)
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once.
    pub fn end(&mut self) {
        self.process.end();
    }
}

/// Valkey's program of this kind, or else Redis's.
fn program(kind: &str) -> String {
    let valkey = format!("valkey-{kind}");
    let found = Command::new(&valkey).arg("--version").output();
    if found.is_ok() { valkey } else { format!("redis-{kind}") }
}
