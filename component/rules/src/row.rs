//! Stored rows: what they are made of, and how they are read and written.

mod decode;
mod domains;
mod edit;
mod encode;
mod ext;
pub(crate) mod metadata;
mod plain;
mod scan;
mod schema;
mod shape;
mod span;
mod splice;
mod stored;
mod uid_edits;
mod write_json;

#[cfg(test)]
mod scan_tests;
#[cfg(test)]
mod schema_tests;

pub use encode::EncodedRow;

pub(crate) use edit::Edit;
pub(crate) use encode::NewRow;
pub(crate) use ext::is_small_object;
pub(crate) use schema::Field;
pub(crate) use stored::{Row, StoredUid};
pub(crate) use uid_edits::UidEdits;
