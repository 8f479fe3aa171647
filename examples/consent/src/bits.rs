//! Bits of a text in base64url, read where they stand.

use thiserror::Error;

/// Why a string cannot be read. No text quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// There is a character that is none of base64url.
    #[error("it has a character that is none of base64url")]
    Character,
    /// It ends within a field.
    #[error("it ends within a field")]
    Short,
    /// It is of a kind or a version that is not known here.
    #[error("it is of a version that is not known here")]
    Version,
    /// It has a section that applies, of a specification that is not known here.
    #[error("section {0} applies, which is not known here")]
    Section(u16),
    /// It breaks a rule of its specification.
    #[error("{0}")]
    Malformed(&'static str),
}

/// A place in the bits of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bits<'a> {
    text: &'a [u8],
    /// The next bit.
    at: usize,
}

const BITS: usize = 6;

impl<'a> Bits<'a> {
    /// The first bit of a text. All its characters are checked.
    pub(crate) fn new(text: &'a str) -> Result<Self, Unreadable> {
        let text = text.as_bytes();
        if text.iter().all(|byte| value(*byte).is_some()) {
            Ok(Self { text, at: 0 })
        } else {
            Err(Unreadable::Character)
        }
    }

    /// A number of at most 16 bits.
    pub(crate) fn number(&mut self, bits: usize) -> Result<u16, Unreadable> {
        (0..bits).try_fold(0, |number, _| Ok(number << 1 | u16::from(self.flag()?)))
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Unreadable> {
        let sextet = self.text.get(self.at / BITS).and_then(|byte| value(*byte));
        let sextet = sextet.ok_or(Unreadable::Short)?;
        let flag = sextet >> (BITS - 1 - self.at % BITS) & 1 == 1;
        self.at += 1;
        Ok(flag)
    }

    pub(crate) fn skip(&mut self, bits: usize) -> Result<(), Unreadable> {
        self.at += bits;
        if self.at <= self.text.len() * BITS { Ok(()) } else { Err(Unreadable::Short) }
    }

    /// A number in Fibonacci coding: a 1 in place n stands for the n-th Fibonacci number, and two of
    /// them end it.
    pub(crate) fn fibonacci(&mut self) -> Result<u16, Unreadable> {
        let (mut number, mut place, mut next) = (0_u16, 1_u16, 2_u16);
        let mut before = false;
        loop {
            let flag = self.flag()?;
            if flag && before {
                return Ok(number);
            }
            let too_large = Unreadable::Malformed("it has a number that is too large");
            if flag {
                number = number.checked_add(place).ok_or(too_large)?;
            }
            (place, next) = (next, place.checked_add(next).ok_or(too_large)?);
            before = flag;
        }
    }
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_across_characters() {
        // 000011 000001 000000 000001 001100, the first header of the GPP specification.
        let mut bits = Bits::new("DBABM").unwrap();
        assert_eq!(bits.number(6), Ok(3));
        assert_eq!(bits.number(6), Ok(1));
        assert_eq!(bits.number(12), Ok(1));
        assert_eq!(bits.flag(), Ok(false));
        assert_eq!(bits.fibonacci(), Ok(2));
        assert_eq!(bits.skip(2), Ok(()));
        assert_eq!(bits.flag(), Err(Unreadable::Short));
        assert_eq!(bits.skip(1), Err(Unreadable::Short));
    }

    #[test]
    fn numbers_in_fibonacci_coding_are_those_of_the_specification() {
        // 11, 011, 0011, 1011, 00011, 10011, 01011: the table of the GPP specification.
        let bits: String = ["11", "011", "0011", "1011", "00011", "10011", "01011"].concat();
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let text: String = format!("{bits}0000")
            .as_bytes()
            .chunks_exact(6)
            .map(|six| {
                let value = usize::from_str_radix(str::from_utf8(six).unwrap(), 2).unwrap();
                char::from(alphabet.as_bytes()[value])
            })
            .collect();
        let mut bits = Bits::new(&text).unwrap();
        for number in 1..=7 {
            assert_eq!(bits.fibonacci(), Ok(number));
        }
    }

    #[test]
    fn a_number_that_no_field_can_hold_is_refused() {
        // 10 10 10 ... never ends and grows beyond 16 bits.
        let mut bits = Bits::new("qqqqqqqq").unwrap();
        assert!(matches!(bits.fibonacci(), Err(Unreadable::Malformed(_))));
        assert_eq!(Bits::new("AA").unwrap().fibonacci(), Err(Unreadable::Short));
    }

    #[test]
    fn characters_outside_the_alphabet_are_refused() {
        for text in ["A=", "A+", "A/", "A ", "Aé", "A.B"] {
            assert_eq!(Bits::new(text).err(), Some(Unreadable::Character), "{text}");
        }
    }
}
