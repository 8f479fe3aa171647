//! What the routes need, for one request.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use edge_routes::{Client, Platform};
use http::{HeaderMap, HeaderName};
use identity_graph::Failure;

use crate::graph::Counted;
use crate::service::Service;

/// The place where one request is served.
pub(crate) struct Place {
    pub(crate) service: Service,
    pub(crate) client_ip: Option<IpAddr>,
}

impl Platform for Place {
    type Graph = Counted;

    fn graph(&self) -> Result<Counted, Failure> {
        Ok(self.service.graph())
    }

    fn client(&self) -> Client {
        Client { ip: self.client_ip, ..Client::default() }
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn random(&self) -> u64 {
        rand::random()
    }

    fn log(&self, line: &str) {
        tracing::warn!("{line}");
    }
}

/// The address of the browser: that of the connection, or what the proxy in front says of its own. Of a
/// list the last counts; the others are what the browser claims.
pub(crate) fn client_ip(
    headers: &HeaderMap,
    header: Option<&HeaderName>,
    connection: IpAddr,
) -> Option<IpAddr> {
    let Some(header) = header else { return Some(connection) };
    let last = headers.get_all(header).into_iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn behind_a_proxy_the_last_address_of_its_header_counts() {
        let name = HeaderName::from_static("x-forwarded-for");
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(&name, HeaderValue::from_static(value));
            }
            client_ip(&headers, Some(&name), proxy).map(|ip| ip.to_string())
        };
        assert_eq!(of(&["192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["6.6.6.6, 192.0.2.1"]).as_deref(), Some("192.0.2.1"));
        assert_eq!(of(&["6.6.6.6", "7.7.7.7,2001:db8::1"]).as_deref(), Some("2001:db8::1"));
        // Not that of the proxy, which all browsers would share.
        for bad in [&[][..], &["unknown"], &["192.0.2.1,"]] {
            assert_eq!(of(bad), None);
        }
        assert_eq!(client_ip(&HeaderMap::new(), None, proxy), Some(proxy));
    }
}
