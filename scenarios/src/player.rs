//! Plays a scenario and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use identity_graph::{Item, KvError, Store};

use crate::compare::{
    Disagreement, Place, compare_answer, compare_calls, compare_row, same, shown,
};
use crate::ec_id::EcId;
use crate::format::Scenario;
use crate::host::Host;
use crate::operations::Kept;
use crate::scripted::{Done, Scripted};
use crate::steps::{Expected, Operation, OtherStep, Step};
use crate::stores::{Own, Rows};
use crate::told;

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
/// operations are not compared. Afterwards it is empty again.
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
    let played = play.run();
    for key in play.keys() {
        rows.remove(key.as_str());
    }
    played
}

struct Play<'a> {
    scenario: &'a Scenario,
    host: &'a dyn Host,
    rows: &'a dyn Rows,
    script: Option<&'a Scripted>,
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
                    let mut kept = None;
                    let answer = operation.answer(self.host, &*graph, &mut kept);
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

    fn place(&self, step: usize, call: &'static str) -> Place<'a> {
        Place { scenario: &self.scenario.name, step, call }
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
                    let is_as_before =
                        before.get(key).is_some_and(|before| same(before.as_ref(), row.as_ref()));
                    if !is_as_before {
                        return Err(place.disagree(
                            &matter,
                            "as before the call",
                            shown(row.as_ref()),
                        ));
                    }
                }
                Some(None) if row.is_none() => {}
                Some(None) => return Err(place.disagree(&matter, "absent", shown(row.as_ref()))),
                Some(Some(expected)) => {
                    let Some(item) = row else {
                        return Err(place.disagree(&matter, "there", "absent"));
                    };
                    compare_row(place, &matter, expected, &item)?;
                    let written = done.map(|done| done.lifetimes.get(key.as_str()));
                    if let Some((lifetime, written)) = expected.lifetime.zip(written)
                        && written != Some(&lifetime)
                    {
                        let came = written.map_or("not written".to_owned(), u32::to_string);
                        return Err(place.disagree(
                            &format!("the lifetime of {matter}"),
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
