//! How much of the bodies that were found is read: Fastly takes bodies of 25 MB, and a component that
//! met a few of them would be out of memory.

use std::io::Read;

use identity_graph::KvError;
use identity_graph::limits::{MAX_ANSWER_BYTES, MAX_READ_BYTES};

/// What the bodies of one answer may still take.
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    /// That of a new answer.
    pub(crate) fn new() -> Self {
        Self { left: MAX_ANSWER_BYTES }
    }

    /// Reads a body, of which at most one byte more than is wanted is asked for; none, where its
    /// length is known and says enough.
    pub(crate) fn read(
        &mut self,
        body: impl Read,
        length: Option<u64>,
    ) -> Result<Vec<u8>, KvError> {
        if self.left == 0 {
            return Err(KvError::NotRead);
        }
        let most = self.left.min(MAX_READ_BYTES);
        let length = length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        if let Some(length) = length {
            self.check(length, most)?;
        }
        let mut bytes = Vec::with_capacity(length.unwrap_or_default());
        let wanted = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        // A transfer that breaks off is a failed read, also where nothing but the length tells it.
        body.take(wanted).read_to_end(&mut bytes).map_err(|_| KvError::Unavailable)?;
        self.check(bytes.len(), most)?;
        if length.is_some_and(|length| bytes.len() < length) {
            return Err(KvError::Unavailable);
        }
        self.left -= bytes.len();
        Ok(bytes)
    }

    /// What is too long for any answer is too large; what is too long for the rest of this one is put
    /// off, and so is everything after it.
    fn check(&mut self, length: usize, most: usize) -> Result<(), KvError> {
        if length > MAX_READ_BYTES {
            return Err(KvError::TooLarge);
        }
        if length > most {
            self.left = 0;
            return Err(KvError::NotRead);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// A body of so many bytes that counts what is read of it.
    struct Counted {
        left: usize,
        read: usize,
    }

    impl Read for Counted {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let bytes = self.left.min(buffer.len());
            self.left -= bytes;
            self.read += bytes;
            Ok(bytes)
        }
    }

    fn read(budget: &mut Budget, bytes: usize, is_known: bool) -> (Result<usize, KvError>, usize) {
        let mut body = Counted { left: bytes, read: 0 };
        let length = is_known.then(|| u64::try_from(bytes).unwrap());
        let answer = budget.read(&mut body, length).map(|body| body.len());
        (answer, body.read)
    }

    #[test]
    fn a_body_of_a_mebibyte_is_read_and_a_longer_one_is_not() {
        for is_known in [false, true] {
            let whole = read(&mut Budget::new(), MAX_READ_BYTES, is_known);
            assert_eq!(whole, (Ok(MAX_READ_BYTES), MAX_READ_BYTES));
        }
        let too_large = Err(KvError::TooLarge);
        let unknown = read(&mut Budget::new(), 25_000_000, false);
        assert_eq!(unknown, (too_large, MAX_READ_BYTES + 1));
        assert_eq!(read(&mut Budget::new(), MAX_READ_BYTES + 1, true), (too_large, 0));
    }

    #[test]
    fn once_an_answer_is_full_nothing_more_is_read_for_it() {
        for is_known in [false, true] {
            let mut budget = Budget::new();
            for _ in 0..15 {
                assert_eq!(read(&mut budget, MAX_READ_BYTES, is_known).0, Ok(MAX_READ_BYTES));
            }
            assert_eq!(read(&mut budget, MAX_READ_BYTES - 9, is_known).0, Ok(MAX_READ_BYTES - 9));
            let (answer, bytes) = read(&mut budget, 10, is_known);
            assert_eq!((answer, bytes), (Err(KvError::NotRead), if is_known { 0 } else { 10 }));
            assert_eq!(read(&mut budget, 1, is_known), (Err(KvError::NotRead), 0));
        }
    }

    #[test]
    fn one_that_is_too_large_takes_nothing_of_the_answer() {
        let mut budget = Budget::new();
        for _ in 0..20 {
            assert_eq!(read(&mut budget, MAX_READ_BYTES + 1, true).0, Err(KvError::TooLarge));
        }
        assert_eq!(read(&mut budget, 5, true).0, Ok(5));
    }

    #[test]
    fn a_length_that_was_told_wrong_is_not_believed() {
        let mut body = Counted { left: 25_000_000, read: 0 };
        assert_eq!(Budget::new().read(&mut body, Some(3)), Err(KvError::TooLarge));
        assert_eq!(body.read, MAX_READ_BYTES + 1);
        let cut_short: &[u8] = b"12";
        assert_eq!(Budget::new().read(cut_short, Some(3)), Err(KvError::Unavailable));
    }
}
