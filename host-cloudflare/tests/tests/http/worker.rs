//! The Worker with the rows of `fastly.toml`.

use host_cloudflare_tests::{Shared, Workerd};
use serde_json::json;
use tempfile::TempDir;
use toml::Table;

use crate::service::Service;

const SEEDS: &str = include_str!("../../../../fastly.toml");

struct Seeded {
    workerd: Workerd,
    _rows: TempDir,
}

/// The Worker that the tests share.
pub(crate) fn shared() -> Service {
    static SEEDED: Shared<Seeded> = Shared::new(start);
    let seeded = SEEDED.get();
    Service::at(seeded.workerd.url(""), Box::new(move || seeded.workerd.log()))
}

fn start() -> Seeded {
    let rows = tempfile::tempdir().expect("a folder for the rows");
    let workerd = Workerd::serve("tests/worker/workerd.capnp", rows.path());
    let seeds: Table = SEEDS.parse().expect("TOML");
    let seeds = seeds["local_server"]["kv_stores"]["ec_identity_store"].as_array().expect("a list");
    for seed in seeds {
        let text = |name| seed.get(name).map_or("", |value| value.as_str().expect("text"));
        let (key, metadata, body) = (text("key"), text("metadata"), text("data"));
        let row = json!({ "key": key, "metadata": metadata, "body": body }).to_string();
        let path = format!("/test/put/{}", &key[..2]);
        let answer = ureq::post(workerd.url(&path)).send(row).expect("the row is stored");
        assert_eq!(answer.status(), 200);
    }
    Seeded { workerd, _rows: rows }
}
