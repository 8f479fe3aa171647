//! `get`, `get-metadata` and `inspect`: what changes nothing.

use alloc::string::ToString;

use super::state::State;
use crate::api::RawRow;
use crate::entry::Metadata;
use crate::error::GraphError;
use crate::graph::Graph;
use crate::operation::{Call, OneCall, Operation, Then};
use crate::policy::Policy;
use crate::row::{Row, metadata};
use crate::rules::Rules;
use crate::snapshot::Snapshot;
use crate::store::{Item, Store};
use crate::types::{EcId, Now};

impl<S: Store> Graph<S> {
    /// Reads an entry: 1 read; `None` for a row past its lifetime too. What is then done on the snapshot
    /// costs no second read unless it meets a conflict.
    pub fn get(&self, ec_id: &str, now: u64) -> Result<Option<Snapshot>, GraphError> {
        self.ask(self.rules().getting(ec_id, now)?)
    }

    /// Reads what is stored beside the entry, without its body: 1 head. `None` for a row without
    /// metadata too.
    pub fn get_metadata(&self, ec_id: &str) -> Result<Option<Metadata>, GraphError> {
        self.ask(getting_metadata(ec_id)?)
    }

    /// The row as it is stored, readable or not: 1 read.
    pub fn inspect(&self, ec_id: &str) -> Result<Option<RawRow>, GraphError> {
        self.ask(inspecting(ec_id)?)
    }
}

impl Rules {
    /// [`Graph::get`] without a store.
    pub fn get(&self, ec_id: &str, now: u64) -> Result<Operation<Option<Snapshot>>, GraphError> {
        Ok(Operation::new(self.getting(ec_id, now)?))
    }

    /// [`Graph::get_metadata`] without a store.
    pub fn get_metadata(&self, ec_id: &str) -> Result<Operation<Option<Metadata>>, GraphError> {
        Ok(Operation::new(getting_metadata(ec_id)?))
    }

    /// [`Graph::inspect`] without a store.
    pub fn inspect(&self, ec_id: &str) -> Result<Operation<Option<RawRow>>, GraphError> {
        Ok(Operation::new(inspecting(ec_id)?))
    }

    fn getting(
        &self,
        ec_id: &str,
        now: u64,
    ) -> Result<OneCall<Option<Snapshot>, impl Then<Option<Snapshot>>>, GraphError> {
        let (id, policy) = (EcId::parse(ec_id)?, *self.policy());
        let now = Now::parse(now, &policy)?;
        let row_of = id.clone();
        Ok(OneCall::new(
            |key| Call::Get(key),
            id,
            move |answer| {
                let Some(item) = answer.into_read()? else { return Ok(None) };
                snapshot(row_of, item, &policy, now)
            },
        ))
    }
}

fn getting_metadata(
    ec_id: &str,
) -> Result<OneCall<Option<Metadata>, impl Then<Option<Metadata>>>, GraphError> {
    Ok(OneCall::new(
        |key| Call::Head(key),
        EcId::parse(ec_id)?,
        |answer| {
            let text = answer.into_head()?.and_then(|head| head.metadata);
            Ok(text.map(|text| metadata::parse(&text)).transpose()?)
        },
    ))
}

fn inspecting(
    ec_id: &str,
) -> Result<OneCall<Option<RawRow>, impl Then<Option<RawRow>>>, GraphError> {
    Ok(OneCall::new(
        |key| Call::Get(key),
        EcId::parse(ec_id)?,
        |answer| {
            let Some(item) = answer.into_read()? else { return Ok(None) };
            let problem = Row::parse(item.clone()).err().map(|problem| problem.to_string());
            let Item { body, metadata, generation } = item;
            Ok(Some(RawRow { body, metadata, generation, problem }))
        },
    ))
}

impl Snapshot {
    /// A snapshot of what the caller has read itself; `None` for a row past its lifetime. `ec_id` is the
    /// item's key.
    ///
    /// # Errors
    /// [`GraphError::InvalidArgument`] for the EC ID or the time, [`GraphError::Corrupt`] when the item
    /// is no entry.
    pub fn new(
        ec_id: &str,
        item: Item,
        policy: &Policy,
        now: u64,
    ) -> Result<Option<Self>, GraphError> {
        snapshot(EcId::parse(ec_id)?, item, policy, Now::parse(now, policy)?)
    }
}

fn snapshot(
    id: EcId,
    item: Item,
    policy: &Policy,
    now: Now,
) -> Result<Option<Snapshot>, GraphError> {
    let row = Row::boxed(item)?;
    if let State::Missing(_) = State::of(Some(&row), policy, now) {
        return Ok(None);
    }
    Ok(Some(Snapshot::of_row(id, row, now)))
}
