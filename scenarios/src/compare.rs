//! What came beside what was expected, and what is said where they differ.

use std::fmt::Display;

use identity_graph::{Failure, Item};
use serde_json::Value;
use thiserror::Error;

use crate::expected::matches;
use crate::scripted::Done;
use crate::steps::{CallStep, Expected, ExpectedRow};
use crate::told;

/// A host does something else than a scenario says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{scenario}\", step {step} ({call}): {why}")]
pub struct Disagreement {
    /// The name of the scenario.
    pub scenario: String,
    /// The number of the step, from 1; 0 is the opening of the graph.
    pub step: usize,
    /// The operation of the step.
    pub call: &'static str,
    /// What should be, and what is.
    pub why: String,
}

/// Where a play is.
pub(crate) struct Place<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) step: usize,
    pub(crate) call: &'static str,
}

impl Place<'_> {
    pub(crate) fn disagree(
        &self,
        matter: &str,
        expected: impl Display,
        came: impl Display,
    ) -> Disagreement {
        let (expected, came) = (short(&expected.to_string()), short(&came.to_string()));
        Disagreement {
            scenario: self.scenario.to_owned(),
            step: self.step,
            call: self.call,
            why: format!("{matter} should be {expected}, and is {came}"),
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

pub(crate) fn compare_answer(
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

pub(crate) fn compare_row(
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
            return Err(place.disagree(&format!("the metadata of {matter}"), expected, came));
        }
    }
    Ok(())
}

pub(crate) fn compare_calls(
    place: &Place<'_>,
    call: &CallStep,
    done: &Done,
) -> Result<(), Disagreement> {
    if let Some(place_of) = done.unmet.first() {
        let fault = &call.faults[*place_of];
        let matter = format!("fault {}", place_of + 1);
        return Err(place.disagree(&matter, format!("met at a {:?}", fault.at), "not met"));
    }
    match &call.expect.calls {
        Some(calls) if *calls != done.calls => {
            Err(place.disagree("the store operations", calls, &done.calls))
        }
        _ => Ok(()),
    }
}

pub(crate) fn same(before: Option<&Item>, now: Option<&Item>) -> bool {
    let parts = |item: Option<&Item>| {
        item.map(|item| (item.body.clone(), item.metadata.clone().unwrap_or_default()))
    };
    parts(before) == parts(now)
}

pub(crate) fn shown(row: Option<&Item>) -> String {
    row.map_or("absent".to_owned(), |item| String::from_utf8_lossy(&item.body).into())
}
