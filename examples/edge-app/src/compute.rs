//! The application on Fastly Compute.

use std::net::IpAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use edge_routes::Client;
use fastly::compute_runtime::hostname;
use fastly::geo::geo_lookup;
use fastly::{Body, Request};
use identity_graph::{Failure, Geo, IdentityGraph};

use crate::config::Config;
use crate::log::log;
use crate::platform::Platform;
use crate::synchronous::handle;

/// The configuration that is built in; see `build.rs`.
const CONFIG: &str = include_str!(env!("EDGE_APP_CONFIG"));

/// Opens the identity graph over the named store.
pub type Open = fn(&str) -> Result<Box<dyn IdentityGraph>, Failure>;

/// Serves the request that this instance was started for, over a graph that is opened this way.
pub fn run(open: Open) {
    let begun = Instant::now();
    let request = Request::from_client();
    let config = Config::parse(CONFIG, hostname() == "localhost");
    let identity_store = config.as_ref().map_or("", |config| config.identity_store.as_str());
    let client = request.clone_without_body();
    let compute = Compute { begun, client, open, identity_store };
    let response = handle(&compute, &config, request.into());
    fastly::Response::from(response.map(Body::from)).send_to_client();
}

struct Compute<'a> {
    begun: Instant,
    client: Request,
    open: Open,
    identity_store: &'a str,
}

impl Platform for Compute<'_> {
    fn graph(&self) -> Result<Box<dyn IdentityGraph>, Failure> {
        (self.open)(self.identity_store)
    }

    fn client(&self, address: Option<IpAddr>) -> Client {
        if let Some(ip) = address {
            return Client { ip: address, geo: locate(ip), ..Client::default() };
        }
        let ip = self.client.get_client_ip_addr();
        Client {
            ip,
            geo: ip.and_then(locate),
            ja4: self.client.get_tls_ja4().map(str::to_owned),
            h2: self.client.get_client_h2_fingerprint().map(str::to_owned),
        }
    }

    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn request(&self, line: &str) {
        log(line);
    }

    fn milliseconds(&self) -> Option<u64> {
        u64::try_from(self.begun.elapsed().as_millis()).ok()
    }
}

fn locate(ip: IpAddr) -> Option<Geo> {
    let geo = geo_lookup(ip)?;
    let region = geo.region().unwrap_or_default();
    Some(Geo::from_lookup(geo.country_code(), region, geo.as_number(), geo.metro_code()))
}
