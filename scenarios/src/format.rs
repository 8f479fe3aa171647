//! The files as they are read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use identity_graph::Policy;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use thiserror::Error;

use crate::ec_id::EcId;
use crate::policy::PolicyText;
use crate::steps::{OtherStep, Step, StoredRow};

/// One file: a subject and its scenarios.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// What it is about.
    pub name: String,
    /// Why it matters.
    pub why: String,
    /// Its stories.
    #[serde(deserialize_with = "named")]
    pub scenarios: Vec<Scenario>,
}

/// One story: what is stored, what is called, what has to come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// A sentence: what is shown.
    pub name: String,
    pub(crate) policy: Option<PolicyText>,
    #[serde(default)]
    pub(crate) hands_over: bool,
    #[serde(default)]
    pub(crate) rows: BTreeMap<EcId, StoredRow>,
    #[serde(deserialize_with = "numbered")]
    pub(crate) steps: Vec<Step>,
}

/// Why a file cannot be read as scenarios.
#[derive(Debug, Error)]
pub enum FormatError {
    /// The file or the folder cannot be read.
    #[error("{} cannot be read: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no JSON of this format.
    #[error("{} is not of the format that scenarios/README.md describes: {source}", file.display())]
    Malformed {
        /// Which.
        file: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// The subjects of this repository, by the names of their files.
///
/// # Errors
/// When a file cannot be read, with its name.
pub fn subjects() -> Result<Vec<Subject>, FormatError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unreadable = |source| FormatError::Unreadable { file: folder.to_owned(), source };
    let mut files = Vec::new();
    for file in fs::read_dir(folder).map_err(unreadable)? {
        files.push(file.map_err(unreadable)?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    files.into_iter().map(read).collect()
}

fn read(file: PathBuf) -> Result<Subject, FormatError> {
    match fs::read_to_string(&file) {
        Err(source) => Err(FormatError::Unreadable { file, source }),
        Ok(text) => Subject::parse(&text).map_err(|source| FormatError::Malformed { file, source }),
    }
}

impl Subject {
    /// Reads a subject from the text of its file.
    ///
    /// # Errors
    /// When it is no JSON of this format, with what is wrong.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let mut value: Value = serde_json::from_str(text)?;
        write_out(&mut value);
        serde_json::from_value(value)
    }
}

/// Reads scenarios; what is wrong with one is told with its name.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Scenario>, D::Error> {
    let scenario = |value: Value| {
        let name = value["name"].to_string();
        let wrong = |error| D::Error::custom(format_args!("scenario {name}: {error}"));
        serde_json::from_value(value).map_err(wrong)
    };
    Vec::deserialize(deserializer)?.into_iter().map(scenario).collect()
}

/// Reads steps; what is wrong with one is told with its number.
fn numbered<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Step>, D::Error> {
    let step = |(number, value)| {
        let wrong = |error| D::Error::custom(format_args!("step {number}: {error}"));
        serde_json::from_value(value).map_err(wrong)
    };
    (1_usize..).zip(Vec::deserialize(deserializer)?).map(step).collect()
}

/// Writes long texts out.
fn write_out(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(write_out),
        Value::Object(members) => {
            let times = members.get("times").and_then(Value::as_u64);
            let text = members.get("repeat").and_then(Value::as_str).zip(times);
            match text.filter(|_| members.len() == 2) {
                Some((text, times)) => {
                    *value = text.repeat(usize::try_from(times).unwrap_or(0)).into();
                }
                None => members.values_mut().for_each(write_out),
            }
        }
        _ => {}
    }
}

impl Scenario {
    pub(crate) fn policy(&self) -> Option<Policy> {
        self.policy.as_ref().map(PolicyText::policy)
    }

    /// Whether a host can play it over a store of its own, which does nothing by script.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let is_plain = |row: &StoredRow| row.metadata.is_some();
        let is_plain_step = |step: &Step| match step {
            Step::Call(call) => call.faults.is_empty(),
            Step::Other(OtherStep::Put(_, row)) => is_plain(row),
            Step::Other(OtherStep::Delete(_)) => true,
        };
        !self.hands_over && self.rows.values().all(is_plain) && self.steps.iter().all(is_plain_step)
    }
}
