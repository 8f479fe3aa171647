//! Traces as people's own programs write them: what is odd in them costs itself and is told.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

const AT: u64 = 1_790_000_000;

struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn run(arguments: &[&str], input: impl Into<Vec<u8>>) -> Ran {
    let mut command = Command::cargo_bin("ec-graph").unwrap();
    let command = command.env_remove("CLICOLOR_FORCE").args(arguments);
    let output = command.write_stdin(input).output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn ec_id(digit: char) -> String {
    format!("{}.Ab12Cd", String::from(digit).repeat(64))
}

fn file(name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

/// A visit of a browser, with these fields.
fn visit(more: &Value) -> String {
    let mut event = json!({"at": AT, "event": "visit", "ec": ec_id('a')});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("{event}\n")
}

/// What became of the only event of a trace.
fn outcome(trace: &str) -> Value {
    let ran = run(&["replay", "-", "--outcomes"], trace);
    assert_eq!(ran.status, 0, "{}", ran.err);
    serde_json::from_str(&ran.out).unwrap()
}

/// The parts of an outcome that were left out.
fn left_out(outcome: &Value) -> Vec<&str> {
    let parts = outcome["left_out"].as_array().map(Vec::as_slice).unwrap_or_default();
    parts.iter().map(|part| part["field"].as_str().unwrap()).collect()
}

/// The entry's row at the end of a trace, whole.
fn row(name: &str, trace: &str) -> String {
    let path = file(name, trace);
    let arguments = ["inspect", &ec_id('a'), "--reveal", "--trace", path.to_str().unwrap()];
    run(&arguments, "").out
}

#[test]
fn what_is_odd_among_eids_costs_itself() {
    let good = json!({"source": "good.example", "uids": [{"id": "g-1", "atype": 1}]});
    for (odd, field) in [
        (json!(null), "eids[0]"),
        (json!(7), "eids[0]"),
        (json!({"uids": [{"id": "secret"}]}), "eids[0].source"),
        (json!({"source": 7, "uids": [{"id": "secret"}]}), "eids[0].source"),
        (json!({"source": "b.example"}), "eids[0].uids"),
        (json!({"source": "b.example", "uids": []}), "eids[0].uids"),
        (json!({"source": "b.example", "uids": [null]}), "eids[0].uids[0]"),
        (json!({"source": "b.example", "uids": [{"atype": 1}]}), "eids[0].uids[0].id"),
        (json!({"source": "b.example", "uids": [{"id": 4711}]}), "eids[0].uids[0].id"),
    ] {
        let outcome = outcome(&visit(&json!({"eids": [odd, good]})));
        assert_eq!(outcome["outcome"], "created", "{field}");
        assert_eq!((left_out(&outcome), &outcome["ids"]), (vec![field], &json!(["written"])));
        assert!(!outcome.to_string().contains("secret"));
    }
}

#[test]
fn a_uid_that_the_graph_would_not_store_is_told_in_its_place() {
    let long = "x".repeat(700);
    for id in ["", " ", long.as_str(), "0", "undefined", "${UID}", "OPTOUT", "a\tb"] {
        let eids = json!([
            {"source": "good.example", "uids": [{"id": "g-1"}]},
            {"source": "bad.example", "uids": [{"id": id}]},
        ]);
        let outcome = outcome(&visit(&json!({"eids": eids})));
        assert_eq!(outcome["ids"], json!(["written", "invalid"]));
        assert_eq!(left_out(&outcome), ["eids[1]"]);
    }
    let bad_source = json!([{"source": "not a domain", "uids": [{"id": "u"}]}]);
    assert_eq!(outcome(&visit(&json!({"eids": bad_source})))["ids"], json!(["invalid"]));
}

#[test]
fn of_a_source_the_first_uid_that_can_be_stored_is_kept_and_the_others_are_told() {
    let uids = json!([{"id": "0"}, {"id": "kept"}, {"id": "second"}, {"id": "null"}]);
    let trace = visit(&json!({"eids": [{"source": "p.example", "uids": uids}]}));
    let outcome = outcome(&trace);
    let others = ["eids[0].uids[0]", "eids[0].uids[2]", "eids[0].uids[3]"];
    assert_eq!((left_out(&outcome), &outcome["ids"]), (others.into(), &json!(["written"])));
    let row = row("several-uids.ndjson", &trace);
    assert!(row.contains("kept") && !row.contains("second"), "{row}");
}

#[test]
fn an_agent_type_may_be_any_number_or_a_text_of_one() {
    for (atype, kept) in [
        (json!(1), Some("1")),
        (json!(900_001), Some("900001")),
        (json!("3"), Some("3")),
        (json!(-1), None),
        (json!(2.5), None),
        (json!("three"), None),
        (json!([1]), None),
    ] {
        let eids = json!([{"source": "p.example", "uids": [{"id": "u-1", "atype": atype}]}]);
        let trace = visit(&json!({"eids": eids}));
        let outcome = outcome(&trace);
        assert_eq!(outcome["ids"], json!(["written"]), "{atype}");
        assert_eq!(left_out(&outcome).len(), usize::from(kept.is_none()), "{atype}");
        let shown = row("agent-type.ndjson", &trace);
        match kept {
            Some(kept) => assert!(shown.contains(&format!("agent type {kept}\n")), "{shown}"),
            None => assert!(!shown.contains("agent type"), "{shown}"),
        }
    }
}

#[test]
fn what_comes_with_a_uid_is_kept_as_openrtb_has_it() {
    let eids = json!([{
        "source": "p.example", "inserter": "me.example", "matcher": "they.example", "mm": 4,
        "uids": [{"id": "u-1", "expires": AT + 600, "ext": {"rtiPartner": "X", "inserter": "own"}}],
    }]);
    let trace = visit(&json!({"eids": eids}));
    assert_eq!(left_out(&outcome(&trace)), [""; 0]);
    let shown = row("provenance.ndjson", &trace);
    for part in [
        r#""rtiPartner":"X""#,
        r#""inserter":"own""#,
        r#""matcher":"they.example""#,
        r#""mm":4"#,
        "until 2026-09-21 14:23:20 UTC",
    ] {
        assert!(shown.contains(part), "{part} is missing from {shown}");
    }
    // Not as an object, or too long, it costs itself.
    let text = json!([{"source": "p.example", "uids": [{"id": "u-1", "ext": "text"}]}]);
    assert_eq!(left_out(&outcome(&visit(&json!({"eids": text})))), ["eids[0].uids[0].ext"]);
    let ext = json!({"x": "y".repeat(1_024)});
    let long = json!([{"source": "p.example", "uids": [{"id": "u-1", "ext": ext}]}]);
    let outcome = outcome(&visit(&json!({"eids": long})));
    assert_eq!((left_out(&outcome), &outcome["ids"]), (vec!["ids.ext"], &json!(["written"])));
}

#[test]
fn odd_geo_device_and_domain_cost_themselves() {
    for (part, field) in [
        (json!({"geo": "US"}), "geo"),
        (json!({"geo": {"country": "A2"}}), "geo.country"),
        (json!({"geo": {"country": 49}}), "geo.country"),
        (json!({"geo": {"country": "US", "region": "NOT KNOWN"}}), "geo.region"),
        (json!({"geo": {"country": "US", "asn": "AS64511"}}), "geo.asn"),
        (json!({"geo": {"country": "US", "dma": "Portland"}}), "geo.dma"),
        (json!({"device": []}), "device"),
        (json!({"device": {"is_mobile": true}}), "device.is_mobile"),
        (json!({"device": {"is_mobile": 7}}), "device.is-mobile"),
        (json!({"device": {"known_browser": "yes"}}), "device.known_browser"),
        (json!({"device": {"ja4_class": "x".repeat(65)}}), "device.ja4-class"),
        (json!({"domain": "not a host"}), "domain"),
        (json!({"domain": {}}), "domain"),
        (json!({"tcf": 1}), "tcf"),
        (json!({"gpp_sid": {}}), "gpp_sid"),
        (json!({"eids": {}}), "eids"),
    ] {
        let outcome = outcome(&visit(&part));
        assert_eq!((&outcome["outcome"], left_out(&outcome)), (&json!("created"), vec![field]));
    }
    for good in [
        json!({"geo": {"country": "US", "asn": "64511", "dma": 820}}),
        json!({"geo": {}, "device": {}, "domain": "News.Example.", "gpp": null}),
        json!({"gpp": "DBABLA~invented", "gpp_sid": [2, 6]}),
    ] {
        assert_eq!(left_out(&outcome(&visit(&good))), [""; 0], "{good}");
    }
}

#[test]
fn the_sections_of_a_gpp_string_are_stored_in_each_form() {
    for sections in [json!("2,6"), json!([2, 6]), json!(["2", 6])] {
        let trace = visit(&json!({"gpp": "DBABLA~invented", "gpp_sid": sections}));
        assert!(row("sections.ndjson", &trace).contains("\"gpp_sid\": \"2,6\""));
    }
    assert!(row("section.ndjson", &visit(&json!({"gpp_sid": 7}))).contains("\"gpp_sid\": \"7\""));
}

#[test]
fn times_are_read_in_several_forms_and_each_form_is_told_once() {
    let at = |at: &str| format!("{{\"at\":{at},\"event\":\"view\",\"ec\":\"{}\"}}\n", ec_id('a'));
    let trace = [
        at("1790000000"),
        at("1790000000.75"),
        at("1790000001.5"),
        at("\"1790000001\""),
        at("\"2026-09-21T14:13:21Z\""),
        at("\"2026-09-21T16:13:22+02:00\""),
    ];
    let ran = run(&["replay", "-"], trace.concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("6 events, 2026-09-21 14:13:20 UTC to 2026-09-21 14:13:22 UTC"));
    for told in ["line 2: times with a fraction", "line 4: times as text", "line 5: times in ISO"] {
        assert!(ran.err.contains(told), "{told} is missing from {}", ran.err);
    }
    assert_eq!(ran.err.matches("told once").count(), 3, "{}", ran.err);

    let bad = run(&["replay", "-"], [at("\"2026-09-21T14:13:21\""), at("\"soon\"")].concat());
    assert_eq!(bad.status, 1);
    assert!(
        bad.err.contains("line 1: the field \"at\" is a date without an offset"),
        "{}",
        bad.err
    );
    assert!(bad.err.contains("line 2: the field \"at\" is no time"), "{}", bad.err);
}

#[test]
fn a_mapping_that_is_odd_costs_itself_and_one_of_null_removes() {
    let ec = ec_id('a');
    let mappings = json!([
        {"ec": ec, "uid": "s-1", "synced": AT},
        null,
        {"ec": ec, "synced": AT},
        {"ec": ec, "uid": 7, "synced": AT},
        {"ec": ec, "uid": "s-2", "synced": AT * 1_000},
        {"ec": ec, "uid": "s-2", "synced": "soon"},
        {"ec": "no-ec-id", "uid": "s-2", "synced": AT},
        {"ec": ec, "uid": "s-3", "synced": "2026-09-21T14:13:19Z", "atype": 3},
    ]);
    let sync = |at: u64, mappings: &Value| {
        let event =
            json!({"at": at, "event": "sync", "partner": "p.example", "mappings": mappings});
        format!("{event}\n")
    };
    let removal = json!([{"ec": ec, "uid": null, "synced": AT + 10}]);
    let trace = [visit(&json!({})), sync(AT, &mappings), sync(AT + 10, &removal)].concat();
    let ran = run(&["replay", "-", "--outcomes"], trace.clone());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[1]["outcome"], json!(["written", "invalid", "invalid-argument", "stale"]));
    let fields = [
        "mappings[1]",
        "mappings[2].uid",
        "mappings[3].uid",
        "mappings[5].synced",
        "mappings[4]",
        "mappings[6].ec",
    ];
    assert_eq!(left_out(&lines[1]), fields);
    assert_eq!(lines[2]["outcome"], json!(["written"]));
    assert!(row("removed.ndjson", &trace).contains("partners       0"));
}

#[test]
fn a_removal_is_an_event_of_its_own() {
    let eids = json!([
        {"source": "p.example", "uids": [{"id": "u-1"}]},
        {"source": "q.example", "uids": [{"id": "u-2"}]},
    ]);
    let remove = json!({"at": AT + 5, "event": "remove", "ec": ec_id('a'),
        "partners": ["p.example", null, "no domain"]});
    let trace = visit(&json!({"eids": eids})) + &format!("{remove}\n");
    let ran = run(&["replay", "-", "--outcomes"], trace.clone());
    let line: Value = serde_json::from_str(ran.out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(line["outcome"], json!(["written", "invalid"]));
    assert_eq!(left_out(&line), ["partners[1]", "partners[2]"]);
    let row = row("remove.ndjson", &trace);
    assert!(row.contains("u-2") && !row.contains("u-1"), "{row}");
}

#[test]
fn a_visit_revives_a_tombstone_and_a_mere_view_does_not() {
    let event =
        |name: &str, at: u64| format!("{}\n", json!({"at": at, "event": name, "ec": ec_id('a')}));
    let trace = [
        event("visit", AT),
        event("withdraw", AT + 10),
        event("view", AT + 20),
        event("visit", AT + 10),
        event("visit", AT + 30),
    ];
    let ran = run(&["replay", "-", "--outcomes"], trace.concat());
    let words: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["outcome"].clone())
        .collect();
    assert_eq!(words, ["created", "withdrawn", "withdrawn", "withdrawn", "revived"]);
}

#[test]
fn a_trace_of_the_first_format_is_read_as_before() {
    let event = json!({"at": AT, "event": "first-visit", "ec": ec_id('a'), "domain": "a.example"});
    let trace = |version: u8| format!("{{\"trace\":{version}}}\n{event}\n");
    let (first, second) = (run(&["replay", "-"], trace(1)), run(&["replay", "-"], trace(2)));
    assert_eq!((first.status, first.out), (0, second.out));
}

#[test]
fn a_gzip_is_read_from_a_file_and_from_standard_input() {
    let zip = |text: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let view = visit(&json!({"domain": "news.example"}));
    // As `cat one.gz two.gz` leaves it.
    let trace = [zip(&view), zip(&view)].concat();
    let path = file("visits.ndjson.gz", &trace);
    for ran in [run(&["replay", path.to_str().unwrap()], ""), run(&["replay", "-"], trace.clone())]
    {
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.contains("2 events"), "{}", ran.out);
    }
    assert_eq!(run(&["check", "-"], trace.clone()).status, 0);
    let broken = run(&["replay", "-"], &trace[..trace.len() - 12]);
    assert_eq!(broken.status, 2);
    assert!(broken.err.contains("cannot read the trace"), "{}", broken.err);
}

#[test]
fn a_list_and_an_openrtb_request_are_told_how_to_convert() {
    for (line, advice) in [
        ("[{\"event\":\"view\"},", "jq -c '.[]'"),
        ("[", "jq -c '.[]'"),
        ("{\"id\":\"secret\",\"imp\":[{}],\"user\":{\"ext\":{}}}", ".user.ext.eids"),
        ("{\"user\":{\"eids\":[]}}", ".user.eids"),
        ("{\"source\":\"p.example\",\"uids\":[{\"id\":\"secret\"}]}", ".user.eids"),
        ("{\"at\":", "jq -c ."),
    ] {
        let ran = run(&["replay", "-"], line);
        assert_eq!(ran.status, 1);
        assert!(ran.err.contains(advice) && !ran.err.contains("secret"), "{}", ran.err);
    }
}

#[test]
fn a_file_is_checked_without_being_played() {
    let eids = |id: &str, atype: Value| json!({"eids": [{"source": "p.example", "uids": [{"id": id, "atype": atype}]}, null]});
    let secret = "secret-".repeat(100);
    let trace = [
        visit(&eids(&secret, json!(1))),
        visit(&eids(&secret[..600], json!("x"))),
        visit(&json!({"geo": {"country": "T1"}})),
        visit(&json!({"ec": "secret-and-no-ec-id"})),
        "{\"secret\"\n".to_owned(),
        visit(&json!({"at": "2026-09-21T14:13:20Z"})),
    ];
    let ran = run(&["check", "-"], trace.concat());
    assert_eq!(ran.status, 1, "{}", ran.err);
    for told in [
        "6 lines",
        "2 lines would be refused",
        "1  EC ID (n bytes)",
        "1  not JSON at byte n",
        "6 items of 3 lines would be left out",
        "2  eids[]: not an object",
        "2  eids[]: partner UID: n bytes, at most 512 are stored",
        "1  eids[].uids[].atype: not a number",
        "1  geo.country: country (n bytes)",
        "times in ISO 8601 are read",
    ] {
        assert!(ran.out.contains(told), "{told:?} is missing from {}", ran.out);
    }
    assert!(!ran.out.contains("secret") && ran.err.is_empty(), "{}{}", ran.out, ran.err);

    // What the rows held before makes no difference: the same visit twice is as good as once.
    let good = visit(&json!({"domain": "news.example"}));
    let ran = run(&["check", "-"], good.repeat(2));
    assert_eq!((ran.status, ran.out.as_str()), (0, "✓ 2 lines: nothing would be left out\n"));
    assert_eq!(run(&["check", "no/such/file"], "").status, 2);
}

#[test]
fn what_is_left_out_is_summed_up_after_the_first_of_it_was_told() {
    let odd = visit(&json!({"eids": [null], "geo": {"country": "T1"}}));
    let ran = run(&["replay", "-"], odd.repeat(15));
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.err.matches(": left out").count(), 20, "{}", ran.err);
    assert!(ran.err.contains("and 10 more"), "{}", ran.err);
    assert!(ran.out.contains("15  eids[]: not an object"), "{}", ran.out);
    assert!(ran.out.contains("15  geo.country: country (n bytes)"), "{}", ran.out);
}

#[test]
fn the_body_of_a_row_is_inspected_as_such() {
    let body = json!({
        "v": 1, "created": AT, "consent": {"ok": true, "updated": AT, "gpp_sid": "7"},
        "geo": {"country": "FR"},
        "ids": {"p.example": {"uid": "secret-of-somebody", "synced": AT, "atype": 3}},
    });
    let path = file("bare-body.json", format!("{body}\n"));
    let shown = run(&["inspect", "--row", path.to_str().unwrap()], "");
    assert_eq!(shown.status, 0, "{}", shown.err);
    for part in ["00000000…", "live", "FR", "secret-o… (18 characters)", "agent type 3"] {
        assert!(shown.out.contains(part), "{part} is missing from {}", shown.out);
    }
    assert!(!shown.out.contains("secret-of"), "{}", shown.out);
    for broken in ["{\"v\":1,", "[]", "\u{feff}"] {
        let path = file("broken-body.json", broken);
        let shown = run(&["inspect", "--row", path.to_str().unwrap()], "");
        assert_eq!(shown.status, 0, "{}", shown.err);
        assert!(shown.out.contains("problem"), "{}", shown.out);
    }
}
