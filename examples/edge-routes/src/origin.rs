//! Which page a request comes from, as the browser says.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderName, HeaderValue, StatusCode, Uri};

use crate::answer::{Problem, Response, no_content};
use crate::config::Config;

/// What browsers say themselves; a page's script cannot set it.
const SEC_FETCH_SITE: &str = "sec-fetch-site";
/// Two hours, which is the most that Chromium keeps.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Whether this is an origin in the form of the header: a scheme and a host, a port where it is not the
/// scheme's own, and nothing else.
pub(crate) fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return false };
    let is_host =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    matches!(scheme, "https" | "http")
        && !authority.is_empty()
        && authority.bytes().all(is_host)
        && text.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some())
}

/// Whether a page of the very origin sent the request.
pub(crate) fn is_own(request: &Parts) -> bool {
    let text = |name: HeaderName| request.headers.get(name)?.to_str().ok();
    if let Some(site) = request.headers.get(SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    // Browsers that say nothing of the kind send the origin with all but GET and HEAD. The scheme is not
    // compared: what ends TLS may be somewhere in front.
    let host = request.uri.authority().map(Authority::as_str).or_else(|| text(HOST));
    let origin = text(ORIGIN).and_then(|origin| origin.split_once("://"));
    host.zip(origin).is_some_and(|(host, (_, origin))| host.eq_ignore_ascii_case(origin))
}

/// Whether a browser says where the request comes from.
pub(crate) fn is_said(request: &Parts) -> bool {
    request.headers.contains_key(SEC_FETCH_SITE) || request.headers.contains_key(ORIGIN)
}

/// The origin of the request, if it is one of those that are configured.
pub(crate) fn allowed<'r>(config: &Config, request: &'r Parts) -> Option<&'r HeaderValue> {
    let origin = request.headers.get(ORIGIN)?;
    config.allowed_origins.iter().any(|allowed| origin == allowed.as_str()).then_some(origin)
}

/// Lets pages of this origin read the answer.
pub(crate) fn open(response: &mut Response, origin: &HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(VARY, HeaderValue::from_static("Origin"));
}

/// Answers the question that a browser puts before the request of a page of another origin.
pub(crate) fn preflight(config: &Config, request: &Parts) -> Result<Response, Problem> {
    let message = "pages of this origin may not ask; allowed_origins lists those that may";
    let origin = allowed(config, request).ok_or_else(|| refused(message))?;
    let mut response = no_content();
    open(&mut response, origin);
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    Ok(response)
}

/// A request from elsewhere; the message says from where it is taken.
pub(crate) fn refused(message: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "origin_not_allowed", message)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get("/").header("host", "News.example:8443");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn an_origin_has_a_scheme_a_host_and_nothing_else() {
        for origin in ["https://a.example", "http://localhost:8080", "http://[::1]:80"] {
            assert!(is_origin(origin), "{origin}");
        }
        for other in [
            "*",
            "null",
            "a.example",
            "https://",
            "https://a.example/",
            "https://A.example",
            "https://*.a.example",
            "ftp://a.example",
            "https://a@b",
            "https://a b",
        ] {
            assert!(!is_origin(other), "{other}");
        }
    }

    #[test]
    fn what_the_browser_says_of_the_site_counts_before_the_origin() {
        let own = ("origin", "https://news.example:8443");
        for (headers, is) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site"), own], false),
            (&[("sec-fetch-site", "cross-site"), own], false),
            (&[("sec-fetch-site", "none")], false),
            (&[own], true),
            (&[("origin", "https://news.example")], false),
            (&[("origin", "https://evil.example:8443")], false),
            (&[("origin", "null")], false),
            (&[], false),
        ] {
            assert_eq!(is_own(&parts(headers)), is, "{headers:?}");
        }
    }
}
