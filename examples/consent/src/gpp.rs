//! The GPP string of the IAB Global Privacy Platform: "Consent String Specification", GPP String Format.

use crate::bits::{Bits, Unreadable};

const TYPE: u16 = 3;
const VERSION: u16 = 1;
/// Sections that a string may have. There are 27 in all today.
const MAX_SECTIONS: usize = 64;

/// The sections of a GPP string by their IDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gpp<'a>(Vec<(u16, &'a str)>);

impl<'a> Gpp<'a> {
    pub(crate) fn decode(text: &'a str) -> Result<Self, Unreadable> {
        let mut parts = text.split('~');
        let mut header = Bits::new(parts.next().unwrap_or_default())?;
        if (header.number(6)?, header.number(6)?) != (TYPE, VERSION) {
            return Err(Unreadable::Version);
        }
        let mismatch = Unreadable::Malformed("its header does not list its sections");
        let mut sections = Vec::new();
        let mut last = 0_u16;
        for _ in 0..header.number(12)? {
            let is_group = header.flag()?;
            let offset = header.fibonacci()?;
            let first = last.checked_add(offset).ok_or(mismatch)?;
            let more = if is_group { header.fibonacci()? } else { 0 };
            last = first.checked_add(more).ok_or(mismatch)?;
            for id in first..=last {
                if sections.len() == MAX_SECTIONS {
                    return Err(mismatch);
                }
                sections.push((id, parts.next().ok_or(mismatch)?));
            }
        }
        // Some write a separator though no section follows.
        if parts.any(|part| !part.is_empty()) { Err(mismatch) } else { Ok(Self(sections)) }
    }

    pub(crate) fn sections(&self) -> impl Iterator<Item = (u16, &'a str)> {
        self.0.iter().copied()
    }
}

/// The sections that apply, as the page gives them (`applicableSections` of the GPP API): IDs with commas
/// or underscores between them, with or without brackets. -1 says that none applies; none at all, or 0,
/// that nobody knows, so that all do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Applicable(Option<Vec<u16>>);

impl Applicable {
    pub(crate) fn decode(text: Option<&str>) -> Result<Self, Unreadable> {
        let Some(text) = text else { return Ok(Self(None)) };
        let text = text.trim_start_matches('[').trim_end_matches(']');
        let items = text.split([',', '_', ' ']).filter(|item| !item.is_empty());
        let mut listed = None;
        for item in items.take(MAX_SECTIONS) {
            let not_an_id = Unreadable::Malformed("it has an item that is no section ID");
            match item.parse::<i32>().map_err(|_| not_an_id)? {
                -1 => drop(listed.get_or_insert_with(Vec::new)),
                0 => {}
                id => {
                    let id = u16::try_from(id).map_err(|_| not_an_id)?;
                    listed.get_or_insert_with(Vec::new).push(id);
                }
            }
        }
        Ok(Self(listed))
    }

    pub(crate) fn has(&self, section: u16) -> bool {
        self.0.as_ref().is_none_or(|listed| listed.contains(&section))
    }

    /// Whether the section is listed by name.
    pub(crate) fn lists(&self, section: u16) -> bool {
        self.0.as_ref().is_some_and(|listed| listed.contains(&section))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(text: &str) -> Result<Vec<(u16, &str)>, Unreadable> {
        Gpp::decode(text).map(|gpp| gpp.sections().collect())
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let tcf = "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA";
        for header in ["DBABM", "DBABMA"] {
            assert_eq!(sections(&format!("{header}~{tcf}")), Ok(vec![(2, tcf)]));
        }
        for header in ["DBACNY", "DBACNYA"] {
            let text = format!("{header}~{tcf}~1YNN");
            assert_eq!(sections(&text), Ok(vec![(2, tcf), (6, "1YNN")]));
        }
        let text = format!("DBABjw~{tcf}~1YNN");
        assert_eq!(sections(&text), Ok(vec![(5, tcf), (6, "1YNN")]));
    }

    #[test]
    fn a_string_without_sections_is_one() {
        assert_eq!(sections("DBAA"), Ok(vec![]));
        assert_eq!(sections("DBAA~"), Ok(vec![]));
    }

    #[test]
    fn a_header_that_does_not_fit_is_refused() {
        let malformed = Err(Unreadable::Malformed("its header does not list its sections"));
        for text in ["DBABM", "DBABM~a~b", "DBACNY~a", "DBAA~a"] {
            assert_eq!(sections(text), malformed, "{text}");
        }
        assert_eq!(sections("CPXxRfA"), Err(Unreadable::Version));
        assert_eq!(sections("DCAA"), Err(Unreadable::Version));
        assert_eq!(sections(""), Err(Unreadable::Short));
        assert_eq!(sections("DB"), Err(Unreadable::Short));
    }

    #[test]
    fn applicable_sections_come_in_several_forms() {
        let ids = |text| Applicable::decode(Some(text)).map(|applicable| applicable.0);
        for text in ["2,6", "2_6", "[2, 6]", "2, 6", "2,6,"] {
            assert_eq!(ids(text), Ok(Some(vec![2, 6])), "{text}");
        }
        assert_eq!(ids("-1"), Ok(Some(vec![])));
        for text in ["", "0", "[]"] {
            assert_eq!(ids(text), Ok(None), "{text}");
        }
        for text in ["x", "7;8", "-2", "99999"] {
            assert!(ids(text).is_err(), "{text}");
        }
        let seven = Applicable(Some(vec![7]));
        assert!(seven.has(7) && !seven.has(8) && seven.lists(7));
        assert!(Applicable(None).has(8) && !Applicable(None).lists(8));
    }
}
