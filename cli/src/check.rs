//! `ec-graph check`.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use identity_graph::{
    Graph, ItemHead, KvError, Policy, Read, Store, Write as Put, WriteOutcome, Written,
};

use crate::args::{CheckArgs, Ending};
use crate::left_out::Tally;
use crate::player::act;
use crate::replay::Trace;
use crate::text::{BOLD, GREEN, count};
use crate::trace::{Form, Lines};

pub(crate) fn run(arguments: &CheckArgs) -> anyhow::Result<Ending> {
    let Trace { reader, bar, .. } = Trace::open(Some(Path::new(&arguments.file)))?;
    let graph = Graph::new(Nothing, Policy::default())?;
    let mut found = Found::default();
    let mut lines = Lines::new(reader);
    while let Some(line) = lines.next().context("cannot read the trace")? {
        found.lines += 1;
        if found.lines.is_multiple_of(1_024) {
            bar.set_position(lines.bytes());
        }
        match line.event {
            Err(problem) => found.refused.add("", &problem.to_string()),
            Ok(mut event) => {
                for form in event.forms.drain(..) {
                    if !found.forms.contains(&form) {
                        found.forms.push(form);
                    }
                }
                let mut left_out = std::mem::take(&mut event.left_out);
                let reply = act(&graph, event);
                if let Some(rule) = reply.broken_rule() {
                    found.refused.add("", rule);
                    continue;
                }
                left_out.extend(reply.left_out());
                found.reduced += u64::from(!left_out.is_empty());
                found.left_out.add_all(&left_out);
            }
        }
    }
    bar.finish_and_clear();
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(found.text().as_bytes())?;
    stdout.flush()?;
    let is_good = found.refused.all + found.left_out.all == 0;
    Ok(if is_good { Ending::Good } else { Ending::Flawed })
}

/// What of a trace would be left out.
#[derive(Default)]
struct Found {
    lines: u64,
    refused: Tally,
    left_out: Tally,
    /// Lines of which something is left out.
    reduced: u64,
    forms: Vec<Form>,
}

impl Found {
    fn text(&self) -> String {
        let lines = count(self.lines, "line");
        let mut parts = vec![format!("{BOLD}{lines} read{BOLD:#}\n")];
        if self.refused.all + self.left_out.all == 0 {
            parts = vec![format!("{GREEN}✓{GREEN:#} {lines}: nothing would be left out\n")];
        }
        if self.refused.all > 0 {
            let refused = count(self.refused.all, "line");
            let lines = self.refused.lines();
            parts.push(format!("\n{BOLD}{refused} would be refused{BOLD:#}\n{lines}"));
        }
        if self.left_out.all > 0 {
            let (items, of) = (count(self.left_out.all, "item"), count(self.reduced, "line"));
            let lines = self.left_out.lines();
            parts.push(format!("\n{BOLD}{items} of {of} would be left out{BOLD:#}\n{lines}"));
        }
        let note = |form: &Form| format!("\nnote: {}\n", form.told());
        parts.extend(self.forms.iter().map(note));
        parts.concat()
    }
}

/// A store that takes everything and has nothing: what the rules say of an event then says nothing of
/// what went before.
struct Nothing;

impl Store for Nothing {
    type Error = KvError;

    fn get(&self, _key: &str) -> Read {
        Ok(None)
    }

    fn head(&self, _key: &str) -> Result<Option<ItemHead>, KvError> {
        Ok(None)
    }

    fn put(&self, _write: Put<'_>) -> Written {
        Ok(WriteOutcome::Stored)
    }

    fn delete(&self, _key: &str) -> Result<bool, KvError> {
        Ok(false)
    }

    fn count(&self, _prefix: &str, _limit: u32) -> Result<u32, KvError> {
        Ok(0)
    }

    fn get_many(&self, keys: &[&str]) -> Vec<Read> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    fn put_many(&self, writes: &[Put<'_>]) -> Vec<Written> {
        writes.iter().map(|write| self.put(*write)).collect()
    }
}
