//! Who asks, and from where.

use std::net::IpAddr;

use http::HeaderMap;

use crate::config::{Config, Proxy};
use crate::partner::sha256;
use crate::platform::{Client, Noted, Platform};
use crate::user_agent::UserAgent;

/// Headers in which browsers and messengers say that nobody looks at the page yet, old ones included.
const PURPOSES: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Why opening a page is no visit; none when it is one.
pub(crate) fn is_no_visit(headers: &HeaderMap) -> Option<&'static str> {
    if is_ahead_of_time(headers) {
        Some("preview")
    } else if UserAgent::of(headers).is_some_and(|agent| agent.is_crawler()) {
        Some("crawler")
    } else if headers.contains_key("fastly-cookie-overflow") {
        // Fastly drops all cookies when there are too many: whether the browser has an ID is not known.
        Some("cookie-overflow")
    } else {
        None
    }
}

fn is_ahead_of_time(headers: &HeaderMap) -> bool {
    let mut purposes = PURPOSES.iter().flat_map(|name| headers.get_all(*name));
    purposes.any(|purpose| {
        let purpose = purpose.to_str().unwrap_or_default().to_ascii_lowercase();
        ["prefetch", "prerender", "preview"].iter().any(|word| purpose.contains(word))
    })
}

/// Who asks: at the address that the proxy in front tells, where it is known by its secret, else at that
/// of the connection.
pub(crate) fn client<P: Platform>(platform: &P, config: &Config, headers: &HeaderMap) -> Client {
    match &config.proxy {
        Some(proxy) if is_from(proxy, headers) => {
            if let Some(ip) = told(proxy, headers) {
                return platform.client(Some(ip));
            }
            platform.count(Noted::LeftOut, "proxy-address");
            // Not at that of the proxy, which all browsers would share.
            Client::default()
        }
        Some(_) => {
            platform.count(Noted::LeftOut, "proxy-secret");
            platform.client(None)
        }
        None => platform.client(None),
    }
}

fn is_from(proxy: &Proxy, headers: &HeaderMap) -> bool {
    let secret = headers.get(&proxy.secret_header).and_then(|secret| secret.to_str().ok());
    // As of a token: how long comparing hashes takes tells nothing that helps to find it.
    secret.is_some_and(|secret| sha256(secret) == proxy.secret_sha256)
}

/// Of a list the last address counts: the others are what the browser claims.
fn told(proxy: &Proxy, headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(&proxy.address_header).into_iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn nobody_looks_at_a_page_that_is_fetched_ahead_of_time() {
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("sec-purpose", "prefetch;anonymous-client-ip"),
            ("purpose", "prefetch"),
            ("purpose", "Preview"),
            ("x-purpose", "preview"),
            ("x-moz", "prefetch"),
        ] {
            assert_eq!(is_no_visit(&headers(&[(name, value)])), Some("preview"), "{name}");
        }
        assert_eq!(is_no_visit(&headers(&[("purpose", "navigate")])), None);
        assert_eq!(is_no_visit(&headers(&[("user-agent", "curl/8.5.0")])), Some("crawler"));
        let overflow = headers(&[("fastly-cookie-overflow", "1")]);
        assert_eq!(is_no_visit(&overflow), Some("cookie-overflow"));
    }

    #[test]
    fn of_a_list_of_addresses_the_last_counts() {
        let proxy = Proxy {
            address_header: "X-Forwarded-For".to_owned(),
            secret_header: "x-edge-secret".to_owned(),
            secret_sha256: sha256("secret"),
        };
        let of = |values: &[&'static str]| {
            let pairs: Vec<_> = values.iter().map(|value| ("x-forwarded-for", *value)).collect();
            told(&proxy, &headers(&pairs)).map(|ip| ip.to_string())
        };
        assert_eq!(of(&["192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["6.6.6.6, 192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["6.6.6.6", "7.7.7.7,2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        for none in [&[][..], &["unknown"], &["192.0.2.1,"]] {
            assert_eq!(of(none), None);
        }
        for (secret, is) in [("secret", true), ("Secret", false), ("", false)] {
            assert_eq!(is_from(&proxy, &headers(&[("x-edge-secret", secret)])), is);
        }
        assert!(!is_from(&proxy, &HeaderMap::new()));
    }
}
