//! The command line `ec-graph`, as a person meets it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;
use serde_json::{Value, json};

const DAY: &str = include_str!("../traces/day.ndjson");

fn ec_graph() -> Command {
    let mut command = Command::cargo_bin("ec-graph").unwrap();
    command.env_remove("CLICOLOR_FORCE");
    command
}

struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn run_on(arguments: &[&str], input: impl Into<Vec<u8>>) -> Ran {
    let output = ec_graph().args(arguments).write_stdin(input).output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn run(arguments: &[&str]) -> Ran {
    run_on(arguments, "")
}

/// A file of the test's own.
fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

fn ec_id(digit: char) -> String {
    format!("{}.Ab12Cd", String::from(digit).repeat(64))
}

fn event(event: &str, at: u64, more: impl Into<Value>) -> String {
    let mut fields = json!({"at": at, "event": event});
    fields.as_object_mut().unwrap().extend(more.into().as_object().unwrap().clone());
    format!("{fields}\n")
}

fn outcomes(trace: &str) -> Vec<Value> {
    let ran = run_on(&["replay", "-", "--outcomes"], trace);
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Bare words of a summary's line that starts with `name`.
fn figures<'a>(summary: &'a str, name: &str) -> Vec<&'a str> {
    let line = summary.lines().find(|line| line.trim_start().starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no line says {name:?}"));
    line.trim_start()[name.len()..].split_whitespace().collect()
}

#[test]
fn without_a_command_the_day_that_ships_is_replayed() {
    let ran = run(&[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let out = &ran.out;
    assert_eq!(figures(out, "in all")[0], "2,624");
    assert_eq!(figures(out, "page views")[0], "2,324");
    assert_eq!(figures(out, "first"), ["400"]);
    assert_eq!(figures(out, "returning"), ["1,924"]);
    assert_eq!(figures(out, "mappings"), ["486"]);
    assert_eq!(figures(out, "withdrawals")[..3], ["22", "0", "22"]);
    assert_eq!(figures(out, "re-consents")[..3], ["12", "12", "12"]);
    assert_eq!(figures(out, "live"), ["387"]);
    assert_eq!(figures(out, "tombstones"), ["10"]);
    assert!(out.contains("A page view cost 1.00 reads and 0.44 writes of the store."));
    for word in ["written", "unchanged", "stale", "withdrawn", "not-found", "revived", "created"] {
        assert!(out.contains(word), "no outcome {word}");
    }
    assert!(ran.err.contains("events/s") && !out.contains("events/s"));
    assert!(!out.contains('\u{1b}'), "colours in a pipe");
    assert_eq!(run(&["replay"]).out, ran.out);
}

#[test]
fn the_day_that_ships_is_what_its_seed_makes() {
    let ran = run(&["trace", "--visitors", "400", "--seed", "7"]);
    assert!(ran.out == DAY, "write it anew: ec-graph trace --output cli/traces/day.ndjson");
    assert!(DAY.len() < 2 << 20);
}

#[test]
fn a_trace_depends_on_its_seed_and_on_nothing_else() {
    let path = file("seed-3.ndjson", "");
    let to_file = ["trace", "--visitors", "50", "--seed", "3", "--output", path.to_str().unwrap()];
    assert_eq!(run(&to_file).status, 0);
    let first = run(&["trace", "--visitors", "50", "--seed", "3"]).out;
    assert!(first == fs::read_to_string(path).unwrap());
    assert!(first != run(&["trace", "--visitors", "50", "--seed", "4"]).out);
    let times: Vec<u64> = first
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["at"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted() && times.last().unwrap() - times[0] < 86_400);
}

#[test]
fn the_day_that_ships_has_every_kind_of_event_and_shared_networks() {
    let events: Vec<Value> =
        DAY.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: BTreeSet<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let all = ["cluster", "consent", "delete", "first-visit", "sync", "view", "withdraw"];
    assert_eq!(Vec::from_iter(kinds), all);
    let ec_ids: BTreeSet<_> = events.iter().filter_map(|event| event["ec"].as_str()).collect();
    let networks: BTreeSet<_> = ec_ids.iter().map(|ec_id| &ec_id[..64]).collect();
    assert!(networks.len() < ec_ids.len());
}

#[test]
fn every_event_is_answered_as_a_good_application_would_have_it() {
    let (ec, other) = (ec_id('a'), ec_id('b'));
    let eids = json!([{"source": "p.example", "uids": [{"id": "u-1", "atype": 1}]}]);
    let sync = |uid: &str, synced: u64| {
        let of = |ec: &str| json!({"ec": ec, "uid": uid, "synced": synced});
        json!({"partner": "q.example", "mappings": [of(&ec), of(&other), of(&ec)]})
    };
    let trace = [
        event("first-visit", 1_000, json!({"ec": ec, "domain": "news.example"})),
        event("view", 1_010, json!({"ec": ec, "eids": eids})),
        event("view", 1_020, json!({"ec": ec, "eids": eids})),
        event("view", 1_400, json!({"ec": ec})),
        event("sync", 1_500, sync("s-1", 1_490)),
        event("sync", 1_501, sync("s-0", 1_480)),
        event("cluster", 1_600, json!({"ec": ec})),
        event("consent", 1_650, json!({"ec": ec})),
        event("withdraw", 1_700, json!({"ec": ec})),
        event("sync", 1_701, sync("s-2", 1_699)),
        event("view", 1_702, json!({"ec": ec, "eids": eids})),
        event("cluster", 1_703, json!({"ec": ec})),
        event("consent", 1_800, json!({"ec": ec, "tcf": "CQinvented"})),
        event("view", 1_790, json!({"ec": ec})),
        event("delete", 1_900, json!({"ec": ec})),
        event("delete", 1_901, json!({"ec": ec})),
        event("view", 1_902, json!({"ec": ec, "eids": eids})),
    ];
    let expected = [
        json!({"event": "first-visit", "outcome": "created"}),
        json!({"event": "view", "outcome": "written", "ids": ["written"]}),
        json!({"event": "view", "outcome": "unchanged", "ids": ["unchanged"]}),
        json!({"event": "view", "outcome": "written"}),
        json!({"event": "sync", "outcome": ["written", "not-found", "written"]}),
        json!({"event": "sync", "outcome": ["stale", "not-found", "stale"]}),
        json!({"event": "cluster", "outcome": "counted", "cluster_size": 1}),
        json!({"event": "consent", "outcome": "unchanged"}),
        json!({"event": "withdraw", "outcome": "withdrawn"}),
        json!({"event": "sync", "outcome": ["withdrawn", "not-found", "withdrawn"]}),
        json!({"event": "view", "outcome": "withdrawn", "ids": ["withdrawn"]}),
        json!({"event": "cluster", "outcome": "no-entry"}),
        json!({"event": "consent", "outcome": "revived"}),
        json!({"event": "view", "outcome": "unchanged"}),
        json!({"event": "delete", "outcome": "deleted"}),
        json!({"event": "delete", "outcome": "not-found"}),
        json!({"event": "view", "outcome": "created", "ids": ["written"]}),
    ];
    let trace = trace.concat();
    for (at, (found, mut expected)) in outcomes(&trace).into_iter().zip(expected).enumerate() {
        expected["line"] = json!(at + 1);
        assert_eq!(found, expected);
    }
    let out = run_on(&["replay", "-"], trace).out;
    // Each reads once; the first and the last made a row, two of the others wrote something.
    assert_eq!(figures(&out, "page views")[..3], ["7", "7", "4"]);
    assert_eq!(figures(&out, "live"), ["1"]);
    assert_eq!(figures(&out, "with partners"), ["1"]);
}

#[test]
fn outcomes_are_a_line_of_json_for_each_event_and_the_summary_goes_elsewhere() {
    let ran = run(&["replay", "--outcomes"]);
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), DAY.lines().count() - 1);
    for (at, (line, event)) in lines.iter().zip(DAY.lines().skip(1)).enumerate() {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!((&line["line"], &line["event"]), (&json!(at + 2), &event["event"]));
        if let Some(mappings) = event["mappings"].as_array() {
            assert_eq!(line["outcome"].as_array().unwrap().len(), mappings.len());
        }
    }
    assert_eq!(figures(&ran.err, "in all")[0], "2,624");
}

#[test]
fn bad_lines_are_told_by_number_and_reason_and_the_rest_is_replayed() {
    let ec = ec_id('a');
    let mut trace = b"{\"trace\":1}\n".to_vec();
    let mut line = |bytes: &[u8]| {
        trace.extend_from_slice(bytes.trim_ascii_end());
        trace.push(b'\n');
    };
    line(event("first-visit", 1, json!({"ec": ec, "new_field": {"x": [1]}})).as_bytes());
    line(b"{\"secret\"");
    line(event("secret", 2, json!({"ec": ec})).as_bytes());
    line(event("view", 2, json!({})).as_bytes());
    line(b"{\"event\":\"view\",\"ec\":\"secret \xff\"}");
    line(event("view", 2, json!({"ec": "secret-and-no-ec-id"})).as_bytes());
    line(&vec![b'x'; (1 << 20) + 1]);
    line(event("view", 1_789_948_800_000, json!({"ec": ec})).as_bytes());
    let mapping = |ec: &str| json!({"ec": ec, "uid": "u", "synced": 1});
    let mappings = json!({"partner": "p", "mappings": [mapping(&ec), mapping("secret")]});
    line(event("sync", 3, mappings).as_bytes());
    line(event("first-visit", 3, json!({"ec": ec, "domain": "SECRET!"})).as_bytes());
    line(event("withdraw", 4, json!({"ec": ec})).as_bytes());

    let ran = run_on(&["replay", "-"], trace.clone());
    assert_eq!(ran.status, 1);
    for told in [
        "line 3: not JSON",
        "line 4: unknown event",
        "line 5: the field \"ec\" is missing",
        "line 6: not UTF-8 at byte",
        "line 7: EC ID (19 bytes)",
        "line 8: longer than 1048576 bytes",
        "line 9: \"at\" is after the year 9999",
        "line 10: left out mappings[1].ec: EC ID (6 bytes)",
        "line 11: left out domain: domain (7 bytes)",
    ] {
        assert!(ran.err.contains(told), "{told:?} is missing from {}", ran.err);
    }
    assert!(!ran.err.to_lowercase().contains("secret"), "{}", ran.err);
    assert!(ran.out.contains("7 bad lines"));
    assert_eq!(figures(&ran.out, "Items left out"), ["2"]);
    assert_eq!(figures(&ran.out, "tombstones"), ["1"]);

    let reports = run_on(&["replay", "-", "--outcomes"], trace).out;
    let reports: Vec<Value> =
        reports.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), 11);
    assert!(reports[1]["error"].as_str().unwrap().starts_with("not JSON"));
    assert_eq!(reports[8]["outcome"], json!(["written", "invalid-argument"]));
}

#[test]
fn of_many_bad_lines_the_first_are_told_and_the_others_counted() {
    let ran = run_on(&["replay", "-"], "bad\n".repeat(50));
    assert_eq!(ran.status, 1);
    assert_eq!(ran.err.matches("not JSON").count(), 20);
    assert!(ran.err.contains("and 30 more"));
}

#[test]
fn another_version_of_the_format_is_refused() {
    let ran = run_on(&["replay", "-"], "{\"trace\":3}\n{\"future\":1}\n");
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("version 3") && ran.err.contains("versions 1 to 2"), "{}", ran.err);
}

#[test]
fn what_cannot_be_used_ends_with_2() {
    let no_row = file("no-row.json", r#"{"key":"secret"}"#);
    let bad_key = file("bad-key.json", r#"{"key":"secret","metadata":null,"body":"{}"}"#);
    for arguments in [
        &["no-such-command"][..],
        &["replay", "--no-such-option"],
        &["replay", "no/such/file.ndjson"],
        &["replay", env!("CARGO_MANIFEST_DIR")],
        &["trace", "--visitors", "0"],
        &["trace", "--visitors", "5", "--output", "no/such/directory/file"],
        &["inspect"],
        &["inspect", "secret-and-no-ec-id"],
        &["inspect", "--row", "no/such/file.json"],
        &["inspect", "--row", no_row.to_str().unwrap()],
        &["inspect", "--row", bad_key.to_str().unwrap()],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.err);
        assert!(!ran.err.is_empty() && !ran.err.contains("panicked"));
        if arguments.contains(&"--row") {
            assert!(!ran.err.contains("secret"), "{}", ran.err);
        }
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    for arguments in [&["trace", "--visitors", "3000"][..], &["replay", "--outcomes"]] {
        let program = assert_cmd::cargo::cargo_bin("ec-graph");
        let mut child = Process::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
    }
}

fn stored_row(name: &str) -> String {
    format!("{}/../component/tests/rows/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_row_is_shown_as_stored_and_as_understood_with_ids_shortened() {
    let path = stored_row("from-the-future");
    let shown = run(&["inspect", "--row", &path]);
    assert_eq!(shown.status, 0, "{}", shown.err);
    for part in ["3f3f3f3f…", "\"score\": 0.5", "1000.0", "2026-09-21 14:13:20 UTC", "live"] {
        assert!(shown.out.contains(part), "{part:?} is missing from {}", shown.out);
    }
    for whole in ["ACME-0009", "1YNN", "3f3f3f3f3"] {
        assert!(!shown.out.contains(whole), "{whole} is shown");
        assert!(run(&["inspect", "--row", &path, "--reveal"]).out.contains(whole));
    }
    let tombstone = run(&["inspect", "--row", &stored_row("tombstone")]);
    assert!(tombstone.out.contains("tombstone: consent was withdrawn"));
}

#[test]
fn every_row_shape_there_has_been_can_be_shown() {
    let rows = format!("{}/../component/tests/rows", env!("CARGO_MANIFEST_DIR"));
    let paths = fs::read_dir(rows).unwrap().map(|entry| entry.unwrap().path());
    let paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ext| ext == "json")).collect();
    assert!(paths.len() >= 6);
    for path in paths {
        let ran = run(&["inspect", "--row", path.to_str().unwrap()]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.contains("created") && !ran.out.contains("problem"));
    }
}

#[test]
fn an_unreadable_row_is_shown_masked_with_the_place_where_it_breaks() {
    let row = |body: &str| json!({"key": ec_id('c'), "metadata": "no json", "body": body});
    let path = file("unreadable.json", row("{\"v\":1,\"secret-of-somebody\":nix}").to_string());
    let path = path.to_str().unwrap();
    let masked = run(&["inspect", "--row", path]);
    assert_eq!(masked.status, 0, "{}", masked.err);
    assert!(masked.out.contains("32 bytes, not JSON at byte 28"), "{}", masked.out);
    assert!(masked.out.contains("not an entry") && !masked.out.contains("secret"));
    let revealed = run(&["inspect", "--row", path, "--reveal"]).out;
    assert!(revealed.contains(">6e 69 78 7d"), "{revealed}");
    assert!(revealed.contains("{\"v\":1,\"secret-o"), "{revealed}");

    let body = json!({"v": 1, "consent": {"ok": true}, "ids": {"p": {"uid": "secret-uid"}}});
    let path = file("no-entry.json", row(&body.to_string()).to_string());
    let shown = run(&["inspect", "--row", path.to_str().unwrap()]).out;
    assert!(shown.contains("problem") && shown.contains("is missing"), "{shown}");
    assert!(!shown.contains("secret-uid"), "{shown}");
}

#[test]
fn a_row_of_a_trace_is_shown_as_it_is_at_the_trace_s_end() {
    let ec = ec_id('d');
    let trace = event("first-visit", 1_790_000_000, json!({"ec": ec, "domain": "news.example"}));
    let path = file("one-visit.ndjson", trace);
    let path = path.to_str().unwrap();
    let shown = run(&["inspect", &ec, "--trace", path]);
    assert_eq!(shown.status, 0, "{}", shown.err);
    assert!(shown.out.contains("kept until 2027-09-21 14:13:20 UTC"), "{}", shown.out);
    assert!(shown.out.contains("news.example"));
    let none = run(&["inspect", &ec_id('e'), "--trace", path]);
    assert_eq!((none.status, none.out.as_str()), (1, ""));
    assert!(none.err.contains("no row for eeeeeeee…"));
}

#[test]
fn the_story_has_a_refused_late_sync_and_a_new_consent() {
    let ran = run(&["demo"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let places: Vec<usize> = [
        "First visit",
        "Consent is withdrawn",
        "late sync",
        "withdrawn: the late sync is refused",
        "tombstone",
        "re-consent",
        "revived",
        "● live",
    ]
    .iter()
    .scan(0, |from, part| {
        let at = ran.out[*from..].find(part).unwrap_or_else(|| panic!("no {part:?}")) + *from;
        *from = at;
        Some(at)
    })
    .collect();
    assert!(places.is_sorted());
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "wider than a terminal");
    assert!(!ran.out.contains('\u{1b}'));
}

/// Every EC ID, UID and consent string of the trace that ships.
fn secrets() -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value.as_str() {
                        Some(text)
                            if ["ec", "uid", "id", "tcf", "gpp"].contains(&name.as_str()) =>
                        {
                            found.insert(text.to_owned());
                        }
                        _ => collect(value, found),
                    }
                }
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    DAY.lines().for_each(|line| collect(&serde_json::from_str(line).unwrap(), &mut found));
    found
}

#[test]
fn no_whole_id_or_consent_string_is_shown_unless_asked_for() {
    let secrets = secrets();
    assert!(secrets.len() > 1_000);
    let ec_ids: Vec<&str> = secrets
        .iter()
        .map(String::as_str)
        .filter(|id| id.len() == 71 && &id[64..65] == ".")
        .collect();
    let inspected = ec_ids.iter().step_by(ec_ids.len() / 8).map(|ec_id| vec!["inspect", *ec_id]);
    let mut commands: Vec<Vec<&str>> = inspected.collect();
    commands.extend([vec!["replay"], vec!["replay", "--outcomes"], vec!["demo"]]);
    for arguments in commands {
        let ran = run(&arguments);
        for secret in &secrets {
            let shown = ran.out.contains(secret.as_str()) || ran.err.contains(secret.as_str());
            assert!(!shown, "{} shows {} characters whole", arguments[0], secret.len());
        }
    }
}

#[test]
fn seeds_are_simulated_and_summed_up() {
    let ran = run(&["simulate", "--seeds", "30"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.starts_with("Every invariant held in 30 seeds"), "{}", ran.out);
    for what in ["operations", "store calls", "stale reads", "writes refused for their rate"] {
        assert!(ran.out.contains(what), "{}", ran.out);
    }
}

#[test]
fn one_seed_is_told_the_same_each_time_and_names_no_id() {
    let ran = run(&["simulate", "--seed", "7"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.starts_with("Seed 7, by the policy of trusted-server (t is "), "{}", ran.out);
    assert!(ran.out.contains("every invariant held"), "{}", ran.out);
    assert_eq!(ran.out, run(&["simulate", "--seed", "7"]).out);
    for id in ["3f3f3f3f3", "uid-", "CQinvented"] {
        assert!(!ran.out.contains(id), "{}", ran.out);
    }
}

#[test]
fn all_pairs_are_gone_through() {
    let ran = run(&["simulate", "--exhaustive", "pairs"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("all schedules of all pairs"), "{}", ran.out);
    let refused = run(&["simulate", "--seed", "7", "--policy", "trusted-server"]);
    assert_eq!(refused.status, 2, "a seed draws its policy");
    let refused = run(&["simulate", "--exhaustive", "pairs", "--seed", "7"]);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains("--seed"), "{}", refused.err);
}

/// What a file of `docs/` shows, and what the command that the documentation names for it draws.
fn assert_drawn(name: &str, command: &[&str]) {
    let drawn = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let ran = run(&[command, &["--draw", drawn.to_str().unwrap()]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    let is_same = fs::read_to_string(&drawn).unwrap() == fs::read_to_string(shown).unwrap();
    let command = command.join(" ");
    assert!(is_same, "look at it and run `just run {command} --draw docs/{name}`");
}

#[test]
fn the_conflict_in_the_documentation_is_what_its_seed_draws() {
    assert_drawn("conflict.svg", &["simulate", "--seed", "19309"]);
}

#[test]
fn the_storm_in_the_documentation_is_what_the_command_draws() {
    assert_drawn("storm.svg", &["storm"]);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let path = "no/such/directory/file.svg";
    let refused = run(&["simulate", "--seed", "7", "--draw", path]);
    assert_eq!(refused.status, 2);
    assert!(refused.err.contains(path), "{}", refused.err);
    let unbroken = run(&["simulate", "--seeds", "2", "--draw", path]);
    assert_eq!(unbroken.status, 0, "{}", unbroken.err);
    assert!(unbroken.err.contains("--seed S"), "{}", unbroken.err);
}

#[test]
fn a_page_load_is_compared_and_judged() {
    let ran = run(&["storm", "--seeds", "3"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    for way in ["common way", "graph, every request", "graph, documents only"] {
        assert!(ran.out.contains(way), "{}", ran.out);
    }
    assert_eq!((ran.out.matches('✓').count(), ran.out.matches('✗').count()), (3, 0), "{}", ran.out);
    assert_eq!(ran.out, run(&["storm", "--seeds", "3"]).out);
}
