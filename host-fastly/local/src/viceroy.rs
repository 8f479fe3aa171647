//! A running Viceroy.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the tests know of its deviations from Fastly holds for this version.
const VERSION: &str = "viceroy 0.22.0";
pub(crate) const INSTALL: &str =
    "install it (15 minutes on two cores) with\n\ncargo install viceroy@0.22.0 --locked\n";
const LISTENING: &str = "Listening on ";

/// A service that answers on a port of its own until this is dropped.
#[derive(Debug)]
pub struct Viceroy {
    process: Child,
    origin: String,
    log: Log,
}

impl Viceroy {
    /// Starts a service: a module or component, with the local stores of a `fastly.toml`.
    ///
    /// # Panics
    /// When Viceroy is missing, is another version, or does not start the service.
    #[must_use]
    pub fn serve(program: &Path, config: &Path) -> Self {
        check_version();
        let mut process = Command::new("viceroy")
            .args(["serve", "-v", "--log-stdout", "--log-stderr"])
            // The system picks a free port, which Viceroy then tells.
            .args(["--addr", "127.0.0.1:0"])
            .arg("--config")
            .arg(config)
            .arg(program)
            // It would silence the line that tells the port.
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("viceroy cannot be run: {error}"));
        let log = Log::default();
        if let Some(errors) = process.stderr.take() {
            log.keep(BufReader::new(errors));
        }
        let Some(stdout) = process.stdout.take() else { unreachable!("it is piped") };
        let mut lines = BufReader::new(stdout);
        let origin = loop {
            let mut line = String::new();
            if !matches!(lines.read_line(&mut line), Ok(1..)) {
                let status = process.wait();
                panic!("viceroy ended before it listened ({status:?}):\n{}", log.text());
            }
            log.add(&line);
            if let Some((_, origin)) = line.split_once(LISTENING) {
                break origin.trim().to_owned();
            }
        };
        log.keep(lines);
        Self { process, origin, log }
    }

    /// The address of a path, which starts with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What Viceroy and the service have logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text().clone()
    }
}

impl Drop for Viceroy {
    fn drop(&mut self) {
        // It may have ended by itself, which the requests will have shown.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The lines of both outputs. They are read all the time: a full pipe would stop the service.
#[derive(Debug, Default, Clone)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn keep(&self, lines: BufReader<impl Read + Send + 'static>) {
        let log = self.clone();
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                log.add(&line);
            }
        });
    }

    fn add(&self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text(), "{}", line.trim_end());
    }

    fn text(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_version() {
    let found = match Command::new("viceroy").arg("--version").output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("Viceroy is not installed: {INSTALL}")
        }
        Err(error) => panic!("viceroy cannot be run: {error}"),
    };
    assert_eq!(found, VERSION, "another Viceroy is installed: {INSTALL}");
}
