//! Plays a scenario and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use identity_graph::{Failure, Item, KvError, Store};
use serde_json::Value;
use thiserror::Error;

use crate::ec_id::EcId;
use crate::expected::matches;
use crate::format::Scenario;
use crate::host::Host;
use crate::operations::Kept;
use crate::scripted::{Done, Scripted};
use crate::steps::{CallStep, Expected, ExpectedRow, Operation, OtherStep, Step};
use crate::stores::{Own, Rows};
use crate::told;

/// A host does something else than a scenario says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{scenario}\", step {step} ({what}): {matter} should be {expected}, and is {came}")]
pub struct Disagreement {
    /// The name of the scenario.
    pub scenario: String,
    /// The number of the step, from 1; 0 is the opening of the graph.
    pub step: usize,
    /// The call of the step.
    pub what: String,
    /// What is compared, e.g. `the answer`.
    pub matter: String,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub came: String,
}

/// Plays a scenario over the scripted store, which the host is made over.
///
/// # Errors
/// The first disagreement.
pub fn play(
    scenario: &Scenario,
    host: impl FnOnce(Rc<dyn Store<Error = KvError>>) -> Box<dyn Host>,
) -> Result<(), Disagreement> {
    let store = Rc::new(Scripted::new(scenario.hands_over));
    let host = host(Rc::<Scripted>::clone(&store));
    Play { scenario, host: &*host, rows: &store.rows, script: Some(&store) }.run()
}

/// Plays a [plain](Scenario::is_plain) scenario over a store of the host's own, which is empty. The store
/// operations are not compared. Afterwards it is empty again, unless there was a disagreement.
///
/// # Errors
/// The first disagreement.
///
/// # Panics
/// When the store itself fails.
pub fn play_over(
    scenario: &Scenario,
    host: &dyn Host,
    store: &dyn Store<Error = KvError>,
) -> Result<(), Disagreement> {
    let rows = Own(store);
    let play = Play { scenario, host, rows: &rows, script: None };
    play.run()?;
    for key in play.keys() {
        rows.remove(key.as_str());
    }
    Ok(())
}

struct Play<'a> {
    scenario: &'a Scenario,
    host: &'a dyn Host,
    rows: &'a dyn Rows,
    script: Option<&'a Scripted>,
}

/// Where the play is.
struct Place<'a> {
    scenario: &'a str,
    step: usize,
    what: String,
}

impl Place<'_> {
    fn disagree(
        &self,
        matter: impl Into<String>,
        expected: impl ToString,
        came: impl ToString,
    ) -> Disagreement {
        Disagreement {
            scenario: self.scenario.to_owned(),
            step: self.step,
            what: self.what.clone(),
            matter: matter.into(),
            expected: short(&expected.to_string()),
            came: short(&came.to_string()),
        }
    }
}

/// A text of which the end is left out when it is long.
fn short(text: &str) -> String {
    const MOST: usize = 1_000;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain("…".chars()).collect()
}

impl<'a> Play<'a> {
    fn run(&self) -> Result<(), Disagreement> {
        for (key, row) in &self.scenario.rows {
            self.rows.write(key.as_str(), row);
        }
        if let Some(script) = self.script {
            script.begin();
        }
        let opened = self.host.open(self.scenario.policy());
        let graph = opened.map_err(|failure| {
            let place = self.place(0, "open");
            place.disagree("the graph", "opened", told::failure(&failure))
        })?;
        let mut snapshots: BTreeMap<&str, Kept<'_>> = BTreeMap::new();
        for (number, step) in self.scenario.steps.iter().enumerate() {
            let call = match step {
                Step::Call(call) => call,
                Step::Other(OtherStep::Put(key, row)) => {
                    self.rows.write(key.as_str(), row);
                    continue;
                }
                Step::Other(OtherStep::Delete(key)) => {
                    self.rows.remove(key.as_str());
                    continue;
                }
            };
            let place = self.place(number + 1, call.operation.name());
            let before = self.contents();
            if let Some(script) = self.script {
                script.meet(&call.faults);
            }
            let answer = match &call.operation {
                Operation::Graph(operation, name) => {
                    let (answer, kept) = operation.run(self.host, &*graph);
                    if let Some((name, kept)) = name.as_deref().zip(kept) {
                        snapshots.insert(name, kept);
                    }
                    answer
                }
                Operation::Snapshot(operation, name) => {
                    let Some(kept) = snapshots.get_mut(name.as_str()) else {
                        return Err(place.disagree("the snapshot", format!("\"{name}\""), "none"));
                    };
                    let current = self.rows.row(kept.ec_id.as_str()).map(|item| item.generation);
                    operation.answer(kept, current)
                }
            };
            compare_answer(&place, &call.expect, answer)?;
            let done = self.script.map(Scripted::done);
            self.compare_rows(&place, &call.expect, &before, done.as_ref())?;
            if let Some(done) = &done {
                compare_calls(&place, call, done)?;
            }
        }
        Ok(())
    }

    fn place(&self, step: usize, what: &str) -> Place<'a> {
        Place { scenario: &self.scenario.name, step, what: what.to_owned() }
    }

    /// The keys that the scenario names.
    fn keys(&self) -> BTreeSet<&'a EcId> {
        let mut keys: BTreeSet<_> = self.scenario.rows.keys().collect();
        let other = |step: &'a OtherStep| match step {
            OtherStep::Put(key, _) | OtherStep::Delete(key) => key,
        };
        for step in &self.scenario.steps {
            match step {
                Step::Other(step) => keys.extend([other(step)]),
                Step::Call(call) => {
                    if let Operation::Graph(operation, _) = &call.operation {
                        keys.extend(operation.ec_ids());
                    }
                    keys.extend(call.expect.rows.keys());
                    let faults = call.faults.iter();
                    keys.extend(faults.flat_map(|fault| fault.before.iter().map(other)));
                }
            }
        }
        // What no store takes as a key holds no row.
        keys.retain(|key| identity_graph::contract::check_key(key.as_str()).is_ok());
        keys
    }

    fn contents(&self) -> BTreeMap<&'a EcId, Option<Item>> {
        self.keys().into_iter().map(|key| (key, self.rows.row(key.as_str()))).collect()
    }

    fn compare_rows(
        &self,
        place: &Place<'_>,
        expect: &Expected,
        before: &BTreeMap<&EcId, Option<Item>>,
        done: Option<&Done>,
    ) -> Result<(), Disagreement> {
        for (key, row) in self.contents() {
            let matter = format!("the row {}", key.short());
            match expect.rows.get(key) {
                None => {
                    let is_as_before = before.get(key).is_some_and(|before| same(before, &row));
                    if !is_as_before {
                        return Err(place.disagree(matter, "as before the call", shown(&row)));
                    }
                }
                Some(None) if row.is_none() => {}
                Some(None) => return Err(place.disagree(matter, "absent", shown(&row))),
                Some(Some(expected)) => {
                    let Some(item) = row else {
                        return Err(place.disagree(matter, "there", "absent"));
                    };
                    compare_row(place, &matter, expected, &item)?;
                    let written = done.map(|done| done.lifetimes.get(key.as_str()));
                    if let Some((lifetime, written)) = expected.lifetime.zip(written)
                        && written != Some(&lifetime)
                    {
                        let came = written.map_or("not written".to_owned(), u32::to_string);
                        return Err(place.disagree(
                            format!("the lifetime of {matter}"),
                            lifetime,
                            came,
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn compare_answer(
    place: &Place<'_>,
    expect: &Expected,
    answer: Result<Value, Failure>,
) -> Result<(), Disagreement> {
    let came = answer.map_err(|failure| told::failure(&failure));
    let agrees = match (&expect.answer, &came) {
        (Ok(expected), Ok(came)) | (Err(expected), Err(came)) => matches(expected, Some(came)),
        _ => false,
    };
    let text = |answer: &Result<Value, Value>| match answer {
        Ok(value) => format!("ok {value}"),
        Err(value) => format!("error {value}"),
    };
    if agrees {
        return Ok(());
    }
    Err(place.disagree("the answer", text(&expect.answer), text(&came)))
}

fn compare_row(
    place: &Place<'_>,
    matter: &str,
    expected: &ExpectedRow,
    item: &Item,
) -> Result<(), Disagreement> {
    let text = String::from_utf8_lossy(&item.body);
    let body: Option<Value> = serde_json::from_str(&text).ok();
    let is_equal = expected.body.is_none() || expected.body == body;
    if !is_equal {
        let expected = expected.body.as_ref().map(Value::to_string).unwrap_or_default();
        return Err(place.disagree(matter, expected, text));
    }
    if let Some(has) = &expected.has
        && !matches(has, body.as_ref())
    {
        return Err(place.disagree(matter, format!("one with {has}"), text));
    }
    if let Some(exact) = &expected.text
        && *exact != text
    {
        return Err(place.disagree(matter, exact, text));
    }
    if let Some(expected) = &expected.metadata {
        let stored = item.metadata.as_deref();
        let metadata = stored.and_then(|text| serde_json::from_str(text).ok());
        if !matches(expected, metadata.as_ref()) {
            let came = stored.unwrap_or("none");
            return Err(place.disagree(format!("the metadata of {matter}"), expected, came));
        }
    }
    Ok(())
}

fn compare_calls(place: &Place<'_>, call: &CallStep, done: &Done) -> Result<(), Disagreement> {
    if let Some(place_of) = done.unmet.first() {
        let fault = &call.faults[*place_of];
        let matter = format!("fault {}", place_of + 1);
        return Err(place.disagree(matter, format!("met at a {:?}", fault.at), "not met"));
    }
    match &call.expect.calls {
        Some(calls) if *calls != done.calls => {
            Err(place.disagree("the store operations", calls, &done.calls))
        }
        _ => Ok(()),
    }
}

fn same(before: &Option<Item>, now: &Option<Item>) -> bool {
    let parts = |item: &Option<Item>| {
        item.as_ref().map(|item| (item.body.clone(), item.metadata.clone().unwrap_or_default()))
    };
    parts(before) == parts(now)
}

fn shown(row: &Option<Item>) -> String {
    row.as_ref().map_or("absent".to_owned(), |item| String::from_utf8_lossy(&item.body).into())
}
