//! What an operation of the graph failed with, in the form the component gives it.

use identity_graph::GraphError;
use thiserror::Error;

/// Mirrors `graph-error` of the WIT interface, so that one test body judges the native rules and the
/// component alike.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// An argument breaks a documented rule; nothing reached the store.
    #[error("{0}")]
    InvalidArgument(String),
    /// No store has the name that was opened.
    #[error("no store has this name; create it or correct the configured name")]
    NoSuchStore,
    /// `create` only: the key holds an entry.
    #[error("the key already holds an entry; create_or_revive accepts that")]
    AlreadyExists,
    /// The stored row is not an entry.
    #[error("the stored row is not an entry: {0}; inspect shows it")]
    Corrupt(String),
    /// The row would outgrow its limit; it is unchanged.
    #[error("the row would outgrow its limit and is unchanged")]
    TooLarge,
    /// Other writers won, or reads have not caught up with them. Nothing was written.
    #[error("other writers won, or reads lag behind them; nothing was written, call again later")]
    Conflict,
    /// Refused for its rate. Nothing was written.
    #[error("the store refused for its rate; nothing was written, call again later")]
    Throttled,
    /// The store failed. Every operation is safe to call again.
    #[error("{0}; every operation is safe to call again")]
    Unavailable(String),
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::InvalidArgument(rule) => Self::InvalidArgument(rule.to_string()),
            GraphError::NoSuchStore => Self::NoSuchStore,
            GraphError::AlreadyExists => Self::AlreadyExists,
            GraphError::Corrupt(why) => Self::Corrupt(why.to_string()),
            GraphError::TooLarge => Self::TooLarge,
            GraphError::Conflict => Self::Conflict,
            GraphError::Throttled => Self::Throttled,
            GraphError::Unavailable(how) => Self::Unavailable(how.to_string()),
        }
    }
}
