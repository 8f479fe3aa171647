//! The TC string of the IAB Europe Transparency & Consent Framework, version 2: "Consent string and vendor
//! list formats v2", TC String Format.

use crate::bits::{Bits, Unreadable};

const VERSION: u16 = 2;
/// Created, `LastUpdated`, `CmpId`, `CmpVersion`, `ConsentScreen`, `ConsentLanguage`, `VendorListVersion`,
/// `TcfPolicyVersion`, `IsServiceSpecific`, `UseNonStandardTexts`, `SpecialFeatureOptIns`.
const BEFORE_PURPOSES: usize = 36 + 36 + 12 + 12 + 6 + 12 + 12 + 6 + 1 + 1 + 12;
/// `PurposesConsent` without its first bit, `PurposesLITransparency`.
const OTHER_PURPOSES: usize = 23 + 24;
const PUBLISHER_COUNTRY: usize = 12;

/// What the type of a segment after the core is.
const DISCLOSED_VENDORS: u16 = 1;
/// The type of a restriction: the publisher does not allow the purpose.
const NOT_ALLOWED: u16 = 0;
/// Storing and accessing information on a device.
const PURPOSE_ONE: u16 = 1;

/// What a TC string says of purpose 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tcf<'a> {
    /// Consent to purpose 1.
    pub(crate) purpose_one: bool,
    /// Purpose 1 was not put to the visitor (`PurposeOneTreatment`).
    pub(crate) purpose_one_not_asked: bool,
    consents: Vendors<'a>,
    restrictions: Bits<'a>,
    disclosed: Option<Vendors<'a>>,
}

impl<'a> Tcf<'a> {
    pub(crate) fn decode(text: &'a str) -> Result<Self, Unreadable> {
        let mut segments = text.split('.');
        let mut bits = Bits::new(segments.next().unwrap_or_default())?;
        if bits.number(6)? != VERSION {
            return Err(Unreadable::Version);
        }
        bits.skip(BEFORE_PURPOSES)?;
        let purpose_one = bits.flag()?;
        bits.skip(OTHER_PURPOSES)?;
        let purpose_one_not_asked = bits.flag()?;
        bits.skip(PUBLISHER_COUNTRY)?;
        let consents = Vendors::read(&mut bits)?;
        let _legitimate_interests = Vendors::read(&mut bits)?;
        let restrictions = bits;
        // Read to its end: what is cut off is known now, and not when it is asked for.
        is_restricted(bits, 0)?;
        let mut disclosed = None;
        for segment in segments {
            let mut bits = Bits::new(segment)?;
            if bits.number(3)? == DISCLOSED_VENDORS {
                let vendors = Vendors::read(&mut bits)?;
                if disclosed.replace(vendors).is_some() {
                    return Err(Unreadable::Malformed("its disclosed vendors stand twice"));
                }
            }
        }
        Ok(Self { purpose_one, purpose_one_not_asked, consents, restrictions, disclosed })
    }

    /// Whether the visitor consents to this vendor, whatever the purpose.
    pub(crate) fn consents_to(&self, vendor: u16) -> bool {
        self.consents.contains(vendor)
    }

    /// Whether the string tells which vendors were disclosed to the visitor, and this one was not.
    pub(crate) fn did_not_disclose(&self, vendor: u16) -> bool {
        self.disclosed.is_some_and(|disclosed| !disclosed.contains(vendor))
    }

    /// Whether the publisher does not allow purpose 1 to this vendor.
    pub(crate) fn restricts(&self, vendor: u16) -> bool {
        // Read before without an error.
        is_restricted(self.restrictions, vendor).unwrap_or(true)
    }
}

/// A set of vendors, as bits or as ranges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Vendors<'a> {
    bits: Bits<'a>,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One bit for each vendor up to this one.
    Bits(u16),
    /// So many ranges.
    Ranges(u16),
}

impl<'a> Vendors<'a> {
    fn read(bits: &mut Bits<'a>) -> Result<Self, Unreadable> {
        let max = bits.number(16)?;
        let form = if bits.flag()? { Form::Ranges(bits.number(12)?) } else { Form::Bits(max) };
        let vendors = Self { bits: *bits, form };
        match form {
            Form::Bits(max) => bits.skip(max.into())?,
            Form::Ranges(count) => {
                ranges_contain(bits, count, 0)?;
            }
        }
        Ok(vendors)
    }

    fn contains(&self, vendor: u16) -> bool {
        let mut bits = self.bits;
        let found = match self.form {
            Form::Bits(max) if (1..=max).contains(&vendor) => {
                bits.skip(usize::from(vendor) - 1).and_then(|()| bits.flag())
            }
            Form::Bits(_) => Ok(false),
            Form::Ranges(count) => ranges_contain(&mut bits, count, vendor),
        };
        // Read before without an error.
        found.unwrap_or(false)
    }
}

/// Reads so many ranges to their end, and tells whether one has this vendor. None has vendor 0.
fn ranges_contain(bits: &mut Bits, count: u16, vendor: u16) -> Result<bool, Unreadable> {
    let mut found = false;
    for _ in 0..count {
        let is_group = bits.flag()?;
        let first = bits.number(16)?;
        let last = if is_group { bits.number(16)? } else { first };
        if first == 0 || last < first {
            return Err(Unreadable::Malformed("it has a range of vendors that is none"));
        }
        found |= (first..=last).contains(&vendor);
    }
    Ok(found)
}

/// Reads the publisher's restrictions to their end, and tells whether one keeps this vendor from purpose 1.
fn is_restricted(mut bits: Bits, vendor: u16) -> Result<bool, Unreadable> {
    let mut found = false;
    for _ in 0..bits.number(12)? {
        let (purpose, kind) = (bits.number(6)?, bits.number(2)?);
        let count = bits.number(12)?;
        let has_vendor = ranges_contain(&mut bits, count, vendor)?;
        found |= has_vendor && purpose == PURPOSE_ONE && kind == NOT_ALLOWED;
    }
    Ok(found)
}
