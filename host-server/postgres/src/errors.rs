//! What an error of the server means.

use identity_graph::KvError;
use tokio_postgres::Error;
use tokio_postgres::error::Severity;

/// A write that failed: what the server refused in so many words was rolled back, and of anything else
/// nothing is known. An error that ends the connection may come after the commit.
pub(crate) fn of_write(error: &Error) -> KvError {
    let refused = error.as_db_error().and_then(tokio_postgres::error::DbError::parsed_severity);
    if refused == Some(Severity::Error) { KvError::Unavailable } else { KvError::UnknownOutcome }
}
