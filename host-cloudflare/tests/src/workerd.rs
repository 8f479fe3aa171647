//! A running workerd.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// The folder of the Worker.
///
/// # Panics
/// When this crate was moved within the workspace.
#[must_use]
pub fn host_cloudflare() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("one level down")
}

/// A Worker that answers on a port of its own until this is dropped.
#[derive(Debug)]
pub struct Workerd {
    child: Child,
    origin: String,
    log: Log,
}

#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    /// Keeps all that comes.
    fn keep(&self, mut lines: impl BufRead + Send + 'static) {
        let log = self.clone();
        thread::spawn(move || {
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|length| length > 0) {
                log.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
                line.clear();
            }
        });
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Workerd {
    /// Starts the Worker of a configuration, with its rows in this folder.
    ///
    /// # Panics
    /// When workerd or the module is missing, with the line that makes it, or when it does not start.
    #[must_use]
    pub fn serve(config: &str, rows: &Path) -> Self {
        let module = host_cloudflare().join("build/worker.wasm");
        let path = module.display();
        assert!(module.is_file(), "{path} is missing; build it with\n\njust build-cloudflare\n");
        let mut child = Command::new(program())
            .args(["serve", "--socket-addr", "http=127.0.0.1:0", "--control-fd", "1"])
            .arg("--directory-path")
            .arg(format!("rows={}", rows.display()))
            .arg(host_cloudflare().join(config))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("workerd starts");
        let log = Log::default();
        let errors: Box<dyn Read + Send> = Box::new(child.stderr.take().expect("it is piped"));
        log.keep(BufReader::new(errors));
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        let port = loop {
            line.clear();
            if !lines.read_line(&mut line).is_ok_and(|length| length > 0) {
                let status = child.wait();
                panic!("workerd ended before it listened ({status:?}):\n{}", log.text());
            }
            if let Some(port) = port(&line) {
                break port;
            }
        };
        log.keep(lines);
        Self { child, origin: format!("http://127.0.0.1:{port}"), log }
    }

    /// The address of a path, which starts with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Workerd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// workerd itself: the script of its package would outlive what it starts, or the other way round.
fn program() -> PathBuf {
    let packages = host_cloudflare().join("node_modules/@cloudflare");
    let entries = fs::read_dir(packages).into_iter().flatten().flatten();
    let mut programs = entries.map(|entry| entry.path().join("bin/workerd"));
    programs.find(|program| program.is_file()).unwrap_or_else(|| {
        panic!("workerd is not installed; install it with\n\nnpm ci --prefix host-cloudflare\n")
    })
}

/// The port in the line in which workerd tells that it listens.
fn port(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once(r#""event":"listen""#)?;
    let (_, rest) = rest.split_once(r#""port":"#)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
