//! What a request says of its visitor's consent.

use edge_consent::{Signals, Why};
use http::HeaderMap;
use identity_graph::{Entry, Geo};
use percent_encoding::percent_decode_str;

use crate::config::Config;
use crate::cookies;
use crate::platform::Platform;

/// What a visitor sent, cleaned.
pub(crate) struct Sent {
    pub(crate) tcf: Option<String>,
    pub(crate) gpp: Option<String>,
    pub(crate) gpp_sid: Option<String>,
    us_privacy: Option<String>,
    gpc: bool,
}

impl Sent {
    pub(crate) fn of(config: &Config, headers: &HeaderMap) -> Self {
        let names = &config.consent_cookies;
        let find = |names: &[String]| {
            let mut values = names.iter().filter_map(|name| cookies::find(headers, name));
            values.find_map(clean)
        };
        Self {
            tcf: find(&names.tcf),
            gpp: find(&names.gpp),
            gpp_sid: find(&names.gpp_sid),
            us_privacy: find(&names.us_privacy),
            gpc: headers.get("sec-gpc").is_some_and(|value| value == "1"),
        }
    }

    /// Of a visitor who is there.
    pub(crate) fn signals<'s>(&'s self, place: Option<&'s Geo>) -> Signals<'s> {
        Signals {
            country: place.map(|place| place.country.as_str()),
            tcf: self.tcf.as_deref(),
            gpp: self.gpp.as_deref(),
            gpp_sid: self.gpp_sid.as_deref(),
            us_privacy: self.us_privacy.as_deref(),
            gpc: self.gpc,
        }
    }

    /// Of a visitor who may not be there: in the place where the browser was seen, and, when the request has
    /// no string at all, with those that were stored.
    pub(crate) fn or_stored<'s>(&'s self, entry: &'s Entry) -> Signals<'s> {
        let sent = self.signals(Some(&entry.geo));
        let strings = [sent.tcf, sent.gpp, sent.us_privacy];
        if strings.iter().any(Option::is_some) {
            return sent;
        }
        Signals {
            tcf: entry.consent.tcf.as_deref(),
            gpp: entry.consent.gpp.as_deref(),
            gpp_sid: entry.consent.gpp_sid.as_deref(),
            ..sent
        }
    }
}

/// Tells the operator of a string that cannot be read: why, without a word of it.
pub(crate) fn log_unreadable<P: Platform>(platform: &P, of: &str, why: Why) {
    if matches!(why, Why::Unreadable(..)) {
        platform.log(&format!("consent of {of} is unknown: {why}"));
    }
}

/// A string as it was before a script percent-encoded it and put it into quotes; none when nothing is left.
fn clean(value: &str) -> Option<String> {
    let decoded = percent_decode_str(value).decode_utf8_lossy();
    let bare = decoded.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace());
    (!bare.is_empty()).then(|| bare.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cleaned_of_what_scripts_put_around_them() {
        for (value, bare) in [
            ("DBABM~CP.A_-", "DBABM~CP.A_-"),
            ("DBABM%7ECP.A", "DBABM~CP.A"),
            ("\"DBABM~CP\"", "DBABM~CP"),
            ("%22DBABM%7eCP%22", "DBABM~CP"),
            ("'1YNN'", "1YNN"),
            (" 2%2C6 ", "2,6"),
        ] {
            assert_eq!(clean(value).as_deref(), Some(bare), "{value}");
        }
        for value in ["", "\"\"", "%20"] {
            assert_eq!(clean(value), None, "{value}");
        }
    }
}
