//! What an error of the server means.

use identity_graph::KvError;
use tokio_postgres::Error;
use tokio_postgres::error::Severity;

/// Whether the server refused a statement in so many words: it was rolled back, and the connection takes
/// the next one. An error that ends the connection may come after the commit.
pub(crate) fn is_refusal(error: &Error) -> bool {
    let error = error.as_db_error().and_then(tokio_postgres::error::DbError::parsed_severity);
    error == Some(Severity::Error)
}

/// A write that failed: of all but a refusal nothing is known.
pub(crate) fn of_write(error: &Error) -> KvError {
    if is_refusal(error) { KvError::Unavailable } else { KvError::UnknownOutcome }
}
