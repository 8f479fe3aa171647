//! Strings as a consent manager writes them.

/// Bits, to be written in base64url.
#[derive(Default)]
pub(crate) struct Bits(Vec<bool>);

impl Bits {
    pub(crate) fn number(&mut self, bits: u32, number: u64) -> &mut Self {
        self.0.extend((0..bits).rev().map(|bit| number >> bit & 1 == 1));
        self
    }

    pub(crate) fn flags(&mut self, range: std::ops::RangeInclusive<u16>, set: &[u16]) -> &mut Self {
        self.0.extend(range.map(|number| set.contains(&number)));
        self
    }

    fn fibonacci(&mut self, number: u64) {
        let places: Vec<u64> = std::iter::successors(Some((1, 2)), |(a, b)| Some((*b, a + b)))
            .map(|(place, _)| place)
            .take_while(|place| *place <= number)
            .collect();
        let mut rest = number;
        let mut bits = vec![true];
        for place in places.iter().rev() {
            bits.push(*place <= rest);
            rest -= if *place <= rest { *place } else { 0 };
        }
        self.0.extend(bits.iter().rev());
    }

    pub(crate) fn text(&self) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let value = |six: &[bool]| {
            (0..6).fold(0, |value, n| value << 1 | usize::from(six.get(n) == Some(&true)))
        };
        self.0.chunks(6).map(|six| char::from(ALPHABET[value(six)])).collect()
    }
}

/// A TC string; by default it consents to purposes 1 to 10 and to the vendors 5 and 9.
#[derive(Debug, Clone)]
pub(crate) struct Tcf {
    pub(crate) purposes: Vec<u16>,
    pub(crate) vendors: Vec<u16>,
    pub(crate) as_ranges: bool,
    pub(crate) not_asked: bool,
    pub(crate) disclosed: Option<Vec<u16>>,
    /// Purpose, type, vendor.
    pub(crate) restrictions: Vec<(u16, u16, u16)>,
}

impl Default for Tcf {
    fn default() -> Self {
        Self {
            purposes: (1..=10).collect(),
            vendors: vec![5, 9],
            as_ranges: false,
            not_asked: false,
            disclosed: None,
            restrictions: Vec::new(),
        }
    }
}

impl Tcf {
    pub(crate) fn text(&self) -> String {
        let mut bits = Bits::default();
        // Version, Created, LastUpdated, CmpId, CmpVersion, ConsentScreen, ConsentLanguage,
        // VendorListVersion, TcfPolicyVersion, IsServiceSpecific, UseNonStandardTexts.
        bits.number(6, 2).number(36, 17_900_000_000).number(36, 17_900_000_000);
        bits.number(12, 300).number(12, 1).number(6, 1).number(12, 0x0104).number(12, 150);
        bits.number(6, 5).number(1, 1).number(1, 0);
        // SpecialFeatureOptIns, PurposesConsent, PurposesLITransparency, PurposeOneTreatment, PublisherCC.
        bits.number(12, 0).flags(1..=24, &self.purposes).number(24, 0);
        bits.number(1, self.not_asked.into()).number(12, 0x0104);
        vendors(&mut bits, &self.vendors, self.as_ranges);
        vendors(&mut bits, &[], false);
        bits.number(12, self.restrictions.len() as u64);
        for (purpose, kind, vendor) in &self.restrictions {
            bits.number(6, (*purpose).into()).number(2, (*kind).into()).number(12, 1);
            bits.number(1, 0).number(16, (*vendor).into());
        }
        let mut text = bits.text();
        if let Some(disclosed) = &self.disclosed {
            let mut bits = Bits::default();
            bits.number(3, 1);
            vendors(&mut bits, disclosed, self.as_ranges);
            text = format!("{text}.{}", bits.text());
        }
        text
    }
}

fn vendors(bits: &mut Bits, vendors: &[u16], as_ranges: bool) {
    let max = vendors.iter().max().copied().unwrap_or_default();
    bits.number(16, max.into()).number(1, as_ranges.into());
    if as_ranges {
        bits.number(12, vendors.len() as u64);
        for vendor in vendors {
            bits.number(1, 0).number(16, (*vendor).into());
        }
    } else {
        bits.flags(1..=max, vendors);
    }
}

/// A section of the United States: its version, and its fields of two bits as digits, with spaces for the
/// reader.
pub(crate) fn us(version: u64, fields: &str) -> String {
    let mut bits = Bits::default();
    bits.number(6, version);
    for field in fields.chars().filter_map(|field| field.to_digit(4)) {
        bits.number(2, field.into());
    }
    bits.text()
}

/// A GPP string of these sections, by their IDs in order.
pub(crate) fn gpp(sections: &[(u16, &str)]) -> String {
    let mut bits = Bits::default();
    bits.number(6, 3).number(6, 1).number(12, sections.len() as u64);
    let mut last = 0;
    for (id, _) in sections {
        bits.number(1, 0).fibonacci(u64::from(id - last));
        last = *id;
    }
    sections.iter().fold(bits.text(), |text, (_, section)| format!("{text}~{section}"))
}
