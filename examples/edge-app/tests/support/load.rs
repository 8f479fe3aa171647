//! Load on every route of a service, wherever it runs.
//!
//! `oha` sends the load, route by route. Meanwhile one writer stores UIDs in rows of its own and keeps
//! what the service has acknowledged; in the end all of that is read back.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::json::mapping;
use crate::service::{ACME, Browser, OPERATOR, Service, USER_AGENT, ZETA, now};

/// What [`load`] prints of each route, after the form: requests that were not answered with 200 are failed.
pub(crate) const COLUMNS: &str = "route | requests/s | p50 ms | p90 ms | p99 ms | failed";
/// Connections up to which batches of 1,000 are sent: each takes megabytes while it is served.
const MAX_BATCHES: u32 = 32;
/// Rows that batches are sent for.
const ROWS: usize = 1_000;
/// Rows of the writer whose acknowledged UIDs are read back.
const WRITERS_ROWS: usize = 50;

/// Looks at the service from the other side, and has columns of its own.
pub(crate) trait Observer {
    /// A route is about to be loaded.
    fn begin(&mut self);
    /// What was seen since.
    fn end(&mut self) -> Vec<String>;
}

/// Sees nothing.
impl Observer for () {
    fn begin(&mut self) {}

    fn end(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// How a service is loaded.
pub(crate) struct Load<'l> {
    /// What is printed before each route.
    pub(crate) form: &'l str,
    pub(crate) connections: u32,
    /// How long each route is loaded.
    pub(crate) seconds: u32,
}

/// Loads every route of a service over so many connections, and checks that what it acknowledged is there.
pub(crate) fn load(with: &Load<'_>, service: &Service, observer: &mut dyn Observer) -> Result<()> {
    let Load { form, connections, .. } = *with;
    eprintln!("{form}: storing {ROWS} first views");
    let ids: Vec<_> = (0..ROWS).map(|_| first_view(service)).collect();
    let writers: Vec<_> = (0..WRITERS_ROWS).map(|_| first_view(service)).collect();
    let mut withdrawn = Browser::default();
    withdrawn.open(service, &[]);
    let withdrawn = format!("cookie: {}", withdrawn.cookies.header().context("it has cookies")?);
    let unmarked = format!("cookie: ts-ec={}", ids[1]);
    let row_of_one = format!("/_ts/admin/ec/{}", ids[2]);
    let mut returning = Browser::with(&ids[0]);
    returning.open(service, &[]);
    let cookie = format!("cookie: {}", returning.cookies.header().context("it has cookies")?);
    let batch = |ids: &[String]| {
        let mappings: Vec<_> = ids.iter().map(|id| mapping(id, "load", now())).collect();
        json!({ "mappings": mappings }).to_string()
    };
    let (ten, thousand) = (batch(&ids[..10]), batch(&ids));

    let page = ["-H", "sec-fetch-dest: document"];
    let acme = format!("authorization: Bearer {ACME}");
    let token = ["-H", acme.as_str()];
    let cookie = ["-H", cookie.as_str()];
    let post = |body| ["-m", "POST", "-d", body];
    let operator = format!("authorization: Bearer {OPERATOR}");
    let operator = ["-H", operator.as_str()];
    let routes: [(&str, &str, Vec<&str>); 9] = [
        ("page, first view", "/", page.to_vec()),
        ("page, no news", "/", [page, cookie].concat()),
        ("page, mark lost", "/", [page, ["-H", unmarked.as_str()]].concat()),
        ("withdrawal", "/", [["-H", "sec-gpc: 1"], ["-H", withdrawn.as_str()]].concat()),
        ("asset", "/logo.png", vec!["-H", "sec-fetch-dest: image"]),
        ("identify", "/_ts/api/v1/identify", [token, cookie].concat()),
        ("admin", &row_of_one, operator.to_vec()),
        ("batch-sync, 10, no news", "/_ts/api/v1/batch-sync", [&token[..], &post(&ten)].concat()),
        (
            "batch-sync, 1,000, no news",
            "/_ts/api/v1/batch-sync",
            [&token[..], &post(&thousand)].concat(),
        ),
    ];
    // Without the last route only the rows of the one before it are synced.
    let (routes, synced) = if connections > MAX_BATCHES {
        (&routes[..8], &ids[..10])
    } else {
        (&routes[..], &ids[..])
    };
    let done = AtomicBool::new(false);
    let acknowledged = thread::scope(|scope| {
        let writer = scope.spawn(|| write(service, &writers, &done));
        let loaded: Result<()> = routes.iter().try_for_each(|(name, path, arguments)| {
            eprintln!("{form}: {name}");
            observer.begin();
            let report = oha(&service.url(path), with, arguments)?;
            let cells = [row(&report).to_vec(), observer.end()].concat();
            println!("| {form} | {name} | {} |", cells.join(" | "));
            Ok(())
        });
        done.store(true, Ordering::Relaxed);
        let acknowledged = writer.join();
        loaded.map(|()| acknowledged)
    })?;
    let Ok(acknowledged) = acknowledged else { bail!("{form}: the writer has failed") };
    check(form, service, synced, &acknowledged)
}

fn first_view(service: &Service) -> String {
    let mut browser = Browser::default();
    browser.open(service, &[]);
    browser.id()
}

/// What the service has acknowledged: the last UID by EC ID, and how many in all.
struct Acknowledged {
    uids: BTreeMap<String, String>,
    writes: u64,
}

/// Stores one UID after the other, each later than the one before, until the load is over.
fn write(service: &Service, ids: &[String], done: &AtomicBool) -> Acknowledged {
    let mut acknowledged = Acknowledged { uids: BTreeMap::new(), writes: 0 };
    for id in ids.iter().cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
        let uid = format!("uid-{}", acknowledged.writes);
        // Times that grow, and lie before today.
        let time = 1_000_000_000 + acknowledged.writes;
        if service.sync(ZETA, &[mapping(id, &uid, time)]).0 == 200 {
            acknowledged.uids.insert(id.clone(), uid);
            acknowledged.writes += 1;
        }
    }
    acknowledged
}

/// Runs oha; its report.
fn oha(url: &str, with: &Load<'_>, arguments: &[&str]) -> Result<Value> {
    let mut oha = Command::new("oha");
    oha.args(["--no-tui", "--output-format", "json"]);
    oha.args(["-z", &format!("{}s", with.seconds), "-c", &with.connections.to_string()]);
    // As what it is it would make no rows.
    oha.args(["-H", &format!("user-agent: {USER_AGENT}")]);
    let output = oha.args(arguments).arg(url).output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            anyhow::anyhow!("oha is missing; install it with\n\njust _load-tools\n")
        }
        _ => error.into(),
    })?;
    ensure!(output.status.success(), "oha: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("oha's report")
}

fn row(report: &Value) -> [String; 5] {
    let rate = report["summary"]["requestsPerSec"].as_f64().unwrap_or_default();
    let percentile = |name: &str| {
        let seconds = report["latencyPercentiles"][name].as_f64().unwrap_or_default();
        format!("{:.1}", seconds * 1_000.0)
    };
    let counts = |name: &str, but: &str| -> u64 {
        let counts = report[name].as_object().into_iter().flatten();
        counts.filter(|(what, _)| *what != but).filter_map(|(_, count)| count.as_u64()).sum()
    };
    // At the end of its time oha does not wait for the last answers.
    let failed = counts("statusCodeDistribution", "200")
        + counts("errorDistribution", "aborted due to deadline");
    let [p50, p90, p99] = ["p50", "p90", "p99"].map(percentile);
    [format!("{rate:.0}"), p50, p90, p99, failed.to_string()]
}

fn check(form: &str, service: &Service, ids: &[String], acknowledged: &Acknowledged) -> Result<()> {
    let uid = |id: &String, partner: &str| service.stored(id)["ids"][partner]["uid"].clone();
    let lost =
        acknowledged.uids.iter().filter(|(id, expected)| uid(id, "zeta.example") != **expected);
    let lost = lost.count() + ids.iter().filter(|id| uid(id, "ids.acme.example") != "load").count();
    let writes = acknowledged.writes;
    ensure!(lost == 0, "{form}: {lost} rows do not have what was acknowledged");
    let rows = ids.len() + acknowledged.uids.len();
    eprintln!(
        "{form}: {rows} rows have what was acknowledged last, after {writes} writes under load"
    );
    Ok(())
}
