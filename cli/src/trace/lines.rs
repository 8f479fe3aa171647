//! A trace as a stream of lines of bounded length.

use std::io::{self, BufRead, Read};

use super::event::{TraceEvent, VERSION, version};
use super::problem::{MAX_LINE_BYTES, Problem};

/// Reads a trace line by line into one buffer, so that memory does not grow with the trace.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    bytes: u64,
}

/// A line that is neither empty nor the version.
pub(crate) struct Line {
    /// From 1, with empty lines counted.
    pub(crate) number: u64,
    pub(crate) event: Result<TraceEvent, Problem>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, line: Vec::new(), number: 0, bytes: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next event or bad line, `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let Some(is_too_long) = self.read()? else { return Ok(None) };
            let number = self.number;
            if is_too_long {
                let is_list = self.content().trim_ascii_start().starts_with(b"[");
                let problem = if is_list { Problem::List } else { Problem::TooLong };
                return Ok(Some(Line { number, event: Err(problem) }));
            }
            if self.content().trim_ascii().is_empty() {
                continue;
            }
            // A list would be taken for the fields of the first line, in order.
            if number == 1
                && self.content().trim_ascii_start().starts_with(b"{")
                && let Some(version) = version(self.content())
            {
                check_version(&version)?;
                continue;
            }
            let event = TraceEvent::parse(self.content());
            return Ok(Some(Line { number, event }));
        }
    }

    /// Reads one line; true when it is too long, in which case it was skipped.
    fn read(&mut self) -> io::Result<Option<bool>> {
        self.line.clear();
        let limit = MAX_LINE_BYTES as u64 + 1;
        let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes += read as u64;
        let is_too_long = read > MAX_LINE_BYTES && self.line.last() != Some(&b'\n');
        if is_too_long {
            self.bytes += self.reader.skip_until(b'\n')? as u64;
        }
        Ok(Some(is_too_long))
    }

    /// The line, without the byte order mark that some editors put at the start of a file.
    fn content(&self) -> &[u8] {
        let mark = if self.number == 1 { "\u{feff}".as_bytes() } else { b"" };
        self.line.strip_prefix(mark).unwrap_or(&self.line)
    }
}

fn check_version(version: &serde_json::Value) -> io::Result<()> {
    if version.as_u64().is_some_and(|version| (1..=VERSION).contains(&version)) {
        return Ok(());
    }
    let found = match version.as_u64() {
        Some(number) => format!("says version {number}"),
        None => "says a version that is not a number".to_owned(),
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        format!(
            "the first line {found}, and this program reads versions 1 to {VERSION} only; convert the trace or use the program that wrote it"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(trace: &[u8]) -> io::Result<Vec<(u64, Option<Problem>)>> {
        let mut lines = Lines::new(trace);
        let mut found = Vec::new();
        while let Some(line) = lines.next()? {
            found.push((line.number, line.event.err()));
        }
        assert_eq!(lines.bytes(), trace.len() as u64);
        Ok(found)
    }

    const VIEW: &str = r#"{"event":"view","at":1,"ec":"e"}"#;

    #[test]
    fn empty_lines_the_version_and_a_byte_order_mark_are_no_events() {
        let trace = format!("\u{feff}{{\"trace\":2}}\r\n\n{VIEW}\r\n  \n{VIEW}");
        assert_eq!(numbers(trace.as_bytes()).unwrap(), [(3, None), (5, None)]);
    }

    #[test]
    fn a_line_of_one_mebibyte_is_read_and_a_longer_one_skipped() {
        let padded = |length: usize| VIEW.to_owned() + &" ".repeat(length - VIEW.len());
        let (fits, long) = (padded(MAX_LINE_BYTES), padded(3 * MAX_LINE_BYTES + 1));
        let trace = format!("{fits}\n{long}\n{VIEW}\n{long}");
        let too_long = || Some(Problem::TooLong);
        let expected = [(1, None), (2, too_long()), (3, None), (4, too_long())];
        assert_eq!(numbers(trace.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn a_list_is_told_as_one_however_long_it_is() {
        let long = format!("[{VIEW}{}]\n[\n", " ".repeat(MAX_LINE_BYTES));
        let list = || Some(Problem::List);
        assert_eq!(numbers(long.as_bytes()).unwrap(), [(1, list()), (2, list())]);
        assert_eq!(numbers(b"[{\"id\":1}]\n").unwrap(), [(1, list())]);
    }

    #[test]
    fn another_version_is_refused_and_a_late_one_is_a_bad_line() {
        for version in ["3", "0", "\"1\"", "1.5"] {
            let error = numbers(format!("{{\"trace\":{version}}}\n{VIEW}").as_bytes()).unwrap_err();
            assert!(error.to_string().contains("versions 1 to 2 only"));
        }
        let trace = format!("{VIEW}\n{{\"trace\":1}}\n");
        assert_eq!(numbers(trace.as_bytes()).unwrap(), [(1, None), (2, Some(Problem::NoEvent))]);
    }
}
