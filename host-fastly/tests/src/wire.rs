//! The types of the store trait in a form that travels, with conversions both ways.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;
use identity_graph as rules;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) type Answer<T> = Result<T, KvError>;

#[derive(Serialize, Deserialize)]
pub(crate) enum KvError {
    NoSuchStore,
    Invalid,
    Throttled,
    Unavailable,
    UnknownOutcome,
    TooLarge,
    NotRead,
}

/// Bytes that travel as base64: as a list of numbers, 16 MiB of them would not fit the memory of a
/// service.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text).map(Self).map_err(D::Error::custom)
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Self {
        bytes.0
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Item {
    body: Bytes,
    metadata: Option<String>,
    generation: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ItemHead {
    metadata: Option<String>,
    generation: u64,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum WriteOutcome {
    Stored,
    Conflict(Option<Item>),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Precondition {
    None,
    Absent,
    Matches(u64),
}

/// One write.
#[derive(Serialize, Deserialize)]
pub struct Write {
    key: String,
    body: Bytes,
    metadata: String,
    time_to_live: u32,
    condition: Precondition,
}

pub(crate) fn convert<A, B: From<A>, E, F: From<E>>(answer: Result<A, E>) -> Result<B, F> {
    Ok(answer?.into())
}

pub(crate) fn convert_some<A, B, E, F>(answer: Result<Option<A>, E>) -> Result<Option<B>, F>
where
    B: From<A>,
    F: From<E>,
{
    Ok(answer?.map(B::from))
}

macro_rules! both_ways {
    (struct $name:ident { $($field:ident),+ $(,)? }) => {
        impl From<rules::$name> for $name {
            fn from(value: rules::$name) -> Self {
                Self { $($field: value.$field.into()),+ }
            }
        }
        impl From<$name> for rules::$name {
            fn from(value: $name) -> Self {
                Self { $($field: value.$field.into()),+ }
            }
        }
    };
    (enum $name:ident { $($variant:ident $(($inner:ident => $converted:expr))?),+ $(,)? }) => {
        impl From<rules::$name> for $name {
            fn from(value: rules::$name) -> Self {
                match value {
                    $(rules::$name::$variant $(($inner))? => Self::$variant $(($converted))?),+
                }
            }
        }
        impl From<$name> for rules::$name {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant $(($inner))? => Self::$variant $(($converted))?),+
                }
            }
        }
    };
}

both_ways!(struct Item { body, metadata, generation });
both_ways!(struct ItemHead { metadata, generation });
both_ways!(
    enum KvError {
        NoSuchStore,
        Invalid,
        Throttled,
        Unavailable,
        UnknownOutcome,
        TooLarge,
        NotRead,
    }
);
both_ways!(enum Precondition { None, Absent, Matches(generation => generation) });
both_ways!(enum WriteOutcome { Stored, Conflict(item => item.map(Into::into)) });

impl From<&rules::Write<'_>> for Write {
    fn from(write: &rules::Write<'_>) -> Self {
        Self {
            key: write.key.to_owned(),
            body: write.body.to_vec().into(),
            metadata: write.metadata.to_owned(),
            time_to_live: write.time_to_live,
            condition: write.condition.into(),
        }
    }
}

impl<'a> From<&'a Write> for rules::Write<'a> {
    fn from(write: &'a Write) -> Self {
        Self {
            key: &write.key,
            body: &write.body.0,
            metadata: &write.metadata,
            time_to_live: write.time_to_live,
            condition: write.condition.into(),
        }
    }
}
