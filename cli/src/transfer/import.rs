//! `ec-graph import`: the rows of an export, into a store.

use std::fs::File;
use std::io::{self, BufRead, BufReader};

use anyhow::{Context, Result, anyhow, bail, ensure};
use host_server_store::AsyncStore;
use identity_graph::{Item, KvError, Policy, Precondition, Write, WriteOutcome};
use indicatif::ProgressBar;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{End, Line, Row, over};
use crate::args::{Ending, ImportArgs};
use crate::replay::{progress_bar, row_spinner};

/// Rows and bytes that are written at once.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;
/// Seconds that the clocks of those who wrote the rows may be ahead.
const SKEW: u64 = 300;

/// Imports a file.
pub(crate) fn run(arguments: &ImportArgs) -> Result<Ending> {
    let (input, bar): (Box<dyn BufRead>, _) = match &arguments.file {
        Some(file) if file.as_os_str() != "-" => {
            let opened = File::open(file).with_context(|| file.display().to_string())?;
            let bar = progress_bar(opened.metadata()?.len(), "{bytes} of {total_bytes}");
            (Box::new(BufReader::new(bar.wrap_read(opened))), bar)
        }
        _ => (Box::new(io::stdin().lock()), row_spinner()),
    };
    let now = host_server_store::system_clock()();
    let done = over(&arguments.store, async |store| read(&*store, input, now, &bar).await);
    bar.finish_and_clear();
    let done = done?;
    eprintln!(
        "{} rows stored, {} there already, {} past their lifetime",
        done.stored, done.same, done.expired
    );
    if done.withdrawn > 0 {
        eprintln!("{} rows that were there are withdrawn by the file", done.withdrawn);
    }
    if done.different > 0 {
        eprintln!(
            "{} rows are there with other content and were left as they are: an import replaces nothing but by a withdrawal",
            done.different
        );
        return Ok(Ending::Flawed);
    }
    Ok(Ending::Good)
}

/// What became of the rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Done {
    stored: u64,
    same: u64,
    different: u64,
    expired: u64,
    /// Live rows that a withdrawal of the file replaced.
    withdrawn: u64,
}

/// A row on its way.
struct Waiting {
    key: String,
    metadata: String,
    body: Vec<u8>,
    time_to_live: u32,
}

async fn read(
    store: &dyn AsyncStore,
    mut input: impl BufRead,
    now: u64,
    bar: &ProgressBar,
) -> Result<Done> {
    let mut done = Done::default();
    let (mut hash, mut rows, mut number) = (Sha256::new(), 0, 0_u64);
    let (mut waiting, mut bytes) = (Vec::new(), 0);
    let mut text = Vec::new();
    loop {
        text.clear();
        number += 1;
        let length = input.read_until(b'\n', &mut text)?;
        ensure!(length > 0 && text.ends_with(b"\n"), BROKEN_OFF);
        // The parser's own words may quote the row.
        let line = serde_json::from_slice(&text)
            .map_err(|_| anyhow!("line {number} is no line of an export"))?;
        let row = match line {
            Line::Row(row) => row,
            Line::End(end) => {
                put(store, &mut waiting, &mut done).await?;
                check(&end, rows, &hash, &mut input)?;
                return Ok(done);
            }
        };
        hash.update(&text);
        rows += 1;
        bar.tick();
        let Row { key, metadata, body } = row;
        let body = body.into_bytes().map_err(|_| anyhow!("line {number}: base64 is malformed"))?;
        let Some(time_to_live) = lifetime(&body, now) else {
            done.expired += 1;
            continue;
        };
        bytes += body.len();
        let metadata = metadata.unwrap_or_default();
        waiting.push(Waiting { key, metadata, body, time_to_live });
        if waiting.len() == ROWS || bytes >= BYTES {
            put(store, &mut waiting, &mut done).await?;
            bytes = 0;
        }
    }
}

const BROKEN_OFF: &str = "the file breaks off: what it has is stored, and the rest is missing; finish the export and import it again";

fn check(end: &End, rows: u64, hash: &Sha256, input: &mut impl BufRead) -> Result<()> {
    let is_last = input.fill_buf()?.is_empty();
    ensure!(is_last, "there are lines after the end of the export, which are not stored");
    let is_whole = end.rows == rows && end.sha256 == hex::encode(hash.clone().finalize());
    ensure!(
        is_whole,
        "the file is not as it was exported: it should have {} rows and has {rows}, or some were changed; what it has is stored",
        end.rows
    );
    Ok(())
}

/// Writes what waits, where there is nothing.
async fn put(store: &dyn AsyncStore, waiting: &mut Vec<Waiting>, done: &mut Done) -> Result<()> {
    // A key that stands twice is not written twice at once.
    let mut rows = std::mem::take(waiting);
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for row in rows {
        let is_twice = first.last().is_some_and(|last: &Waiting| last.key == row.key);
        if is_twice { again.push(row) } else { first.push(row) }
    }
    for rows in [first, again] {
        let writes: Vec<_> = rows.iter().map(Waiting::write).collect();
        let answers = store.put_many(&writes).await;
        ensure!(answers.len() == writes.len(), "the store answered for too few rows");
        for (row, answer) in rows.iter().zip(answers) {
            match answer {
                Ok(WriteOutcome::Stored) => done.stored += 1,
                Ok(WriteOutcome::Conflict(Some(item))) => found(store, row, &item, done).await?,
                // Who wrote it does not matter here: what matters is whether it is there.
                Ok(WriteOutcome::Conflict(None)) | Err(KvError::UnknownOutcome) => {
                    match store.get(&row.key).await {
                        Ok(Some(item)) => found(store, row, &item, done).await?,
                        Ok(None) => bail!("a row was refused and is not there; {AGAIN}"),
                        Err(error) => bail!("{error}; {AGAIN}"),
                    }
                }
                Err(error) => bail!("{error}; {AGAIN}"),
            }
        }
    }
    Ok(())
}

const AGAIN: &str = "the same command goes on where this one ended";

/// What becomes of a row whose key is taken. A withdrawal that is not older than the consent of what is
/// there replaces it: an export may have the row from before its withdrawal, too.
async fn found(store: &dyn AsyncStore, row: &Waiting, item: &Item, done: &mut Done) -> Result<()> {
    let metadata = item.metadata.as_deref().unwrap_or_default();
    if item.body == row.body && metadata == row.metadata {
        done.same += 1;
    } else if ends(&row.body, &item.body) {
        let condition = Precondition::Matches(item.generation);
        match store.put(Write { condition, ..row.write() }).await {
            Ok(WriteOutcome::Stored) => done.withdrawn += 1,
            Ok(WriteOutcome::Conflict(_)) => bail!("a row changed meanwhile; {AGAIN}"),
            Err(error) => bail!("{error}; {AGAIN}"),
        }
    } else {
        done.different += 1;
    }
    Ok(())
}

/// Whether a row is the withdrawal of what is stored.
fn ends(row: &[u8], stored: &[u8]) -> bool {
    let consent = |body| serde_json::from_slice::<Times>(body).ok().map(|times| times.consent);
    let (Some(row), Some(stored)) = (consent(row), consent(stored)) else { return false };
    !row.ok && stored.ok && row.updated >= stored.updated
}

impl Waiting {
    fn write(&self) -> Write<'_> {
        Write {
            key: &self.key,
            body: &self.body,
            metadata: &self.metadata,
            time_to_live: self.time_to_live,
            condition: Precondition::Absent,
        }
    }
}

/// What of a row says how long it lives.
#[derive(Deserialize)]
struct Times {
    last_seen: Option<u64>,
    consent: Consent,
}

#[derive(Deserialize)]
struct Consent {
    ok: bool,
    #[serde(default)]
    updated: u64,
}

/// Seconds that a row has left; `None` when it is past its lifetime, and the graph would not show it.
///
/// A withdrawal gets its whole lifetime anew: it must not be missed while stores are changed. So does a
/// row that does not tell, which lives as long as its store keeps it.
fn lifetime(body: &[u8], now: u64) -> Option<u32> {
    let policy = Policy::default();
    let Ok(times) = serde_json::from_slice::<Times>(body) else { return Some(policy.entry_ttl) };
    if !times.consent.ok {
        return Some(policy.tombstone_ttl);
    }
    let Some(last_seen) = times.last_seen.filter(|at| *at <= now + SKEW) else {
        return Some(policy.entry_ttl);
    };
    let age = u32::try_from(now.saturating_sub(last_seen)).unwrap_or(u32::MAX);
    policy.entry_ttl.checked_sub(age).filter(|left| *left > 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use host_server_store::{MemoryStore, system_clock};

    use super::*;

    #[test]
    fn a_row_has_what_is_left_of_its_lifetime() {
        let year = Policy::default().entry_ttl;
        let now = 1_790_000_000;
        let of = |body: &str| lifetime(body.as_bytes(), now);
        let live = |at| format!("{{\"v\":1,\"last_seen\":{at},\"consent\":{{\"ok\":true}}}}");
        assert_eq!(of(&live(now)), Some(year));
        assert_eq!(of(&live(now - 100)), Some(year - 100));
        assert_eq!(of(&live(now - u64::from(year))), None);
        assert_eq!(of(&live(0)), None);
        // A time far ahead is not known.
        assert_eq!(of(&live(now + 301)), Some(year));
        assert_eq!(of("{\"consent\":{\"ok\":true}}"), Some(year));
        assert_eq!(of("{\"last_seen\":1,\"consent\":{\"ok\":false}}"), Some(86_400));
        assert_eq!(of("no JSON"), Some(year));
    }

    fn import(store: &MemoryStore, text: &str) -> Result<Done> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let bar = ProgressBar::hidden();
        runtime.block_on(read(store, text.as_bytes(), 1_790_000_000, &bar))
    }

    fn export(rows: &[(&str, &str)]) -> String {
        let line = |(key, body): &(&str, &str)| {
            format!("{{\"key\":\"{key}\",\"metadata\":\"m\",\"body\":\"{body}\"}}\n")
        };
        let lines = rows.iter().map(line).collect::<Vec<_>>().concat();
        let sha256 = hex::encode(Sha256::digest(&lines));
        format!("{lines}{{\"rows\":{},\"sha256\":\"{sha256}\"}}\n", rows.len())
    }

    #[test]
    fn a_withdrawal_replaces_the_row_that_it_ended_and_no_newer_one() {
        let store = MemoryStore::new(Arc::clone(&system_clock()));
        let row = |ok, at| format!(r#"{{\"consent\":{{\"ok\":{ok},\"updated\":{at}}}}}"#);
        let (live, withdrawn) = (row(true, 100), row(false, 100));
        let both = export(&[("a", live.as_str()), ("a", withdrawn.as_str())]);
        let done = import(&store, &both).unwrap();
        assert_eq!(done, Done { stored: 1, withdrawn: 1, ..Done::default() });
        let newer = row(true, 101);
        import(&store, &export(&[("b", newer.as_str())])).unwrap();
        let done = import(&store, &export(&[("b", withdrawn.as_str())])).unwrap();
        assert_eq!(done, Done { different: 1, ..Done::default() });
    }

    #[test]
    fn what_is_there_is_left_as_it_is() {
        let store = MemoryStore::new(Arc::clone(&system_clock()));
        let done = import(&store, &export(&[("a", "1"), ("b", "2")])).unwrap();
        assert_eq!(done, Done { stored: 2, ..Done::default() });
        let done = import(&store, &export(&[("a", "1"), ("b", "3"), ("c", "4")])).unwrap();
        assert_eq!(done, Done { stored: 1, same: 1, different: 1, ..Done::default() });
        let done = import(&store, &export(&[("d", "1"), ("d", "1")])).unwrap();
        assert_eq!(done, Done { stored: 1, same: 1, ..Done::default() });
    }

    #[test]
    fn a_file_that_broke_off_or_was_changed_is_told() {
        let whole = export(&[("a", "1"), ("b", "secret")]);
        for (text, says) in [
            (whole[..whole.len() - 1].to_owned(), "breaks off"),
            (whole.split_inclusive('\n').take(2).collect(), "breaks off"),
            (whole.replacen("\"1\"", "\"2\"", 1), "not as it was exported"),
            (format!("{whole}{whole}"), "lines after the end"),
            (whole.replacen("\"body\"", "\"boddy\"", 1), "line 1 is no line of an export"),
            (whole.replacen("\"body\"", "\"base64\"", 1), "line 1: base64"),
        ] {
            let error = import(&MemoryStore::new(system_clock()), &text).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("secret"), "{error}");
        }
    }
}
