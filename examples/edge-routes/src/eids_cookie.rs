//! The cookie in which scripts of the page leave EIDs, in the forms in which they write it.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use thiserror::Error;

use crate::eids::MAX_EIDS;

/// As `btoa` writes it, or without the padding, which some scripts cut off.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a cookie cannot be read. The text quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Unreadable {
    #[error("it is neither base64 nor a JSON list")]
    NotBase64,
    #[error("what it encodes is no JSON list, or broke off")]
    NotJson,
    #[error("it has more than {MAX_EIDS} EIDs")]
    TooMany,
}

/// The list in a cookie: JSON or base64 of it (base64url, too, with and without padding), percent-encoded or
/// in quotes, its `+` as they were or turned into spaces.
pub(crate) fn read(cookie: &str) -> Result<Vec<Value>, Unreadable> {
    let decoded = percent_decode_str(cookie).decode_utf8_lossy();
    let bare = decoded.trim_matches(|c: char| c == '"' || c == '\'' || c.is_whitespace());
    let json = if bare.starts_with('[') {
        bare.as_bytes().to_vec()
    } else {
        let standard = |c| match c {
            ' ' | '-' => '+',
            '_' => '/',
            c => c,
        };
        let text: String = bare.chars().map(standard).collect();
        BASE64.decode(text).map_err(|_| Unreadable::NotBase64)?
    };
    let eids: Vec<Value> = serde_json::from_slice(&json).map_err(|_| Unreadable::NotJson)?;
    if eids.len() > MAX_EIDS { Err(Unreadable::TooMany) } else { Ok(eids) }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_list_is_found_in_every_form_that_scripts_write() {
        // In base64 it has a `+`, a `/` and padding.
        let eids = json!([{ "source": "a.b", "uids": [{ "id": "a>>>???~~~zz" }] }]);
        let json = eids.to_string();
        let base64 = BASE64_STANDARD.encode(&json);
        assert!(base64.contains('+') && base64.contains('/') && base64.ends_with('='), "{base64}");
        let percent = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        for form in [
            base64.clone(),
            base64.trim_end_matches('=').to_owned(),
            BASE64_URL_SAFE.encode(&json),
            BASE64_URL_SAFE_NO_PAD.encode(&json),
            percent(&base64),
            percent(base64.trim_end_matches('=')),
            format!("\"{base64}\""),
            format!("'{base64}'"),
            percent(&format!("\"{base64}\"")),
            base64.replace('+', " "),
            base64.replace('+', "%20"),
            percent(&json),
            json.clone(),
        ] {
            assert_eq!(read(&form).as_deref(), Ok(eids.as_array().unwrap().as_slice()), "{form}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_without_it() {
        let many = BASE64_STANDARD.encode(json!(vec![1; 101]).to_string());
        for (cookie, why) in [
            ("%%%", Unreadable::NotBase64),
            ("{secret}", Unreadable::NotBase64),
            ("c2VjcmV0", Unreadable::NotJson),
            ("e30=", Unreadable::NotJson),
            ("WzE=", Unreadable::NotJson),
            ("[secret", Unreadable::NotJson),
            (many.as_str(), Unreadable::TooMany),
        ] {
            assert_eq!(read(cookie), Err(why), "{cookie}");
            assert!(!why.to_string().contains("secret"));
        }
    }
}
