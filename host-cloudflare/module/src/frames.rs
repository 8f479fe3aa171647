//! Lists of byte strings, in which the module and the script talk: each with its length before it, as a
//! little-endian number of 4 bytes.

/// A list as bytes.
pub(crate) fn join<'f>(frames: impl IntoIterator<Item = &'f [u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        // The module's memory has no more than 4 GiB.
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(frame);
    }
    bytes
}

/// The list in these bytes, as far as it is whole.
pub(crate) fn split(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (frame, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        Some(frame)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_back_as_it_was_written() {
        let list: [&[u8]; 4] = [b"a", b"", b"\xff\x00", &[7; 300]];
        assert!(split(&join(list)).eq(list));
        assert_eq!(split(&join([])).next(), None);
    }

    #[test]
    fn what_is_not_whole_is_left_out() {
        let bytes = join([b"ab".as_slice(), b"cd"]);
        for end in 0..bytes.len() {
            assert_eq!(split(&bytes[..end]).count(), usize::from(end >= 6), "{end}");
        }
    }
}
