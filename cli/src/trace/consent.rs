//! Consent strings in their published forms, with invented content.

use super::draws::{Bits, Draws};

/// What law a visitor is asked for consent under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Regime {
    /// The European Economic Area and the United Kingdom: TCF.
    Europe,
    /// The United States: GPP with a national or state section.
    UnitedStates,
    /// Canada: GPP with the Canadian TCF.
    Canada,
    /// Nobody asks.
    Elsewhere,
}

pub(crate) struct ConsentStrings {
    pub(crate) tcf: Option<String>,
    pub(crate) gpp: Option<String>,
}

impl ConsentStrings {
    pub(crate) fn of(regime: Regime, at: u64, draws: &mut Draws) -> Self {
        match regime {
            Regime::Europe => {
                let tcf = tcf(at, draws);
                let gpp = draws.happens(250).then(|| gpp(&[(2, &tcf)]));
                Self { tcf: Some(tcf), gpp }
            }
            Regime::UnitedStates => {
                let section = *draws.pick(&[7, 7, 7, 8, 10]);
                let signal = us_signal(section, draws);
                let gpp = if draws.happens(200) {
                    gpp(&[(6, *draws.pick(&["1YNN", "1YNY", "1YYN"])), (section, &signal)])
                } else {
                    gpp(&[(section, &signal)])
                };
                Self { tcf: None, gpp: Some(gpp) }
            }
            Regime::Canada => {
                let core = tcf(at, draws);
                Self { tcf: None, gpp: Some(gpp(&[(5, &core)])) }
            }
            Regime::Elsewhere => Self { tcf: None, gpp: None },
        }
    }
}

/// A TCF v2 string: the core segment, with bit fields of vendors, and sometimes one of the
/// publisher's own purposes.
fn tcf(at: u64, draws: &mut Draws) -> String {
    let deciseconds = at * 10 + u64::from(draws.below(10));
    let purposes = if draws.happens(750) { 0x00ff_e000 } else { draws.bits() & 0x00ff_e000 };
    let mut bits = Bits::default();
    bits.push(2, 6)
        .push(deciseconds, 36)
        .push(deciseconds, 36)
        .push(u64::from(3_000 + draws.below(1_000)), 12)
        .push(u64::from(1 + draws.below(60)), 12)
        .push(1, 6)
        .push(language(draws), 12)
        .push(160, 12)
        .push(5, 6)
        .push(0, 2)
        .push(draws.bits() & 0xc00, 12)
        .push(purposes, 24)
        .push(purposes & 0x007f_e000, 24)
        .push(0, 1)
        .push(language(draws), 12);
    for _ in 0..2 {
        let vendors = 420 + draws.below(420);
        bits.push(u64::from(vendors), 16).push(0, 1);
        for from in (0..vendors).step_by(64) {
            // Two of three vendors, as after "accept all" on a publisher's usual list.
            let some = draws.bits() | draws.bits() & draws.bits();
            bits.push(some, (vendors - from).min(64));
        }
    }
    bits.push(0, 12);
    let core = bits.encode();
    if draws.happens(300) { format!("{core}.YAAAAAAAAAAA") } else { core }
}

/// Two letters of six bits each.
fn language(draws: &mut Draws) -> u64 {
    let letters = draws.pick(&[b"EN", b"DE", b"FR", b"ES", b"IT"]);
    letters.iter().fold(0, |code, letter| code << 6 | u64::from(letter - b'A'))
}

/// A section of the United States: notices, opt-outs and sensitive data in two bits each, and
/// whether Global Privacy Control is on.
fn us_signal(section: u64, draws: &mut Draws) -> String {
    let fields = if section == 7 { 27 } else { 18 };
    let mut bits = Bits::default();
    bits.push(1, 6);
    for field in 0..fields {
        // Notices were given; for the rest 2 means "did not opt out".
        let value = if field < 4 { 1 } else { [0, 2, 2, 1][draws.below(4) as usize] };
        bits.push(value, 2);
    }
    let control = if draws.happens(120) { "YA" } else { "QA" };
    format!("{}.{control}", bits.encode())
}

/// A GPP string: a header that lists the sections by number, then the sections.
fn gpp(sections: &[(u64, &str)]) -> String {
    let mut header = Bits::default();
    header.push(3, 6).push(1, 6).push(sections.len() as u64, 12);
    let mut last = 0;
    for (id, _) in sections {
        header.push(0, 1);
        push_fibonacci(&mut header, id - last);
        last = *id;
    }
    let mut text = header.encode();
    for (_, section) in sections {
        text.push('~');
        text.push_str(section);
    }
    text
}

/// A number as a sum of Fibonacci numbers, a bit for each from the smallest on, and a 1 as the end.
fn push_fibonacci(bits: &mut Bits, number: u64) {
    const FIBONACCI: [u64; 10] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89];
    let largest = FIBONACCI.iter().rposition(|part| *part <= number).unwrap_or_default();
    let mut rest = number;
    let mut code = 1;
    for (at, part) in FIBONACCI[..=largest].iter().enumerate().rev() {
        if *part <= rest {
            rest -= part;
            code |= 1 << (largest - at + 1);
        }
    }
    bits.push(code, u32::try_from(largest + 2).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::super::draws::Source;
    use super::*;

    #[test]
    fn gpp_headers_are_those_that_are_published() {
        for (sections, header) in [
            (&[2, 6][..], "DBACNYA"),
            (&[2], "DBABMA"),
            (&[7], "DBABLA"),
            (&[5], "DBABDA"),
            (&[8], "DBABBg"),
        ] {
            let sections: Vec<_> = sections.iter().map(|id| (*id, "x")).collect();
            assert_eq!(gpp(&sections).split('~').next(), Some(header));
        }
    }

    #[test]
    fn tcf_strings_are_base64url_of_version_2() {
        let source = Source::new(1);
        for purpose in 0..200 {
            let text = tcf(1_790_000_000, &mut source.draws(purpose));
            assert!(text.starts_with("CQ") && (180..=400).contains(&text.len()), "{}", text.len());
            let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            assert!(text.bytes().all(allowed));
        }
    }

    #[test]
    fn a_national_section_has_the_published_length() {
        let text = us_signal(7, &mut Source::new(1).draws(1));
        assert_eq!((&text[..1], text.len()), ("B", 14));
    }
}
