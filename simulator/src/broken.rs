//! What must always hold, and the error that says that it does not.

use std::fmt;

use thiserror::Error;

use super::lane::Lane;

/// What must hold of every history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// 1. After a withdrawal the row shows neither consent nor UIDs until a consent strictly newer
    ///    than the withdrawal that is stored, or until the row has been forgotten.
    Withdrawal = 1,
    /// 2. What was acknowledged is in the row, unless something later, a withdrawal or a delete
    ///    replaced it.
    Acknowledged = 2,
    /// 3. No row appears but by a visit or by an upsert that asked for it.
    Appearance = 3,
    /// 4. What nobody touched is unchanged.
    Untouched = 4,
    /// 5. `last-seen` and each `synced` never go back, and only a visit extends a lifetime.
    Time = 5,
    /// 6. Store operations stay within their bounds.
    Bounds = 6,
    /// 7. Each outcome says what truly happened.
    Outcome = 7,
    /// 8. No trap, and no message with an ID in it.
    Messages = 8,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Withdrawal => "a withdrawal is final until newer consent",
            Self::Acknowledged => "what was acknowledged is kept",
            Self::Appearance => "no row appears that nobody asked for",
            Self::Untouched => "what nobody touched is unchanged",
            Self::Time => "times never go back and only a visit extends a lifetime",
            Self::Bounds => "store operations stay within their bounds",
            Self::Outcome => "each outcome says what truly happened",
            Self::Messages => "no trap, and no message with an ID in it",
        };
        write!(f, "invariant {} ({name})", *self as u8)
    }
}

/// An invariant does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{invariant} is broken: {how}")]
pub struct Broken {
    /// Which invariant.
    pub invariant: Invariant,
    /// In what way.
    pub how: String,
}

impl Broken {
    /// Names the worker that did it.
    pub(super) fn by(mut self, lane: usize) -> Self {
        self.how = format!("{}: {}", Lane::name(lane), self.how);
        self
    }
}

pub(super) fn broken<T>(invariant: Invariant, how: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { invariant, how: how.into() })
}
