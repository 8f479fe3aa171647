//! The choices of visitors in the United States: the sections of the GPP string and `us_privacy`.

use crate::bits::{Bits, Unreadable};

/// The section that holds a `us_privacy` string.
pub(crate) const US_PRIVACY: u16 = 6;

/// Section, version, and its fields of two bits after the version, as the section's specification lists
/// them: `n` a notice of sale, sharing or targeted advertising, `o` an opt-out of one of those, `c` a consent
/// for a known child, `-` what no decision needs. What follows the last of them is not read.
const LAYOUTS: [(u16, u16, &str); 18] = [
    (7, 1, "nnnn--ooo------------cc"),
    (7, 2, "nnnn--ooo----------------ccc"),
    (8, 1, "nn-oo---------cc"),
    (9, 1, "nnnoo--------c"),
    (10, 1, "nnnoo-------c"),
    (11, 1, "nnn-oo--------c"),
    (12, 1, "nnnoo--------ccc"),
    (13, 1, "-nnoo--------ccc"),
    (14, 1, "nnnoo--------ccc"),
    (15, 1, "-nnoo-----------ccc"),
    (16, 1, "-nnoo--------c"),
    (17, 1, "-nnoo---------ccccc"),
    (18, 1, "-nn-oo--------c"),
    (19, 1, "-nnoo--------c"),
    (20, 1, "-nnoo--------ccc"),
    (21, 1, "-nnoo----------ccccc"),
    (22, 1, "-nnoo--------c"),
    (23, 1, "-nnoo--------c"),
];
/// The sections of the states that have one, of a layout known here or not.
const SECTIONS: std::ops::RangeInclusive<u16> = 7..=27;

/// The type of the sub-section for Global Privacy Control.
const GPC: u16 = 1;

/// What a field of two bits says.
const OPTED_OUT: u16 = 1;
const NO_CONSENT: u16 = 1;
const NO_NOTICE: u16 = 2;

/// A refusal, the clearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// Of sale, sharing or targeted advertising.
    OptedOut,
    /// The browser sends Global Privacy Control.
    Gpc,
    /// The visitor is known to be a child, and the consent that takes is missing.
    Child,
}

/// What a visitor chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Choice {
    /// The clearest refusal.
    pub(crate) refusal: Option<Refusal>,
    /// The visitor was not told of a sale, of sharing or of targeted advertising.
    pub(crate) unnoticed: bool,
}

/// Whether it is a section of the United States.
pub(crate) fn is_section(section: u16) -> bool {
    SECTIONS.contains(&section)
}

impl Choice {
    pub(crate) fn decode(section: u16, text: &str) -> Result<Self, Unreadable> {
        let mut segments = text.split('.');
        let core = segments.next().unwrap_or_default();
        if !LAYOUTS.iter().any(|(known, ..)| *known == section) {
            return Err(Unreadable::Section(section));
        }
        let mut bits = Bits::new(core)?;
        let version = bits.number(6)?;
        let layout = LAYOUTS.iter().find(|layout| (layout.0, layout.1) == (section, version));
        let (.., fields) = layout.ok_or(Unreadable::Version)?;
        let mut choice = Self::default();
        for field in fields.bytes() {
            let value = bits.number(2)?;
            match field {
                b'n' => choice.unnoticed |= value == NO_NOTICE,
                b'o' if value == OPTED_OUT => choice.refuse(Refusal::OptedOut),
                b'c' if value == NO_CONSENT => choice.refuse(Refusal::Child),
                _ => {}
            }
        }
        for segment in segments {
            let mut bits = Bits::new(segment)?;
            if bits.number(2)? == GPC && bits.flag()? {
                choice.refuse(Refusal::Gpc);
            }
        }
        Ok(choice)
    }

    /// The U.S. Privacy String: the version 1, then explicit notice, opt-out of sale, LSPA, each `Y`, `N` or
    /// `-` for "does not apply".
    pub(crate) fn of_us_privacy(text: &str) -> Result<Self, Unreadable> {
        let &[version, notice, opt_out, lspa] = text.as_bytes() else {
            return Err(if text.len() < 4 { Unreadable::Short } else { TOO_LONG });
        };
        let [notice, opt_out, lspa] =
            [notice, opt_out, lspa].map(|field| field.to_ascii_uppercase());
        if version != b'1' {
            return Err(Unreadable::Version);
        }
        if [notice, opt_out, lspa].iter().any(|field| !matches!(field, b'Y' | b'N' | b'-')) {
            return Err(Unreadable::Malformed("it has a field that is none of Y, N and -"));
        }
        let refusal = (opt_out == b'Y').then_some(Refusal::OptedOut);
        Ok(Self { refusal, unnoticed: notice == b'N' })
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(self.refusal.map_or(refusal, |earlier| earlier.min(refusal)));
    }
}

const TOO_LONG: Unreadable = Unreadable::Malformed("it has more than four characters");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn us_privacy_is_read_as_its_specification_has_it() {
        let of = Choice::of_us_privacy;
        let none = Choice::default();
        for text in ["1YNN", "1YNY", "1---", "1-N-", "1yn-"] {
            assert_eq!(of(text), Ok(none), "{text}");
        }
        let refusal = Some(Refusal::OptedOut);
        for text in ["1YYN", "1YYY", "1YY-", "1-Y-", "1yyn"] {
            assert_eq!(of(text), Ok(Choice { refusal, ..none }), "{text}");
        }
        assert_eq!(of("1NNN"), Ok(Choice { unnoticed: true, ..none }));
        assert_eq!(of(""), Err(Unreadable::Short));
        assert_eq!(of("1YN"), Err(Unreadable::Short));
        assert_eq!(of("1YNNN"), Err(TOO_LONG));
        assert_eq!(of("2YNN"), Err(Unreadable::Version));
        assert!(matches!(of("1XNN"), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn what_is_not_known_is_told_from_what_is_malformed() {
        for section in 24..=27 {
            assert_eq!(Choice::decode(section, "BAAAA"), Err(Unreadable::Section(section)));
        }
        assert_eq!(Choice::decode(8, "CAAAAAAA"), Err(Unreadable::Version));
        assert_eq!(Choice::decode(8, "BVo"), Err(Unreadable::Short));
        assert_eq!(Choice::decode(8, "BV!AAAAA"), Err(Unreadable::Character));
        assert_eq!(Choice::decode(8, "BVoAAAAA."), Err(Unreadable::Short));
    }
}
