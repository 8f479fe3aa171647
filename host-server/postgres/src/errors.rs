//! What errors mean, and how they are told.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use identity_graph::KvError;
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// Whether the server refused a statement in so many words: it was rolled back, and the connection takes
/// the next one. An error that ends the connection may come after the commit.
pub(crate) fn is_refusal(error: &Error) -> bool {
    error.as_db_error().and_then(DbError::parsed_severity) == Some(Severity::Error)
}

/// Whether the server takes no writes, or no more: another one may.
pub(crate) fn is_read_only(error: &Error) -> bool {
    error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
}

/// A write that failed: of all but a refusal nothing is known.
pub(crate) fn of_write(error: &Error) -> KvError {
    if is_refusal(error) { KvError::Unavailable } else { KvError::UnknownOutcome }
}

/// Whether a notice says that a commit was not waited for as it should have been. That comes as a plain
/// warning, whose text follows the server's language: what stays is the function that it comes from. A
/// server that does not name it is taken at its worst. Other warnings, of a trigger or an extension, say
/// nothing about the commit.
pub(crate) fn is_wait_cut_short(notice: &DbError) -> bool {
    notice.parsed_severity() == Some(Severity::Warning)
        && notice.routine().is_none_or(|routine| routine.starts_with("SyncRep"))
}

/// An error without what the server was given: its own words may quote that.
pub(crate) struct Told<'a>(pub(crate) &'a Error);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = self.0.as_db_error() {
            let routine = error.routine().unwrap_or("unnamed");
            return write!(f, "the server answers SQLSTATE {} ({routine})", error.code().code());
        }
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// None of the hosts answered in this time.
    Timeout(Duration),
    Failed(Error),
    /// It was made, and the statements do not fit what is there.
    Statements(Error),
    /// The server acknowledges what it may lose, for this reason.
    NotDurable(String),
}

impl ConnectError {
    /// Whether the certificate was refused, or there is no TLS on the other side.
    pub(crate) fn is_tls(&self) -> bool {
        let Self::Failed(error) = self else { return false };
        let Some(source) = error.source() else { return false };
        match source.downcast_ref::<io::Error>() {
            Some(error) => {
                let inner = error.get_ref();
                inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
            }
            None => error.as_db_error().is_none(),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(limit) => write!(f, "no answer within {} ms", limit.as_millis()),
            Self::Failed(error) | Self::Statements(error) => Told(error).fmt(f),
            Self::NotDurable(why) => f.write_str(why),
        }
    }
}
