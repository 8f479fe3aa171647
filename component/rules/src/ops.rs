//! The operations of the graph, one a file: what each decides about a row, what it answers, and the
//! store calls it makes.

mod assertions;
mod create;
mod create_or_revive;
mod delete;
mod evaluate_cluster;
mod judge;
mod latest;
mod read;
mod remove_partner_ids;
mod report;
mod state;
mod sync_partner_ids;
mod update_last_seen;
mod upsert_outcome;
mod upsert_partner_ids;
mod visit;
mod withdraw;

pub use create_or_revive::CreateOutcome;
pub use report::Report;
pub use sync_partner_ids::{Mapping, MappingOutcome};
pub use update_last_seen::TouchOutcome;
pub use upsert_outcome::UpsertOutcome;
pub use upsert_partner_ids::IfMissing;
pub use visit::VisitOutcome;
pub use withdraw::WithdrawOutcome;

pub(crate) use assertions::Assertions;
pub(crate) use latest::Items;
