//! What errors mean, and how they are told.

use std::error::{self, Error as _};
use std::sync::Arc;
use std::{fmt, io};

use identity_graph::KvError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

type Shared = Arc<dyn error::Error + Send + Sync>;

/// Refusals that come before a script's first write. `ERR` is not among them: a script may have failed
/// half-way.
const REFUSALS: [&str; 7] =
    ["OOM", "NOREPLICAS", "MISCONF", "NOAUTH", "WRONGPASS", "BUSY", "NOPERM"];

/// Whether the server did not know the script, which it therefore did not run.
pub(crate) fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

/// Whether the server is a replica: it was the primary when it was connected to.
pub(crate) fn is_demoted(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
    )
}

/// A write that was sent and failed: in doubt unless the server refused it.
pub(crate) fn of_write(error: &RedisError) -> KvError {
    let is_certain = match error.kind() {
        ErrorKind::Server(kind) => {
            !matches!(kind, ServerErrorKind::ResponseError | ServerErrorKind::ExecAbort)
        }
        ErrorKind::Extension => error.code().is_some_and(|code| REFUSALS.contains(&code)),
        _ => false,
    };
    if is_certain { KvError::Unavailable } else { KvError::UnknownOutcome }
}

/// Whether the certificate was refused, or what came back is no TLS.
pub(crate) fn is_tls(error: &RedisError) -> bool {
    // The client hands out the pointer to the error as an error, too.
    let source = error.source().and_then(|source| source.downcast_ref::<Shared>());
    let source = source.and_then(|source| source.downcast_ref::<io::Error>());
    let inner = source.and_then(io::Error::get_ref);
    inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
}

/// An error without what the server was given: its own words may quote that.
pub(crate) struct Told<'a>(pub(crate) &'a RedisError);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.code() {
            Some(code) => write!(f, "the server answers {code}"),
            None if self.0.is_io_error() => self.0.fmt(f),
            None => f.write_str(self.0.category()),
        }
    }
}
