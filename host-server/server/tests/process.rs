//! The program itself: how it is started, refused and stopped.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ec-graph-server.toml");
const PROGRAM: &str = env!("CARGO_BIN_EXE_ec-graph-server");

/// The program, running.
struct Server {
    child: Child,
    lines: BufReader<ChildStderr>,
    log: String,
    address: String,
}

impl Server {
    fn start(folder: &TempDir) -> Self {
        let mut child = Command::new(PROGRAM)
            .current_dir(folder.path())
            .args(["--config", CONFIG, "--listen", "127.0.0.1:0"])
            .env("XDG_CACHE_HOME", folder.path())
            .env_remove("CACHE_DIRECTORY")
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut server = Self { child, lines, log: String::new(), address: String::new() };
        let line = server.line_with("listening on http://");
        let (_, address) = line.split_once("http://").expect("an address");
        address.trim().clone_into(&mut server.address);
        server
    }

    /// Reads the log up to a line with this.
    fn line_with(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.lines.read_line(&mut line).expect("the log is text");
            assert_ne!(length, 0, "it ended without {text:?}:\n{}", self.log);
            self.log.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).expect("it listens")
    }

    /// Sends a request on a connection of its own; the whole answer.
    fn ask(&self, head: &str) -> String {
        let mut stream = self.connect();
        let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it takes the request");
        answer(&mut stream)
    }

    fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
    }

    /// What it has logged, once it has ended well.
    fn ended(mut self) -> String {
        self.lines.read_to_string(&mut self.log).expect("the log is text");
        assert!(self.child.wait().expect("it ends").success(), "{}", self.log);
        std::mem::take(&mut self.log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn stored_uid(server: &Server, id: &str) -> Value {
    let row = server.ask(&format!(
        "GET /_ts/admin/ec/{id} HTTP/1.1\r\nAuthorization: Bearer local-operator-token"
    ));
    let (_, body) = row.split_once("\r\n\r\n").expect("a body");
    let row: Value = serde_json::from_str(body).expect("JSON");
    row["understood"]["ids"]["zeta.example"]["uid"].clone()
}

#[test]
fn a_request_that_was_accepted_is_finished_before_it_stops() {
    let folder = TempDir::new().expect("a folder");
    let mut server = Server::start(&folder);
    let page = server.ask("GET / HTTP/1.1\r\nSec-Fetch-Dest: document");
    assert!(page.starts_with("HTTP/1.1 200"));
    let (_, id) = page.split_once("set-cookie: ts-ec=").expect("an ID");
    let (id, _) = id.split_once(';').expect("attributes");

    // A batch of which half has arrived.
    let mapping = json!({ "ec_id": id, "partner_uid": "z-uid", "timestamp": 1_000_000_000 });
    let batch = json!({ "mappings": [mapping] }).to_string();
    let (first, rest) = batch.split_at(20);
    let mut stream = server.connect();
    let head = format!(
        "POST /_ts/api/v1/batch-sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer local-zeta-token\r\nContent-Length: {}\r\n\r\n{first}",
        batch.len()
    );
    stream.write_all(head.as_bytes()).expect("it takes the request");
    while !server.ask("GET /metrics HTTP/1.1").contains("ec_graph_requests_in_flight 1") {}

    server.terminate();
    server.line_with("stopping");
    stream.write_all(rest.as_bytes()).expect("it still reads");
    let answered = answer(&mut stream);
    assert!(answered.starts_with("HTTP/1.1 200"), "{answered}");
    let address = server.address.clone();
    let log = server.ended();
    assert!(TcpStream::connect(address).is_err(), "nothing listens any more");
    for secret in [id, "z-uid", "replace-this-passphrase", "local-zeta-token"] {
        assert!(!log.contains(secret), "the log has {secret}");
    }

    // It is in the file.
    let server = Server::start(&folder);
    assert_eq!(stored_uid(&server, id), "z-uid");
    server.terminate();
    server.ended();
}

#[test]
fn a_connection_that_is_idle_does_not_keep_it_from_stopping() {
    let folder = TempDir::new().expect("a folder");
    let server = Server::start(&folder);
    let mut idle = server.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("it takes the request");
    let mut first = [0; 12];
    idle.read_exact(&mut first).expect("it answers");
    server.terminate();
    server.ended();
}

#[test]
fn the_compiled_component_is_found_again_by_the_next_start() {
    let folder = TempDir::new().expect("a folder");
    let kept = || {
        let mut files = Vec::new();
        let mut folders = vec![folder.path().join("ec-graph-server")];
        while let Some(next) = folders.pop() {
            for entry in
                fs::read_dir(next).expect("it is there").map(|entry| entry.expect("an entry"))
            {
                let is_folder = entry.file_type().expect("a type").is_dir();
                if is_folder { folders.push(entry.path()) } else { files.push(entry.path()) }
            }
        }
        // How often it was used stands beside it.
        files.retain(|file| file.extension().is_none());
        files
    };
    let stop = |server: Server| {
        server.terminate();
        server.ended()
    };
    let log = stop(Server::start(&folder));
    assert!(log.contains("the secrets are those of the repository"), "{log}");
    let first = kept();
    assert_eq!(first.len(), 1, "{first:?}");
    let written =
        |file: &Path| fs::metadata(file).and_then(|file| file.modified()).expect("a time");
    let at = written(&first[0]);
    stop(Server::start(&folder));
    assert_eq!(kept(), first);
    assert_eq!(written(&first[0]), at, "it is not compiled again");
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(PROGRAM).current_dir(folder).args(arguments).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn it_does_not_start_with_what_is_wrong_and_says_what_to_correct() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    assert!(refused(here, &[]).contains("ec-graph-server.toml (--config names another file)"));

    let said = refused(here, &["--config", CONFIG, "--listen", "0.0.0.0:0"]);
    assert!(said.contains(": line ") && said.contains("passphrase is the placeholder"), "{said}");
    assert!(!said.contains("replace-this-passphrase"), "{said}");

    let said = refused(here, &["--config", CONFIG, "--store", "mysql://me:secret@host/db"]);
    assert!(said.contains("there is no such kind of store") && !said.contains("secret"), "{said}");
    let said = refused(here, &["--config", CONFIG, "--store", "redb://no/such/folder/file"]);
    assert!(said.contains("no/such/folder/file"), "{said}");

    let config = here.join("own.toml");
    fs::write(&config, "[ec]\npassphrase = \"secret\"\nsecret").expect("it is written");
    let said = refused(here, &["--config", "own.toml"]);
    assert!(said.contains("own.toml") && said.contains("line 3"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}
