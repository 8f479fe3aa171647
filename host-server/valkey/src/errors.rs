//! What an error means.

use identity_graph::KvError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Refusals that come before a script's first write. `ERR` is not among them: a script may have failed
/// half-way.
const REFUSALS: [&str; 7] =
    ["OOM", "NOREPLICAS", "MISCONF", "NOAUTH", "WRONGPASS", "BUSY", "NOPERM"];

/// Whether the server did not know the script, which it therefore did not run.
pub(crate) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// A write that failed: in doubt unless the server, or the way to it, refused it.
pub(crate) fn of_write(error: &RedisError) -> KvError {
    let is_certain = match error.kind() {
        ErrorKind::Server(kind) => {
            !matches!(kind, ServerErrorKind::ResponseError | ServerErrorKind::ExecAbort)
        }
        ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig => true,
        ErrorKind::Extension => error.code().is_some_and(|code| REFUSALS.contains(&code)),
        _ => error.is_connection_refusal(),
    };
    if is_certain { KvError::Unavailable } else { KvError::UnknownOutcome }
}
