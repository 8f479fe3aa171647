//! The cookies that the service reads and sets.

use std::collections::BTreeSet;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use identity_graph::EcId;

use crate::answer::Response;
use crate::config::Config;
use crate::minted;

/// The EC ID.
pub(crate) const EC: &str = "ts-ec";
/// That this deployment has minted the EC ID, see [`crate::minted`].
pub(crate) const TAG: &str = "ts-ec-tag";
/// What of this browser has been stored, see [`crate::seen`].
pub(crate) const SEEN: &str = "ts-ec-seen";
/// A withdrawal that the store has not confirmed, see [`crate::withdrawal`].
pub(crate) const PENDING: &str = "ts-ec-withdraw";
/// The cookies of the service.
pub(crate) const OWN: [&str; 4] = [EC, TAG, SEEN, PENDING];
/// The user IDs that the page's scripts know, see [`crate::eids`].
pub(crate) const EIDS: &str = "ts-eids";

/// A year, in seconds.
const YEAR: u32 = 365 * 86_400;

/// The value of a cookie of the request, the first when there are several.
pub(crate) fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    find_all(headers, name).next()
}

/// All values of a cookie of the request.
pub(crate) fn find_all<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    // HTTP/2 may split the header.
    let lines = headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes);
    // Another's cookie may be any bytes; it costs nobody else theirs.
    let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';'));
    let cookies = pairs.filter_map(|pair| str::from_utf8(pair).ok()?.split_once('='));
    cookies.filter(move |cookie| cookie.0.trim() == name).map(|(_, value)| value.trim())
}

/// The EC ID of the request, the first of the right form.
pub(crate) fn ec_id(headers: &HeaderMap) -> Option<EcId> {
    find_all(headers, EC).find_map(|id| EcId::parse(id).ok())
}

/// Whether the request has a cookie of this service's.
pub(crate) fn has_any(headers: &HeaderMap) -> bool {
    OWN.iter().any(|name| find(headers, name).is_some())
}

/// All EC IDs of the request, each once.
pub(crate) fn ec_ids(headers: &HeaderMap) -> Vec<EcId> {
    let mut known = BTreeSet::new();
    let ids = find_all(headers, EC).filter_map(|id| EcId::parse(id).ok());
    ids.filter(|id| known.insert(id.clone())).collect()
}

/// Gives the browser an EC ID, and its tag.
pub(crate) fn set_ec_id(response: &mut Response, config: &Config, ec_id: &str) {
    let tag = minted::tag(config, ec_id);
    set(response, config, EC, ec_id);
    set(response, config, TAG, &tag);
}

/// Sets a cookie for a year.
pub(crate) fn set(response: &mut Response, config: &Config, name: &'static str, value: &str) {
    let domain = config.cookie_domain.as_deref();
    append(response, domain, name, value, YEAR);
}

/// Takes a cookie from the browser, wherever it has been set: a host's own cookie stays when the one
/// of its domain goes.
pub(crate) fn expire(response: &mut Response, config: &Config, name: &'static str) {
    append(response, None, name, "", 0);
    if let Some(domain) = &config.cookie_domain {
        append(response, Some(domain), name, "", 0);
    }
}

fn append(response: &mut Response, domain: Option<&str>, name: &str, value: &str, max_age: u32) {
    // A crate for cookies brings dates along, which are half of what the routes are as WebAssembly.
    let domain = domain.map(|domain| format!("; Domain={domain}")).unwrap_or_default();
    let cookie = format!(
        "{name}={value}; HttpOnly; SameSite=Lax; Secure; Path=/{domain}; Max-Age={max_age}"
    );
    // All values are made here, of letters, digits and `._-`.
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_in_any_line_of_the_header() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; nonsense; b=x==; ts-ec-seen=3"));
        headers.append(COOKIE, HeaderValue::from_static("ts-ec=2"));
        assert_eq!(find(&headers, "b"), Some("x=="));
        assert_eq!(find(&headers, EC), Some("2"));
        assert_eq!(find(&headers, SEEN), Some("3"));
        assert_eq!(find(&headers, "c"), None);
        assert_eq!(ec_id(&headers), None);
    }
}
