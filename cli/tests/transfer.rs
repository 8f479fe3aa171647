//! `ec-graph export` and `import`, between stores in files.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// More rows than are read at once, twice.
const ROWS: usize = 2_500;
const PAGE: usize = 1_000;

/// An export of live rows, one of which is no text.
fn export_of(rows: usize) -> String {
    let mut lines = String::new();
    for row in 0..rows {
        let key = format!("{row:064x}.Ab12Cd");
        let body = "{\"v\":1,\"created\":1,\"consent\":{\"ok\":true,\"updated\":1},\"geo\":{\"country\":\"FR\"}}";
        let line = match row {
            7 => json!({ "key": key, "metadata": "", "base64": "//79" }),
            _ => json!({ "key": key, "metadata": "{\"ok\":true}", "body": body }),
        };
        // Fields in the order of an export.
        let name = if row == 7 { "base64" } else { "body" };
        let (key, metadata, body) = (&line["key"], &line["metadata"], &line[name]);
        let _ = writeln!(lines, "{{\"key\":{key},\"metadata\":{metadata},\"{name}\":{body}}}");
    }
    let sha256 = hex::encode(Sha256::digest(&lines));
    let _ = writeln!(lines, "{{\"rows\":{rows},\"sha256\":\"{sha256}\"}}");
    lines
}

/// Runs a command over `redb://STORE` in a folder; its exit status and what it says.
fn run(folder: &Path, command: &str, store: &str, file: &str) -> (Option<i32>, String) {
    let mut program = Command::cargo_bin("ec-graph").expect("it is built");
    let output = program
        .current_dir(folder)
        .args([command, "--store", &format!("redb://{store}"), file])
        .output()
        .expect("it runs");
    (output.status.code(), String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn rows_move_from_store_to_store_as_they_are() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    let rows = export_of(ROWS);
    fs::write(here.join("rows"), &rows).expect("it is written");
    let said = run(here, "import", "one", "rows");
    assert_eq!(
        said,
        (Some(0), "2500 rows stored, 0 there already, 0 past their lifetime\n".to_owned())
    );
    assert_eq!(run(here, "export", "one", "moved"), (Some(0), "2500 rows exported\n".to_owned()));
    assert!(fs::read_to_string(here.join("moved")).expect("it is there") == rows);
    assert!(!here.join("moved.progress").exists());

    assert_eq!(run(here, "import", "two", "moved").0, Some(0));
    // Once more, as after an interruption.
    let said = run(here, "import", "two", "moved");
    assert_eq!(
        said,
        (Some(0), "0 rows stored, 2500 there already, 0 past their lifetime\n".to_owned())
    );
    // What differs is left, and told.
    let other = rows.replacen("\"FR\"", "\"US\"", 1).replace("\\\"FR\\\"", "\\\"US\\\"");
    fs::write(here.join("other"), other).expect("it is written");
    let (status, said) = run(here, "import", "two", "other");
    assert_eq!(status, Some(2), "the file is not as it was exported");
    assert!(said.contains("not as it was exported"), "{said}");
    run(here, "export", "two", "left");
    assert!(fs::read_to_string(here.join("left")).expect("it is there") == rows);
}

#[test]
fn an_export_that_was_interrupted_goes_on_where_it_ended() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    let rows = export_of(ROWS);
    fs::write(here.join("rows"), &rows).expect("it is written");
    run(here, "import", "store", "rows");

    // As it was cut off in the second page: half a line after the note, which is of the first.
    let noted: usize = rows.lines().take(PAGE).map(|line| line.len() + 1).sum();
    fs::write(here.join("file"), &rows[..noted + 500]).expect("it is written");
    let last = format!("{:064x}.Ab12Cd", PAGE - 1);
    let note = json!({ "from": last, "bytes": noted, "rows": PAGE }).to_string();
    fs::write(here.join("file.progress"), note).expect("it is written");
    assert_eq!(run(here, "export", "store", "file"), (Some(0), "2500 rows exported\n".to_owned()));
    assert!(fs::read_to_string(here.join("file")).expect("it is there") == rows);

    // A file that is whole is not written over.
    let (status, said) = run(here, "export", "store", "file");
    assert_eq!(status, Some(2));
    assert!(said.contains("there already"), "{said}");
}
