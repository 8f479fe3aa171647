//! The steps of a scenario as they are read.

use std::collections::BTreeMap;
use std::fmt;

use identity_graph::KvError;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::ec_id::EcId;
use crate::operations::{GraphCall, SnapshotCall};

/// A row as another worker stores it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "RowText")]
pub(crate) struct StoredRow {
    pub(crate) body: String,
    pub(crate) metadata: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowText {
    body: Option<Value>,
    text: Option<String>,
    #[serde(default = "empty")]
    metadata: Value,
}

fn empty() -> Value {
    Value::String(String::new())
}

impl TryFrom<RowText> for StoredRow {
    type Error = &'static str;

    fn try_from(row: RowText) -> Result<Self, &'static str> {
        let body = match (row.body, row.text) {
            (Some(body), None) => body.to_string(),
            (None, Some(text)) => text,
            _ => return Err("a row has either `body` or `text`"),
        };
        let metadata = match row.metadata {
            Value::Null => None,
            Value::String(text) => Some(text),
            json => Some(json.to_string()),
        };
        Ok(Self { body, metadata })
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Call(Box<CallStep>),
    Other(OtherStep),
}

/// What another worker does.
#[derive(Debug, Clone)]
pub(crate) enum OtherStep {
    Put(EcId, StoredRow),
    Delete(EcId),
}

#[derive(Debug, Clone)]
pub(crate) struct CallStep {
    pub(crate) operation: Operation,
    pub(crate) faults: Vec<Fault>,
    pub(crate) expect: Expected,
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Of the graph; the snapshot is kept under this name.
    Graph(GraphCall, Option<String>),
    /// Of the snapshot of this name.
    Snapshot(SnapshotCall, String),
}

impl Operation {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Graph(operation, _) => operation.name(),
            Self::Snapshot(operation, _) => operation.name(),
        }
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        if members.contains_key("call") {
            let call = CallStep::of(members).map_err(Error::custom)?;
            return Ok(Self::Call(Box::new(call)));
        }
        let other = serde_json::from_value(members.into());
        other.map(Self::Other).map_err(Error::custom)
    }
}

impl<'de> Deserialize<'de> for OtherStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?;
        let mut of = || -> Result<Self, serde_json::Error> {
            if let Some(key) = members.remove("put") {
                let row = serde_json::from_value(std::mem::take(&mut members).into())?;
                return Ok(Self::Put(serde_json::from_value(key)?, row));
            }
            match members.remove("delete") {
                Some(key) if members.is_empty() => Ok(Self::Delete(serde_json::from_value(key)?)),
                Some(_) => Err(Error::custom("`delete` stands alone")),
                None => Err(Error::custom("a step is `call`, `put` or `delete`")),
            }
        };
        of().map_err(Error::custom)
    }
}

impl CallStep {
    fn of(mut members: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let mut take = |name| members.remove(name).unwrap_or_default();
        let (expect, faults) = (take("expect"), take("faults"));
        let (on, kept): (Option<String>, Option<String>) =
            (serde_json::from_value(take("on"))?, serde_json::from_value(take("as"))?);
        let operation = match on {
            Some(on) => Operation::Snapshot(serde_json::from_value(members.into())?, on),
            None => Operation::Graph(serde_json::from_value(members.into())?, kept),
        };
        let faults: Option<Vec<Fault>> = serde_json::from_value(faults)?;
        let expect = serde_json::from_value(expect)?;
        Ok(Self { operation, faults: faults.unwrap_or_default(), expect })
    }
}

/// What one store operation of a call meets.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) at: Kind,
    pub(crate) ec_id: Option<EcId>,
    #[serde(default)]
    pub(crate) nth: Nth,
    #[serde(default)]
    pub(crate) before: Vec<OtherStep>,
    pub(crate) fault: Option<What>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Get,
    Head,
    Put,
    Delete,
    Count,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(crate) enum Nth {
    Number(u64),
    Every(Every),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Every {
    Every,
}

impl Default for Nth {
    fn default() -> Self {
        Self::Number(1)
    }
}

/// What goes wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    Miss,
    Stale,
    LostAnswer,
    Refused,
    SentTwice,
    NoSuchStore,
    Invalid,
    Throttled,
    Unavailable,
    UnknownOutcome,
    TooLarge,
    NotRead,
}

impl What {
    /// The error that it is answered with instead of being carried out.
    pub(crate) fn error(self) -> Option<KvError> {
        Some(match self {
            Self::NoSuchStore => KvError::NoSuchStore,
            Self::Invalid => KvError::Invalid,
            Self::Throttled => KvError::Throttled,
            Self::Unavailable => KvError::Unavailable,
            Self::UnknownOutcome => KvError::UnknownOutcome,
            Self::TooLarge => KvError::TooLarge,
            Self::NotRead => KvError::NotRead,
            Self::Miss | Self::Stale | Self::LostAnswer | Self::Refused | Self::SentTwice => {
                return None;
            }
        })
    }
}

/// What a call has to come to.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "ExpectedText")]
pub(crate) struct Expected {
    pub(crate) answer: Result<Value, Value>,
    pub(crate) rows: BTreeMap<EcId, Option<ExpectedRow>>,
    pub(crate) calls: Option<Calls>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedText {
    /// A `null` that is said is an answer.
    #[serde(default, deserialize_with = "said")]
    ok: Option<Value>,
    error: Option<Value>,
    #[serde(default)]
    rows: BTreeMap<EcId, Option<ExpectedRow>>,
    calls: Option<Calls>,
}

fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl TryFrom<ExpectedText> for Expected {
    type Error = &'static str;

    fn try_from(text: ExpectedText) -> Result<Self, &'static str> {
        let answer = match (text.ok, text.error) {
            (Some(ok), None) => Ok(ok),
            (None, Some(error)) => Err(error),
            _ => return Err("`expect` has either `ok` or `error`"),
        };
        Ok(Self { answer, rows: text.rows, calls: text.calls })
    }
}

/// A row as it has to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedRow {
    pub(crate) body: Option<Value>,
    pub(crate) has: Option<Value>,
    pub(crate) text: Option<String>,
    pub(crate) metadata: Option<Value>,
    pub(crate) lifetime: Option<u32>,
}

/// Store operations by kind; of batches the number of keys of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Calls {
    pub(crate) get: u64,
    pub(crate) head: u64,
    pub(crate) put: u64,
    pub(crate) delete: u64,
    pub(crate) count: u64,
    pub(crate) get_many: Vec<usize>,
    pub(crate) put_many: Vec<usize>,
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { get, head, put, delete, count, get_many, put_many } = self;
        let kinds =
            [("get", get), ("head", head), ("put", put), ("delete", delete), ("count", count)];
        let mut shown = f.debug_map();
        shown.entries(kinds.into_iter().filter(|(_, number)| **number > 0));
        let batches = [("get-many", get_many), ("put-many", put_many)];
        shown.entries(batches.into_iter().filter(|(_, sizes)| !sizes.is_empty())).finish()
    }
}
