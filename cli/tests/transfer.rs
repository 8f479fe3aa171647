//! `ec-graph export` and `import`, between stores in files.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assert_cmd::Command;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// More rows than are read at once, twice.
const ROWS: usize = 2_500;
const PAGE: usize = 1_000;

/// An export of live rows, one of which is no text and has no metadata.
fn export_of(rows: usize) -> String {
    let mut lines = String::new();
    for row in 0..rows {
        let key = format!("{row:064x}.Ab12Cd");
        let body = "{\"v\":1,\"created\":1,\"consent\":{\"ok\":true,\"updated\":1},\"geo\":{\"country\":\"FR\"}}";
        let (key, body) = (json!(key), json!(body));
        // Fields in the order of an export.
        let _ = if row == 7 {
            writeln!(lines, "{{\"key\":{key},\"base64\":\"//79\"}}")
        } else {
            let metadata = json!("{\"ok\":true}");
            writeln!(lines, "{{\"key\":{key},\"metadata\":{metadata},\"body\":{body}}}")
        };
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
    let stored = "2500 rows stored, 0 there already, 0 past their lifetime
2500 of these do not tell when they were seen last, and have a whole lifetime from now on
";
    assert_eq!(said, (Some(0), stored.to_owned()));
    assert_eq!(run(here, "export", "one", "moved"), (Some(0), "2500 rows exported\n".to_owned()));
    assert!(fs::read_to_string(here.join("moved")).expect("it is there") == rows);
    assert!(!here.join("moved.progress").exists());
    // It holds IDs.
    assert_eq!(mode(&here.join("moved")), 0o600);

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

    // As it was cut off in the first page, before anything else was noted.
    fs::write(here.join("early"), &rows[..500]).expect("it is written");
    let note = json!({ "from": null, "bytes": 0, "rows": 0 }).to_string();
    fs::write(here.join("early.progress"), note).expect("it is written");
    assert_eq!(run(here, "export", "store", "early").0, Some(0));
    assert!(fs::read_to_string(here.join("early")).expect("it is there") == rows);

    // A file that is whole is not written over.
    let (status, said) = run(here, "export", "store", "file");
    assert_eq!(status, Some(2));
    assert!(said.contains("there already"), "{said}");
}

#[test]
fn an_export_notes_its_beginning_before_it_reads_a_row() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    // The store cannot be opened.
    let (status, _) = run(here, "export", "no/such/folder/store", "file");
    assert_eq!(status, Some(2));
    assert!(here.join("file.progress").exists());
    assert_eq!((mode(&here.join("file")), mode(&here.join("file.progress"))), (0o600, 0o600));
    // The same command goes on.
    fs::create_dir_all(here.join("no/such/folder")).expect("it is made");
    let said = run(here, "export", "no/such/folder/store", "file");
    assert_eq!(said, (Some(0), "0 rows exported\n".to_owned()));
}

/// Rows of more than 1 MiB, which only another program can have stored, here one with the same store.
#[test]
fn rows_that_cannot_be_read_are_told_even_when_an_export_goes_on() {
    let folder = TempDir::new().expect("a folder");
    let here = folder.path();
    let rows = export_of(ROWS);
    fs::write(here.join("rows"), &rows).expect("it is written");
    run(here, "import", "store", "rows");
    // It has met one of them in the first page.
    let noted: usize = rows.lines().take(PAGE).map(|line| line.len() + 1).sum();
    fs::write(here.join("file"), &rows[..noted]).expect("it is written");
    let last = format!("{:064x}.Ab12Cd", PAGE - 1);
    let note = json!({ "from": last, "bytes": noted, "rows": PAGE, "too_large": 1 }).to_string();
    fs::write(here.join("file.progress"), note).expect("it is written");
    let (status, said) = run(here, "export", "store", "file");
    assert_eq!(status, Some(1));
    assert!(said.contains("1 rows are larger than 1 MiB"), "{said}");
    // The file says so as well.
    let (status, said) = run(here, "import", "other", "file");
    assert_eq!(status, Some(0));
    assert!(said.contains("1 rows were too large to be exported"), "{said}");
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("it is there").permissions().mode() & 0o777
}
