//! `ec-graph export`: every row of a store, to a file that can be gone on with.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
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
    let Missed { too_large } = done?;
    eprintln!("{} rows exported", output.progress.rows);
    if too_large > 0 {
        eprintln!(
            "{too_large} rows are larger than 1 MiB and were left out; the graph cannot read them either"
        );
        return Ok(Ending::Flawed);
    }
    Ok(Ending::Good)
}

/// What is not in the file.
#[derive(Default)]
struct Missed {
    too_large: u64,
}

async fn write(store: &dyn AsyncStore, output: &mut Output, bar: &ProgressBar) -> Result<Missed> {
    let mut missed = Missed::default();
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
                    Err(KvError::TooLarge) => missed.too_large += 1,
                    Err(error) => return Err(failed(error)),
                }
            }
            keys = later;
        }
        bar.set_position(output.progress.rows);
        let Some(next) = page.next else { break };
        output.page(next)?;
    }
    output.end()?;
    Ok(missed)
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
            let file = File::create(path).with_context(|| name.to_string())?;
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
        let row = Row { key, metadata: item.metadata, body: Body::new(item.body) };
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
        let new = note.with_extension("progress.new");
        fs::write(&new, serde_json::to_vec(&self.progress)?)?;
        fs::rename(&new, note)?;
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let sha256 = hex::encode(self.hash.clone().finalize());
        let line = line(&Line::End(End { rows: self.progress.rows, sha256 }))?;
        self.lines.write_all(&line)?;
        self.lines.flush()?;
        self.lines.get_mut().sync()?;
        // A short export has made no note.
        let _ = self.note.as_ref().map(fs::remove_file);
        Ok(())
    }
}

fn line(line: &Line) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}
