//! The cookies that the service reads and sets.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use identity_graph::EcId;

use crate::answer::Response;
use crate::config::Config;

/// The EC ID.
pub(crate) const EC: &str = "ts-ec";
/// What of this browser has been stored, see [`crate::seen`].
pub(crate) const SEEN: &str = "ts-ec-seen";
/// A withdrawal that the store has not confirmed, see [`crate::withdrawal`].
pub(crate) const PENDING: &str = "ts-ec-withdraw";
/// The user IDs that the page's scripts know, see [`crate::eids`].
pub(crate) const EIDS: &str = "ts-eids";
/// TCF consent string, as consent managers leave it.
pub(crate) const TCF: &str = "euconsent-v2";
/// GPP consent string, likewise.
pub(crate) const GPP: &str = "__gpp";

/// The value of a cookie of the request.
pub(crate) fn find<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    // HTTP/2 may split the header.
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name)?.value_raw()
}

/// The EC ID of the request, when it has one of the right form.
pub(crate) fn ec_id(headers: &HeaderMap) -> Option<EcId> {
    EcId::parse(find(headers, EC)?).ok()
}

/// Sets a cookie for a year.
pub(crate) fn set(response: &mut Response, config: &Config, name: &'static str, value: String) {
    append(response, config, name, value, Duration::days(365));
}

/// Takes a cookie from the browser.
pub(crate) fn expire(response: &mut Response, config: &Config, name: &'static str) {
    append(response, config, name, String::new(), Duration::ZERO);
}

fn append(response: &mut Response, config: &Config, name: &str, value: String, max_age: Duration) {
    let mut cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(max_age);
    if let Some(domain) = &config.cookie_domain {
        cookie = cookie.domain(domain);
    }
    // All values are made here, of letters, digits and dots.
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
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
