//! `create`: the entry of a first visit.

use crate::cas_loop::{Mutation, Plan, PlannedWrite};
use crate::entry::{Entry, NewEntry};
use crate::error::GraphError;
use crate::graph::Graph;
use crate::row::{EncodedRow, Row};
use crate::store::{Precondition, Store};
use crate::types::EcId;

impl<S: Store> Graph<S> {
    /// Writes the entry of a first visit: 1 write.
    ///
    /// # Errors
    /// [`GraphError::AlreadyExists`] when the key holds something, be it of this very call where a
    /// layer below the store sent the write twice; after a write without an answer
    /// [`GraphError::Unavailable`] instead.
    pub fn create(&self, ec_id: &str, entry: NewEntry) -> Result<(), GraphError> {
        let id = EcId::parse(ec_id)?;
        let row = Entry::new(entry)?.encode()?;
        self.start(&id, Create { row, time_to_live: self.policy().entry_ttl })
    }
}

/// A first visit that must be the first.
struct Create {
    row: EncodedRow,
    time_to_live: u32,
}

impl Mutation for Create {
    type Outcome = ();
    const RETRIES: bool = false;
    const LOST: GraphError = GraphError::AlreadyExists;

    fn decide(&self, row: Option<&Row>) -> Result<Plan<()>, GraphError> {
        if row.is_some() {
            return Err(GraphError::AlreadyExists);
        }
        let write = PlannedWrite {
            row: self.row.clone(),
            time_to_live: self.time_to_live,
            condition: Precondition::Absent,
        };
        Ok(Plan::Write(write, ()))
    }
}
