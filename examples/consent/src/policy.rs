//! What the law asks for, and which vendor the publisher is.

use serde::Deserialize;
use thiserror::Error;

/// The European Economic Area with those of its territories that have a code of their own and where its
/// law applies, the United Kingdom and Switzerland.
const OPT_IN: [&str; 39] = [
    "AT", "AX", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GF", "GP",
    "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "NO", "PL",
    "PT", "RE", "RO", "SE", "SI", "SK", "YT",
];
const OPT_OUT: [&str; 1] = ["US"];

/// What the law asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// A visitor is asked first: without consent nothing is stored.
    OptIn,
    /// A visitor may opt out: until then an ID may be stored.
    OptOut,
}

/// What the law asks for where the visitor is, and which vendor the publisher is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The publisher's ID on the Global Vendor List of TCF: then storing takes consent to this vendor. Without
    /// it consent to purpose 1 is enough.
    pub vendor_id: Option<u16>,
    /// The countries where a visitor is asked first.
    pub opt_in: Vec<String>,
    /// The countries where a visitor may opt out.
    pub opt_out: Vec<String>,
    /// What holds in all others, and where nobody knows the country.
    pub elsewhere: Regime,
    /// Whether IDs are shared with partners without a vendor ID where a visitor is asked first.
    pub share_without_vendor_id: bool,
}

/// The European Economic Area, the United Kingdom and Switzerland ask first, the United States let opt out,
/// and everywhere else asks first.
impl Default for Policy {
    fn default() -> Self {
        Self {
            vendor_id: None,
            opt_in: OPT_IN.map(str::to_owned).to_vec(),
            opt_out: OPT_OUT.map(str::to_owned).to_vec(),
            elsewhere: Regime::OptIn,
            share_without_vendor_id: false,
        }
    }
}

/// Which value of a policy breaks its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// No vendor has this ID.
    #[error("vendor_id: expected a number from 1 to 65535")]
    VendorId,
    /// One of the countries is none.
    #[error("{0}: expected ISO 3166-1 codes of two capital letters")]
    Country(&'static str),
    /// A country cannot do both.
    #[error("opt_in, opt_out: expected each country in one of them")]
    Twice,
}

impl Policy {
    /// Checks the values.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.vendor_id == Some(0) {
            return Err(PolicyError::VendorId);
        }
        let is_country =
            |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        for (name, countries) in [("opt_in", &self.opt_in), ("opt_out", &self.opt_out)] {
            if !countries.iter().all(is_country) {
                return Err(PolicyError::Country(name));
            }
        }
        if self.opt_in.iter().any(|country| self.opt_out.contains(country)) {
            return Err(PolicyError::Twice);
        }
        Ok(())
    }

    pub(crate) fn regime(&self, country: Option<&str>) -> Regime {
        if is_listed(&self.opt_in, country) {
            Regime::OptIn
        } else if is_listed(&self.opt_out, country) {
            Regime::OptOut
        } else {
            self.elsewhere
        }
    }

    /// Where a visitor is known to be asked first, what was answered to this very site says more than a
    /// setting for all sites.
    pub(crate) fn honours_gpc(&self, country: Option<&str>) -> bool {
        !is_listed(&self.opt_in, country)
    }
}

fn is_listed(countries: &[String], country: Option<&str>) -> bool {
    country.is_some_and(|country| countries.iter().any(|listed| listed == country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_valid_and_every_value_is_checked() {
        let policy = Policy::default;
        assert_eq!(policy().check(), Ok(()));
        let refused = |policy: Policy| policy.check().unwrap_err();
        assert_eq!(refused(Policy { vendor_id: Some(0), ..policy() }), PolicyError::VendorId);
        for code in ["de", "DEU", "", "D1"] {
            let opt_out = vec![code.to_owned()];
            assert_eq!(refused(Policy { opt_out, ..policy() }), PolicyError::Country("opt_out"));
        }
        let opt_out = vec!["DE".to_owned()];
        assert_eq!(refused(Policy { opt_out, ..policy() }), PolicyError::Twice);
    }

    #[test]
    fn a_file_may_say_less_and_nothing_else() {
        let read = |text| toml::from_str::<Policy>(text);
        assert_eq!(read(""), Ok(Policy::default()));
        let policy = read("vendor_id = 7\nelsewhere = \"opt-out\"").unwrap();
        assert_eq!((policy.vendor_id, policy.elsewhere), (Some(7), Regime::OptOut));
        assert!(read("vendor = 7").is_err());
        assert!(read("elsewhere = \"anything\"").is_err());
    }

    #[test]
    fn each_country_has_its_regime() {
        let policy = Policy::default();
        for (country, regime, honours_gpc) in [
            (Some("DE"), Regime::OptIn, false),
            (Some("GB"), Regime::OptIn, false),
            (Some("CH"), Regime::OptIn, false),
            (Some("US"), Regime::OptOut, true),
            (Some("JP"), Regime::OptIn, true),
            (None, Regime::OptIn, true),
        ] {
            assert_eq!(policy.regime(country), regime, "{country:?}");
            assert_eq!(policy.honours_gpc(country), honours_gpc, "{country:?}");
        }
    }
}
