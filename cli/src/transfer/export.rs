//! `ec-graph export`: every row of a store, to a file that can be gone on with.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use host_server_store::AsyncStore;
use identity_graph::{Item, KvError};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Body, End, Line, PAGE, Row, over};
use crate::args::{Ending, ExportArgs};
use crate::replay::row_spinner;

/// How far an export has come. It stands beside the file until that is whole.
#[derive(Serialize, Deserialize, Default, Clone)]
struct Progress {
    /// Where the store goes on.
    from: Option<String>,
    /// Bytes of the file that count.
    bytes: u64,
    rows: u64,
    /// Rows that are too large to be read, and not in the file.
    #[serde(default)]
    too_large: u64,
}

/// Exports a store.
pub(crate) fn run(arguments: &ExportArgs) -> Result<Ending> {
    let mut output = match &arguments.file {
        Some(file) if file.as_os_str() != "-" => Output::file(file)?,
        _ => Output::stream(Box::new(io::stdout().lock())),
    };
    let bar = row_spinner();
    let done = over(&arguments.store, async |store| write(&*store, &mut output, &bar).await);
    bar.finish_and_clear();
    done?;
    let Progress { rows, too_large, .. } = output.progress;
    eprintln!("{rows} rows exported");
    if too_large > 0 {
        eprintln!(
            "{too_large} rows are larger than 1 MiB and were left out; the graph cannot read them either"
        );
        return Ok(Ending::Flawed);
    }
    Ok(Ending::Good)
}

async fn write(store: &dyn AsyncStore, output: &mut Output, bar: &ProgressBar) -> Result<()> {
    loop {
        let from = output.progress.from.clone();
        let page = store.list(from, PAGE).await.map_err(failed)?;
        let mut keys = page.keys;
        while !keys.is_empty() {
            let asked: Vec<_> = keys.iter().map(String::as_str).collect();
            let reads = store.get_many(&asked).await;
            ensure!(reads.len() == keys.len(), "the store answered for too few keys");
            let mut later = Vec::new();
            for (key, read) in keys.into_iter().zip(reads) {
                match read {
                    Ok(Some(item)) => output.row(key, item)?,
                    // Gone since it was listed.
                    Ok(None) => (),
                    Err(KvError::NotRead) => later.push(key),
                    Err(KvError::TooLarge) => output.progress.too_large += 1,
                    Err(error) => return Err(failed(error)),
                }
            }
            keys = later;
        }
        bar.set_position(output.progress.rows);
        let Some(next) = page.next else { break };
        output.page(next)?;
    }
    output.end()
}

fn failed(error: KvError) -> anyhow::Error {
    anyhow::anyhow!("{error}; the same command goes on where this one ended")
}

/// Where the lines go.
struct Output {
    lines: BufWriter<Box<dyn Sink>>,
    progress: Progress,
    hash: Sha256,
    /// Where the progress is noted, when it is.
    note: Option<PathBuf>,
}

/// A file, or a stream that takes what it takes.
trait Sink: Write {
    /// Has what was written survive a crash.
    fn sync(&mut self) -> io::Result<()>;
}

impl Sink for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

struct Stream(Box<dyn Write>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Sink for Stream {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output {
    fn stream(stream: Box<dyn Write>) -> Self {
        Self::new(Box::new(Stream(stream)), None)
    }

    fn new(sink: Box<dyn Sink>, note: Option<PathBuf>) -> Self {
        let (progress, hash) = (Progress::default(), Sha256::new());
        Self { lines: BufWriter::new(sink), progress, hash, note }
    }

    /// A new file, or one that an export has begun.
    fn file(path: &Path) -> Result<Self> {
        let mut note = path.as_os_str().to_owned();
        note.push(".progress");
        let note = PathBuf::from(note);
        let name = path.display();
        if !path.exists() {
            // The note first: a file that it does not stand beside is nobody's to go on with.
            put_note(&note, &Progress::default())?;
            let file = create(path).with_context(|| name.to_string())?;
            return Ok(Self::new(Box::new(file), Some(note)));
        }
        let Ok(noted) = fs::read(&note) else {
            bail!("{name} is there already, and is no export that was begun; choose another name");
        };
        let progress: Progress = serde_json::from_slice(&noted)
            .with_context(|| format!("{}: delete both files to begin anew", note.display()))?;
        let mut file = File::options().read(true).write(true).open(path)?;
        // What was written after the last note is written again.
        file.set_len(progress.bytes)?;
        let mut hash = Sha256::new();
        let mut kept = BufReader::new(&file);
        let mut block = vec![0; 1 << 16];
        loop {
            let length = kept.read(&mut block)?;
            let Some(read @ [_, ..]) = block.get(..length) else { break };
            hash.update(read);
        }
        file.seek(SeekFrom::End(0))?;
        Ok(Self { progress, hash, ..Self::new(Box::new(file), Some(note)) })
    }

    fn row(&mut self, key: String, item: Item) -> Result<()> {
        // A store takes no row without metadata, so that one was stored with none at all.
        let metadata = item.metadata.filter(|text| !text.is_empty());
        let row = Row { key, metadata, body: Body::new(item.body) };
        let line = line(&Line::Row(row))?;
        self.hash.update(&line);
        self.lines.write_all(&line)?;
        self.progress.bytes += line.len() as u64;
        self.progress.rows += 1;
        Ok(())
    }

    /// Notes that everything up to here is in the file.
    fn page(&mut self, next: String) -> Result<()> {
        self.progress.from = Some(next);
        let Some(note) = &self.note else { return Ok(()) };
        self.lines.flush()?;
        self.lines.get_mut().sync()?;
        put_note(note, &self.progress)
    }

    fn end(&mut self) -> Result<()> {
        let sha256 = hex::encode(self.hash.clone().finalize());
        let Progress { rows, too_large, .. } = self.progress;
        let line = line(&Line::End(End { rows, sha256, too_large }))?;
        self.lines.write_all(&line)?;
        self.lines.flush()?;
        self.lines.get_mut().sync()?;
        self.note.as_ref().map_or(Ok(()), fs::remove_file)?;
        Ok(())
    }
}

/// A new file that its owner alone can read, since it holds IDs.
fn create(path: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Replaces the note.
fn put_note(note: &Path, progress: &Progress) -> Result<()> {
    let new = note.with_extension("progress.new");
    let mut file = create(&new).with_context(|| new.display().to_string())?;
    file.write_all(&serde_json::to_vec(progress)?)?;
    file.sync_data()?;
    fs::rename(&new, note).with_context(|| note.display().to_string())
}

fn line(line: &Line) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use host_server_store::{Page, async_trait};
    use identity_graph::{Read, Write, Written};
    use tempfile::TempDir;

    use super::*;

    /// Rows that other programs have stored: one without metadata, one that is too large.
    struct Others;

    #[async_trait]
    impl AsyncStore for Others {
        async fn get(&self, key: &str) -> Read {
            match key {
                "large" => Err(KvError::TooLarge),
                _ => Ok(Some(Item { body: b"1".to_vec(), metadata: None, generation: 1 })),
            }
        }
        async fn put(&self, _write: Write<'_>) -> Written {
            Err(KvError::Unavailable)
        }
        async fn delete(&self, _key: &str) -> Result<bool, KvError> {
            Err(KvError::Unavailable)
        }
        async fn count(&self, _prefix: &str, _limit: u32) -> Result<u32, KvError> {
            Err(KvError::Unavailable)
        }
        async fn list(&self, _from: Option<String>, _limit: u32) -> Result<Page, KvError> {
            let keys = ["bare", "large"].map(str::to_owned).to_vec();
            Ok(Page { keys, next: None })
        }
    }

    #[test]
    fn what_has_no_metadata_has_none_in_the_file_and_what_is_too_large_is_counted_there() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("rows");
        let mut output = Output::file(&file).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(write(&Others, &mut output, &ProgressBar::hidden())).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let row = "{\"key\":\"bare\",\"body\":\"1\"}\n";
        let sha256 = hex::encode(Sha256::digest(row));
        assert_eq!(text, format!("{row}{{\"rows\":1,\"sha256\":\"{sha256}\",\"too_large\":1}}\n"));
    }
}
