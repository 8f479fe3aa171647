//! Why a line is no event.

/// Bytes that a line may have.
pub(crate) const MAX_LINE_BYTES: usize = 1 << 20;

/// Why a line is no event. It never holds what the line said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("longer than {MAX_LINE_BYTES} bytes; split batches into several events")]
    TooLong,
    #[error("not UTF-8 at byte {0}; save the trace as UTF-8")]
    NotUtf8(usize),
    #[error("not JSON at byte {0}; every line is one JSON object (jq -c . FILE writes them so)")]
    NotJson(usize),
    #[error("not a JSON object; every line is one event")]
    NotAnObject,
    #[error(
        "not a JSON object but a list; every line is one event: jq -c '.[]' FILE writes a line for each"
    )]
    List,
    #[error(
        "an OpenRTB request or EID and no event; for a request that carries an EC ID and a time: jq -c '{{at: NOW, event: \"visit\", ec: \"EC_ID\", eids: (.user.eids // .user.ext.eids)}}' FILE"
    )]
    OpenRtb,
    #[error("{0}; see docs/trace.md")]
    Field(String),
    #[error("the field \"{0}\" is missing from \"{1}\"")]
    Missing(&'static str, &'static str),
    #[error("the field \"{0}\" is {1}")]
    Odd(&'static str, &'static str),
    #[error("the field \"event\" is missing; only the first line goes without")]
    NoEvent,
    #[error(
        "unknown event; known are visit, first-visit, view, consent, sync, remove, withdraw, delete and cluster"
    )]
    UnknownEvent,
    #[error("\"at\" is after the year 9999; times are Unix seconds, not milliseconds")]
    At,
}
