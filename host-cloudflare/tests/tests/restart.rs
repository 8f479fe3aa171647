//! The Worker is killed under load, again and again: nothing that was acknowledged is missing
//! afterwards, or back from a withdrawal.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use host_cloudflare_tests::Workerd;
use serde_json::{Value, json};
use ureq::Agent;

const ROUNDS: u32 = 3;
const WRITERS: u32 = 8;
/// After so many acknowledgements it is killed.
const ACKNOWLEDGED: u32 = 150;

/// What is known of one visitor.
struct Visitor {
    id: String,
    /// The UID was acknowledged.
    has_uid: bool,
    /// A withdrawal was sent, and whether it was acknowledged.
    withdrawn: Option<bool>,
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let rows = tempfile::tempdir().expect("a folder for the rows");
    let mut visitors = Vec::new();
    for _ in 0..ROUNDS {
        live_and_die(rows.path(), &mut visitors);
        let workerd = Workerd::serve("workerd.capnp", rows.path());
        for visitor in &visitors {
            check(&workerd, visitor);
        }
    }
    let withdrawn = visitors.iter().filter(|visitor| visitor.withdrawn == Some(true)).count();
    let with_uid = visitors.iter().filter(|visitor| visitor.has_uid).count();
    assert!(
        withdrawn > 10 && with_uid > 10,
        "{withdrawn} withdrawals and {with_uid} UIDs were too few"
    );
}

/// Lets writers write until enough is acknowledged, and kills the Worker between them.
fn live_and_die(rows: &Path, visitors: &mut Vec<Visitor>) {
    let workerd = Workerd::serve("workerd.capnp", rows);
    let origin = workerd.url("");
    let (workerd, acknowledged) = (Mutex::new(workerd), AtomicU32::new(0));
    let acknowledge = || {
        if acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == ACKNOWLEDGED {
            workerd.lock().unwrap_or_else(PoisonError::into_inner).kill();
        }
    };
    let of_writers = thread::scope(|scope| {
        let writers: Vec<_> =
            (0..WRITERS).map(|_| scope.spawn(|| write(&origin, &acknowledge))).collect();
        let done = writers.into_iter().map(|writer| writer.join().expect("the writer ends well"));
        done.flatten().collect::<Vec<_>>()
    });
    visitors.extend(of_writers);
}

/// A first view, a UID, and of every second visitor a withdrawal, until nobody answers any more.
fn write(origin: &str, acknowledge: &dyn Fn()) -> Vec<Visitor> {
    let mut visitors = Vec::new();
    let agent = Agent::new_with_defaults();
    while let Some(id) = first_view(&agent, origin) {
        acknowledge();
        let is_withdrawn = visitors.len() % 2 == 1;
        let has_uid = sync(&agent, origin, &id);
        if has_uid == Some(true) {
            acknowledge();
        }
        let withdrawn = (has_uid.is_some() && is_withdrawn).then(|| withdraw(&agent, origin, &id));
        if withdrawn == Some(true) {
            acknowledge();
        }
        visitors.push(Visitor { id, has_uid: has_uid == Some(true), withdrawn });
    }
    visitors
}

/// The ID of a view that the graph has acknowledged: the browser is told what is stored.
fn first_view(agent: &Agent, origin: &str) -> Option<String> {
    let page = agent.get(format!("{origin}/")).header("user-agent", "Mozilla/5.0");
    let page = page.header("sec-fetch-dest", "document").call().ok()?;
    let cookies = page.headers().get_all("set-cookie").into_iter();
    let cookies: Vec<_> = cookies.map(|cookie| cookie.to_str().expect("text")).collect();
    assert!(
        cookies.iter().any(|cookie| cookie.starts_with("ts-ec-seen=")),
        "a view was not stored"
    );
    let id = cookies.iter().find_map(|cookie| cookie.strip_prefix("ts-ec=")?.split(';').next());
    Some(id.expect("an ID").to_owned())
}

/// Whether a UID was acknowledged; none when nobody answers.
fn sync(agent: &Agent, origin: &str, id: &str) -> Option<bool> {
    let mapping = json!({ "ec_id": id, "partner_uid": format!("uid-{}", &id[65..]), "timestamp": 1_790_000_000 });
    let batch = json!({ "mappings": [mapping] }).to_string();
    let request = agent.post(format!("{origin}/_ts/api/v1/batch-sync"));
    let answer = request.header("authorization", "Bearer local-acme-token").send(batch).ok()?;
    Some(answer.status() == 200)
}

/// Whether a withdrawal was acknowledged: the browser has no ID any more.
fn withdraw(agent: &Agent, origin: &str, id: &str) -> bool {
    let request = agent.get(format!("{origin}/")).header("sec-gpc", "1");
    let Ok(page) = request.header("cookie", format!("ts-ec={id}")).call() else { return false };
    let mut cookies = page.headers().get_all("set-cookie").into_iter();
    cookies.any(|cookie| cookie.to_str().is_ok_and(|cookie| cookie.starts_with("ts-ec=;")))
}

fn check(workerd: &Workerd, visitor: &Visitor) {
    let Visitor { id, has_uid, withdrawn } = visitor;
    let request = ureq::get(workerd.url(&format!("/_ts/admin/ec/{id}")));
    let mut row = request
        .header("authorization", "Bearer local-operator-token")
        .call()
        .expect("a row that was acknowledged is there");
    let row: Value =
        serde_json::from_str(&row.body_mut().read_to_string().expect("text")).expect("JSON");
    let stored = row["stored"]["body"].as_str().expect("text");
    let stored: Value = serde_json::from_str(stored).expect("the row is whole");
    let (is_live, uid) = (&stored["consent"]["ok"], &stored["ids"]["ids.acme.example"]["uid"]);
    let has_its_uid = *uid == json!(format!("uid-{}", &id[65..]));
    match withdrawn {
        Some(true) => assert!(*is_live == json!(false) && uid.is_null(), "a withdrawal was lost"),
        // Sent and not answered, it may have been stored.
        Some(false) if *is_live == json!(false) => {}
        _ => assert!(*is_live == json!(true) && (has_its_uid || !has_uid), "a UID was lost"),
    }
}
