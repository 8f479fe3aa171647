//! What a worker was told of a key, which is what a failure has to be explained by.

use identity_graph::{KvError, WriteOutcome, Written};

use super::call::{Answer, Call};

/// What a worker was told of a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Causes {
    /// A write was refused by its condition.
    pub(super) is_refused: bool,
    /// How calls failed.
    failures: Vec<KvError>,
    /// How many keys share the prefix.
    pub(super) counted: Option<u32>,
}

impl Causes {
    pub(super) fn of(heard: &[(Call, Answer)], key: &str) -> Self {
        let mut causes = Self::default();
        for (call, answer) in heard {
            match (call, answer) {
                (Call::Get(asked), Answer::Read(Err(error)))
                | (Call::Head(asked), Answer::Head(Err(error)))
                | (Call::Delete(asked), Answer::Deleted(Err(error)))
                    if asked == key =>
                {
                    causes.failures.push(*error);
                }
                (Call::Count(..), Answer::Counted(counted)) => match counted {
                    Ok(number) => causes.counted = Some(*number),
                    Err(error) => causes.failures.push(*error),
                },
                (Call::Put(put), Answer::Written(written)) if put.key == key => {
                    causes.written(written);
                }
                (Call::GetMany(keys), Answer::Reads(reads)) => {
                    let of_key = keys.iter().zip(reads).filter(|(asked, _)| *asked == key);
                    causes.failures.extend(of_key.filter_map(|(_, read)| read.as_ref().err()));
                }
                (Call::PutMany(puts), Answer::Writes(written)) => {
                    let of_key = puts.iter().zip(written).filter(|(put, _)| put.key == key);
                    of_key.for_each(|(_, written)| causes.written(written));
                }
                _ => {}
            }
        }
        causes
    }

    fn written(&mut self, written: &Written) {
        match written {
            Ok(WriteOutcome::Stored) => {}
            Ok(WriteOutcome::Conflict(_)) => self.is_refused = true,
            Err(error) => self.failures.push(*error),
        }
    }

    /// Some call was refused for its rate.
    pub(super) fn is_throttled(&self) -> bool {
        self.failures.contains(&KvError::Throttled)
    }

    /// Some write was not answered.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.failures.contains(&KvError::UnknownOutcome)
    }

    /// Some call failed, or was not answered.
    pub(super) fn is_failed(&self) -> bool {
        self.failures.iter().any(|error| *error != KvError::Throttled)
    }
}
