//! The workers of a history and what they are called.

use std::fmt;

/// One worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Its operation in a few words.
    pub label: String,
    /// The place where it runs, where places matter.
    pub place: Option<usize>,
    /// Seconds that its clock is ahead.
    pub ahead_s: i64,
}

impl Lane {
    /// What the lane of this number is called: workers are A, B, C … and after Z numbered.
    #[must_use]
    pub fn name(lane: usize) -> String {
        match u8::try_from(lane).ok().filter(|lane| *lane < 26) {
            Some(letter) => char::from(b'A' + letter).to_string(),
            None => format!("#{lane}"),
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)?;
        if let Some(place) = self.place {
            write!(f, ", place {place}")?;
        }
        if self.ahead_s != 0 {
            write!(f, ", clock {:+} s", self.ahead_s)?;
        }
        Ok(())
    }
}
