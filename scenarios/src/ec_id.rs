//! EC IDs in their short form.

use serde::{Deserialize, Deserializer};

/// An EC ID as it is passed on. In a file it may stand in short: `b7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EcId(String);

impl EcId {
    /// A letter from `a` to `f` with one digit stands for an ID; all else is passed on as it is.
    fn new(text: String) -> Self {
        match text.as_bytes() {
            [letter @ b'a'..=b'f', digit @ b'0'..=b'9'] => {
                let hash = char::from(*letter).to_string().repeat(64);
                Self(format!("{hash}.user0{}", char::from(*digit)))
            }
            _ => Self(text),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands in the files, which never shows a whole ID.
    pub(crate) fn short(&self) -> String {
        let short =
            self.0.get(..1).zip(self.0.get(70..)).map(|(hash, user)| hash.to_owned() + user);
        match short {
            Some(short) if Self::new(short.clone()) == *self => short,
            _ => format!("the ID of {} bytes", self.0.len()),
        }
    }
}

impl<'de> Deserialize<'de> for EcId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_and_a_digit_are_an_id_and_all_else_is_as_it_is() {
        let id = EcId::new("b7".into());
        assert_eq!(id.as_str(), "b".repeat(64) + ".user07");
        assert_eq!(id.short(), "b7");
        for text in ["g1", "b", "b77", "acme~X-1", ""] {
            assert_eq!(EcId::new(text.into()).as_str(), text);
        }
        let other = EcId::new("3f".repeat(32) + ".Ab12Cd");
        assert_eq!(other.short(), "the ID of 71 bytes");
    }
}
