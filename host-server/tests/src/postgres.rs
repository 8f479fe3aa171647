//! PostgreSQL.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use tempfile::TempDir;

use crate::Authority;
use crate::process::{Process, free_port, run};

const INSTALL: &str = "install it with: apt-get install postgresql";

/// A PostgreSQL server with an empty database, which ends with its handle.
pub struct Postgres {
    port: u16,
    process: Process,
    folder: TempDir,
}

impl Postgres {
    /// Starts one.
    ///
    /// # Panics
    /// When it is not installed, with the line that installs it, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_in(folder(), &[])
    }

    /// Starts one that speaks TLS, too, with a certificate of this authority.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with_tls(authority: &Authority) -> Self {
        let folder = folder();
        let files = authority.certify(folder.path());
        run(Command::new("chmod").arg("600").arg(&files.key), INSTALL);
        own(&files.key);
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", files.certificate.display()),
            format!("ssl_key_file={}", files.key.display()),
        ];
        Self::start_in(folder, &settings)
    }

    fn start_in(folder: TempDir, settings: &[String]) -> Self {
        let data = data(&folder);
        let mut initdb = program("initdb");
        initdb.arg("-D").arg(&data);
        initdb.args(["-U", "graph", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        run(&mut initdb, INSTALL);
        let port = free_port();
        let process = serve(&data, port, settings);
        Self { port, process, folder }
    }

    /// Starts a standby of this server, which has all that it has and gets what is written. Its name for
    /// `synchronous_standby_names` is `standby`.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_standby(&self) -> Self {
        let folder = folder();
        let data = data(&folder);
        let mut backup = program("pg_basebackup");
        let source =
            format!("host=127.0.0.1 port={} user=graph application_name=standby", self.port);
        backup.arg("-D").arg(&data).args(["-R", "--no-sync", "-c", "fast", "-d", &source]);
        run(&mut backup, INSTALL);
        let port = free_port();
        let process = serve(&data, port, &[]);
        Self { port, process, folder }
    }

    /// The port it listens at.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a store in it.
    #[must_use]
    pub fn url(&self, settings: &str) -> String {
        format!("postgres://graph@127.0.0.1:{}/postgres?{settings}", self.port)
    }

    /// Runs SQL, and answers what it prints.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn sql(&self, sql: &str) -> String {
        let port = self.port.to_string();
        let mut psql = program("psql");
        psql.args(["-h", "127.0.0.1", "-U", "graph", "-d", "postgres", "-qAt", "-p", &port]);
        run(psql.args(["-v", "ON_ERROR_STOP=1", "-c", sql]), INSTALL)
    }

    /// Ends it at once, and keeps what it has on its disk.
    pub fn end(&mut self) {
        self.process.end();
    }

    /// Starts it again after [`end`](Self::end).
    pub fn start_again(&mut self) {
        self.process = serve(&data(&self.folder), self.port, &[]);
    }

    /// Makes a standby one that takes writes, and returns when it does.
    ///
    /// # Panics
    /// When that fails.
    pub fn promote(&self) {
        assert_eq!(self.sql("SELECT pg_promote()"), "t");
    }
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test can be made");
    own(folder.path());
    folder
}

/// Gives a file or a folder to the user that the server runs as: PostgreSQL refuses to run as root.
fn own(path: &Path) {
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(path), INSTALL);
    }
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn serve(data: &Path, port: u16, settings: &[String]) -> Process {
    let mut postgres = program("postgres");
    postgres.arg("-D").arg(data).args(["-p", &port.to_string(), "-k", ""]);
    for setting in ["listen_addresses=127.0.0.1", "max_connections=50"] {
        postgres.args(["-c", setting]);
    }
    for setting in settings {
        postgres.args(["-c", setting]);
    }
    postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let output = |child: &mut std::process::Child| {
        Box::new(child.stderr.take().expect("it is a pipe")) as Box<dyn io::Read + Send>
    };
    Process::start(&mut postgres, output, "ready to accept", "QUIT", INSTALL)
}

/// A program of PostgreSQL, run as a user that it accepts.
fn program(name: &str) -> Command {
    let path = newest().map_or_else(|| PathBuf::from(name), |folder| folder.join(name));
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    // Of a folder that root alone may enter it complains.
    command.current_dir("/");
    command
}

/// Debian keeps each version's programs in a folder of their own, which is not on the path.
fn newest() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let number = |entry: &fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| Some((number(&entry)?, entry.path()))).max()?;
    Some(newest.1.join("bin"))
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.starts_with(b"0\n"))
}
