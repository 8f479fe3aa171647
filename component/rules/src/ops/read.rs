//! `get`, `get-metadata` and `inspect`: what changes nothing.

use alloc::string::ToString;

use super::state::State;
use crate::api::RawRow;
use crate::entry::Metadata;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::row::{Row, metadata};
use crate::snapshot::Snapshot;
use crate::store::{Item, Store};
use crate::types::{EcId, Now};

impl<S: Store> Graph<S> {
    /// Reads an entry: 1 read; `None` for a row past its lifetime too. What is then done on the snapshot
    /// costs no second read unless it meets a conflict.
    pub fn get(&self, ec_id: &str, now: u64) -> Result<Option<Snapshot>, GraphError> {
        let id = EcId::parse(ec_id)?;
        let now = Now::parse(now, &self.policy())?;
        let Some(item) = self.store().get(id.as_str())? else { return Ok(None) };
        let row = Row::parse(item)?;
        if let State::Missing(_) = State::of(Some(&row), &self.policy(), now) {
            return Ok(None);
        }
        Ok(Some(Snapshot::new(id, row, now)))
    }

    /// Reads what is stored beside the entry, without its body: 1 head. `None` for a row without
    /// metadata too.
    pub fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, GraphError> {
        let id = EcId::parse(ec_id)?;
        let head = self.store().head(id.as_str())?;
        let Some(text) = head.and_then(|head| head.metadata) else { return Ok(None) };
        Ok(Some(metadata::parse(&text)?))
    }

    /// The row as it is stored, readable or not: 1 read.
    pub fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, GraphError> {
        let id = EcId::parse(ec_id)?;
        let Some(item) = self.store().get(id.as_str())? else { return Ok(None) };
        let problem = Row::parse(item.clone()).err().map(|problem| problem.to_string());
        let Item { body, metadata, generation } = item;
        Ok(Some(RawRow { body, metadata, generation, problem }))
    }
}
