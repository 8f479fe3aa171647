//! `ec-graph import`: the rows of an export, into a store.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use anyhow::{Context, Result, anyhow, ensure};
use futures_util::future::{FutureExt, LocalBoxFuture};
use futures_util::stream::{FuturesUnordered, StreamExt};
use host_server_store::AsyncStore;
use identity_graph::Policy;
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use super::arrival::{Arrival, Settled, Times};
use super::{End, Line, Row, over};
use crate::args::{Ending, ImportArgs};
use crate::replay::{progress_bar, row_spinner};

/// Rows and bytes that are written at once. A store in a file commits them together; over the network a
/// commit may take its time, and others go on meanwhile.
const ROWS: usize = 256;
const BYTES: usize = 4 << 20;
/// Seconds that the clocks of those who wrote the rows may be ahead.
const SKEW: u64 = 300;
/// Lines of the file that are named at most.
const NAMED: usize = 10;

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
    Ok(tell(&done?))
}

/// What became of the rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Done {
    stored: u64,
    /// Of these, rows that do not tell what they have left.
    anew: u64,
    same: u64,
    different: u64,
    expired: u64,
    /// Live rows that a withdrawal of the file replaced.
    withdrawn: u64,
    /// The lines of rows that the store has not confirmed.
    in_doubt: Vec<u64>,
    /// Rows that the export could not read.
    too_large: u64,
}

impl Done {
    fn count(&mut self, row: &Arrival, settled: Settled) {
        match settled {
            Settled::Stored => {
                self.stored += 1;
                self.anew += u64::from(row.is_anew);
            }
            Settled::Same => self.same += 1,
            Settled::Different => self.different += 1,
            Settled::Withdrawn => self.withdrawn += 1,
            Settled::InDoubt => self.in_doubt.push(row.line),
        }
    }
}

fn tell(done: &Done) -> Ending {
    let Done { stored, anew, same, different, expired, withdrawn, in_doubt, too_large } = done;
    eprintln!("{stored} rows stored, {same} there already, {expired} past their lifetime");
    for (count, what) in [
        (
            anew,
            "of these do not tell when they were seen last, and have a whole lifetime from now on",
        ),
        (withdrawn, "rows that were there are withdrawn by the file"),
        (too_large, "rows were too large to be exported, and are not in the file"),
        (
            different,
            "rows are there with other content and were left as they are: an import replaces nothing but by a withdrawal",
        ),
    ] {
        if *count > 0 {
            eprintln!("{count} {what}");
        }
    }
    if !in_doubt.is_empty() {
        let lines: Vec<_> = in_doubt.iter().take(NAMED).map(ToString::to_string).collect();
        let and = if in_doubt.len() > NAMED { ", and others" } else { "" };
        eprintln!(
            "{} rows may be stored or not, since the store did not confirm them: import the file again (lines {}{and})",
            in_doubt.len(),
            lines.join(", ")
        );
    }
    if *different > 0 || !in_doubt.is_empty() { Ending::Flawed } else { Ending::Good }
}

/// An import under way.
struct Import<'s> {
    store: &'s dyn AsyncStore,
    writes: FuturesUnordered<LocalBoxFuture<'s, (Arrival, Result<Settled>)>>,
    /// What is being written: its keys, and bytes of its bodies.
    keys: HashSet<String>,
    bytes: usize,
    done: Done,
}

impl<'s> Import<'s> {
    fn new(store: &'s dyn AsyncStore) -> Self {
        let (writes, keys) = (FuturesUnordered::new(), HashSet::new());
        Self { store, writes, keys, bytes: 0, done: Done::default() }
    }

    /// Begins to write a row, as soon as there is room for it.
    async fn row(&mut self, row: Arrival) -> Result<()> {
        // A key that stands twice is not written twice at once.
        while self.writes.len() >= ROWS || self.bytes > BYTES || self.keys.contains(&row.key) {
            self.land().await?;
        }
        self.keys.insert(row.key.clone());
        self.bytes += row.body.len();
        let store = self.store;
        let write = async move {
            let settled = row.settle(store).await;
            (row, settled)
        };
        self.writes.push(write.boxed_local());
        Ok(())
    }

    /// Waits for one of the writes; false when there is none.
    async fn land(&mut self) -> Result<bool> {
        let Some((row, settled)) = self.writes.next().await else { return Ok(false) };
        self.keys.remove(&row.key);
        self.bytes -= row.body.len();
        self.done.count(&row, settled?);
        Ok(true)
    }
}

async fn read(
    store: &dyn AsyncStore,
    input: impl BufRead,
    now: u64,
    bar: &ProgressBar,
) -> Result<Done> {
    let mut import = Import::new(store);
    let end = rows(&mut import, input, now, bar).await;
    // What was begun is finished, whatever is wrong with the rest.
    while import.land().await? {}
    import.done.too_large = end?.too_large;
    Ok(import.done)
}

/// Begins to write every row of a file; its last line, when it is whole.
async fn rows(
    import: &mut Import<'_>,
    mut input: impl BufRead,
    now: u64,
    bar: &ProgressBar,
) -> Result<End> {
    let (mut hash, mut rows, mut number) = (Sha256::new(), 0, 0_u64);
    let mut text = Vec::new();
    loop {
        text.clear();
        number += 1;
        let length = input.read_until(b'\n', &mut text)?;
        ensure!(length > 0 && text.ends_with(b"\n"), BROKEN_OFF);
        // The parser's own words may quote the row.
        let line = serde_json::from_slice(&text)
            .map_err(|_| anyhow!("line {number} is no line of an export"))?;
        let Row { key, metadata, body } = match line {
            Line::Row(row) => row,
            Line::End(end) => {
                check(&end, rows, &hash, &mut input)?;
                return Ok(end);
            }
        };
        hash.update(&text);
        rows += 1;
        bar.tick();
        let body = body.into_bytes().map_err(|_| anyhow!("line {number}: base64 is malformed"))?;
        let (time_to_live, is_anew) = match lifetime(&body, now) {
            Lifetime::Left(seconds) => (seconds, false),
            Lifetime::Anew(seconds) => (seconds, true),
            Lifetime::Over => {
                import.done.expired += 1;
                continue;
            }
        };
        let metadata = metadata.unwrap_or_default();
        let row = Arrival { line: number, key, metadata, body, time_to_live, is_anew };
        import.row(row).await?;
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

/// How long a row is kept from now on, in seconds.
#[derive(Debug, PartialEq, Eq)]
enum Lifetime {
    Left(u32),
    /// As long as any, since it does not tell what it has left, and a lifetime is a minimum.
    Anew(u32),
    /// It is past its lifetime, and the graph would not show it.
    Over,
}

/// What of its lifetime a row has left.
///
/// A withdrawal gets its whole lifetime anew: it must not be missed while stores are changed.
fn lifetime(body: &[u8], now: u64) -> Lifetime {
    let policy = Policy::default();
    let Ok(times) = serde_json::from_slice::<Times>(body) else {
        return Lifetime::Anew(policy.entry_ttl);
    };
    if !times.consent.ok {
        return Lifetime::Left(policy.tombstone_ttl);
    }
    let Some(last_seen) = times.last_seen.filter(|at| *at <= now + SKEW) else {
        return Lifetime::Anew(policy.entry_ttl);
    };
    let age = u32::try_from(now.saturating_sub(last_seen)).unwrap_or(u32::MAX);
    let left = policy.entry_ttl.checked_sub(age).filter(|left| *left > 0);
    left.map_or(Lifetime::Over, Lifetime::Left)
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
        assert_eq!(of(&live(now)), Lifetime::Left(year));
        assert_eq!(of(&live(now - 100)), Lifetime::Left(year - 100));
        assert_eq!(of(&live(now - u64::from(year))), Lifetime::Over);
        assert_eq!(of(&live(0)), Lifetime::Over);
        // A time far ahead is not known.
        assert_eq!(of(&live(now + 301)), Lifetime::Anew(year));
        assert_eq!(of("{\"consent\":{\"ok\":true}}"), Lifetime::Anew(year));
        assert_eq!(of("{\"last_seen\":1,\"consent\":{\"ok\":false}}"), Lifetime::Left(86_400));
        assert_eq!(of("no JSON"), Lifetime::Anew(year));
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
        assert_eq!(done, Done { stored: 1, anew: 1, withdrawn: 1, ..Done::default() });
        let newer = row(true, 101);
        import(&store, &export(&[("b", newer.as_str())])).unwrap();
        let done = import(&store, &export(&[("b", withdrawn.as_str())])).unwrap();
        assert_eq!(done, Done { different: 1, ..Done::default() });
    }

    #[test]
    fn what_is_there_is_left_as_it_is() {
        let store = MemoryStore::new(Arc::clone(&system_clock()));
        let done = import(&store, &export(&[("a", "1"), ("b", "2")])).unwrap();
        assert_eq!(done, Done { stored: 2, anew: 2, ..Done::default() });
        let done = import(&store, &export(&[("a", "1"), ("b", "3"), ("c", "4")])).unwrap();
        assert_eq!(done, Done { stored: 1, anew: 1, same: 1, different: 1, ..Done::default() });
        let done = import(&store, &export(&[("d", "1"), ("d", "1")])).unwrap();
        assert_eq!(done, Done { stored: 1, anew: 1, same: 1, ..Done::default() });
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
