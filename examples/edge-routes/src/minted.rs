//! Which EC IDs this deployment has minted, by a keyed tag that the browser keeps beside its ID.
//!
//! Whoever invents an ID can put it into any number of browsers, which would then share a row. Without its
//! tag an ID is only looked up: what there is is kept up, and nothing is made under it. An ID with a row has
//! been minted here, before there were tags or under an earlier passphrase, and gets its tag with the next
//! visit that is noted.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use identity_graph::EcId;
use sha2::Sha256;

use crate::config::Config;
use crate::cookies::{self, TAG};

/// Bytes of the MAC that are kept: nobody finds 128 bits by trying.
const TAG_BYTES: usize = 16;

/// The tag of an ID.
pub(crate) fn tag(config: &Config, ec_id: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(&mac(config, ec_id).finalize().into_bytes()[..TAG_BYTES])
}

/// Whether the request has the tag of this ID. A browser has two of both when the cookies have been set
/// both for a host and for its domain.
pub(crate) fn is_minted(config: &Config, headers: &HeaderMap, id: &EcId) -> bool {
    cookies::find_all(headers, TAG).any(|tag| match BASE64_URL_SAFE_NO_PAD.decode(tag) {
        Ok(tag) if tag.len() == TAG_BYTES => {
            mac(config, id.as_str()).verify_truncated_left(&tag).is_ok()
        }
        _ => false,
    })
}

/// The passphrase keys the hashes of networks as well; no network is written like this.
fn mac(config: &Config, ec_id: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(config.passphrase.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(b"minted ");
    mac.update(ec_id.as_bytes());
    mac
}
