//! What the Fastly store asks of the platform, call by call, and what it makes of each answer:
//! what Viceroy, which is never slow, never throttles and never fails, cannot show.

mod host;

use host::{Answer, Host, run, run_with};

/// Codes of `kv_error` in Fastly's ABI.
const BAD_REQUEST: u32 = 2;
const NOT_FOUND: u32 = 3;
const PRECONDITION_FAILED: u32 = 4;
const PAYLOAD_TOO_LARGE: u32 = 5;
const INTERNAL_ERROR: u32 = 6;
const TOO_MANY_REQUESTS: u32 = 7;
const ALL_CODES: [u32; 7] = [
    0,
    BAD_REQUEST,
    NOT_FOUND,
    PRECONDITION_FAILED,
    PAYLOAD_TOO_LARGE,
    INTERNAL_ERROR,
    TOO_MANY_REQUESTS,
];

/// Statuses of a host call in Fastly's ABI.
const ERROR: i32 = 1;
const INVALID: i32 = 2;
const LIMIT_EXCEEDED: i32 = 13;

#[test]
fn many_reads_are_all_sent_before_the_first_is_waited_for() {
    let (said, calls) =
        run("get_many", [Answer::found("1"), Answer::code(NOT_FOUND), Answer::found("3")]);
    assert_eq!(calls[..3], ["lookup a", "lookup b", "lookup c"]);
    assert_eq!(calls.iter().filter(|call| *call == "lookup_wait").count(), 3);
    assert!(
        said.starts_with("[Ok(Some(") && said.contains(", Err(Invalid), Ok(None), Ok(Some("),
        "{said}"
    );
}

#[test]
fn many_writes_are_all_sent_before_the_first_is_waited_for() {
    let answers =
        [Answer::code(TOO_MANY_REQUESTS), Answer::ok(), Answer::code(PRECONDITION_FAILED)];
    let (said, calls) = run("put_many", answers);
    let sent: Vec<_> = calls.iter().filter_map(|call| call.split_whitespace().next()).collect();
    assert_eq!(sent, ["insert", "insert", "insert", "insert_wait", "insert_wait", "insert_wait"]);
    assert_eq!(said, "[Err(Throttled), Err(Invalid), Ok(Stored), Ok(Conflict(None))]");
}

#[test]
fn a_head_reads_no_body() {
    let (said, calls) = run("head", [Answer::found("body")]);
    assert_eq!(calls, ["lookup k", "lookup_wait", "close"]);
    assert_eq!(said, r#"(Some("metadata"), 7)"#);
}

#[test]
fn a_get_reads_body_metadata_and_generation() {
    let (said, _) = run("get", [Answer::found("some body")]);
    assert!(said.starts_with("(Ok(Some(Item {") && said.contains("generation: 7 }"), "{said}");
    assert!(said.ends_with(r#", Some("metadata"), Some("some body"))"#), "{said}");
}

#[test]
fn metadata_is_read_up_to_what_the_product_takes() {
    let (said, _) = run("head", [Answer { metadata: "m".repeat(2_048), ..Answer::found("") }]);
    assert!(said.starts_with("(Some(") && said.contains(&"m".repeat(2_048)), "{said}");
    let (said, _) = run("head", [Answer { metadata: "m".repeat(2_049), ..Answer::found("") }]);
    assert_eq!(said, "Err(Unavailable)");
    let (said, _) = run("head", [Answer { metadata: String::new(), ..Answer::found("") }]);
    assert_eq!(said, "(None, 7)");
}

#[test]
fn a_body_that_breaks_off_is_a_failed_read() {
    let (said, _) = run("get", [Answer { breaks_off: true, ..Answer::found("body") }]);
    assert_eq!(said, "(Err(Unavailable), None, None)");
}

const MIB: usize = 1 << 20;

/// A body of so many bytes, whose length the host tells or not.
fn body(bytes: usize, is_told: bool) -> Answer {
    let found = Answer::found(&"x".repeat(bytes));
    if is_told { Answer { length_status: 0, ..found } } else { found }
}

/// How many bytes of bodies were read.
fn bytes_read(calls: &[String]) -> usize {
    let read = calls.iter().filter_map(|call| call.strip_prefix("read ")?.parse::<usize>().ok());
    read.sum()
}

#[test]
fn a_body_of_a_mebibyte_is_read_and_of_a_longer_one_at_most_a_byte_more() {
    for is_told in [false, true] {
        let (said, calls) = run("get", [body(MIB, is_told)]);
        assert!(said.starts_with("(Ok(Some(Item"), "{}", &said[..40]);
        assert_eq!(bytes_read(&calls), MIB);
    }
    for (is_told, most) in [(false, MIB + 1), (true, 0)] {
        for bytes in [MIB + 1, 25_000_000] {
            let (said, calls) = run("get", [body(bytes, is_told)]);
            assert_eq!(said, "(Err(TooLarge), None, None)");
            assert_eq!(bytes_read(&calls), most);
            assert_eq!(calls.last().map(String::as_str), Some("close"), "it is given up");
        }
    }
}

#[test]
fn a_length_that_the_host_fails_to_tell_is_not_needed() {
    let (said, _) = run("get", [Answer { length_status: ERROR, ..Answer::found("body") }]);
    assert!(said.ends_with(r#", Some("body"))"#), "{said}");
}

#[test]
fn many_reads_hand_over_16_mib_at_most_and_read_no_body_after_that() {
    for is_told in [false, true] {
        // One in the middle that is too large takes nothing of the answer.
        let bodies = (0..20).map(|at| body(if at == 3 { 2 * MIB } else { MIB - 1 }, is_told));
        let host = Host { answers: bodies.collect(), ..Host::default() };
        let (said, calls) = run_with("get_many_of", Some(20), host);
        let count = |what: &str| said.matches(what).count();
        assert_eq!((count("Ok(Some("), count("Err(TooLarge)"), count("Err(NotRead)")), (16, 1, 3));
        assert!(said.ends_with("Err(NotRead), Err(NotRead), Err(NotRead)]"));
        let unknown = if is_told { 0 } else { MIB + 1 + 17 };
        assert_eq!(bytes_read(&calls), 16 * (MIB - 1) + unknown);
        assert_eq!(calls.iter().filter(|call| *call == "lookup_wait").count(), 20);
    }
}

#[test]
fn each_precondition_is_sent_as_it_is_meant() {
    for (export, sent) in [
        ("put", "insert k: mode 0, ttl 600, metadata metadata"),
        ("put_absent", "insert k: mode 1, ttl 600, metadata metadata"),
        (
            "put_matches",
            "insert k: mode 0, ttl 600, metadata metadata, generation fedcba9876543210",
        ),
    ] {
        let (said, calls) = run(export, [Answer::ok()]);
        assert_eq!(calls, [sent, "insert_wait"]);
        assert_eq!(said, "Ok(Stored)");
    }
}

#[test]
fn each_answer_to_a_write_says_what_to_do() {
    for export in ["put", "put_absent", "put_matches"] {
        let missing =
            if export == "put_matches" { "Ok(Conflict(None))" } else { "Err(NoSuchStore)" };
        let said = ALL_CODES.map(|code| run(export, [Answer::code(code)]).0);
        let expected = [
            "Err(UnknownOutcome)",
            "Err(Invalid)",
            missing,
            "Ok(Conflict(None))",
            "Err(Invalid)",
            "Err(UnknownOutcome)",
            "Err(Throttled)",
        ];
        assert_eq!(said, expected, "{export}");
    }
    let said = [ERROR, INVALID, LIMIT_EXCEEDED].map(|s| run("put", [Answer::status(s)]).0);
    assert_eq!(said, ["Err(UnknownOutcome)", "Err(UnknownOutcome)", "Err(Throttled)"]);
}

#[test]
fn each_answer_to_a_read_says_what_to_do() {
    let said = ALL_CODES.map(|code| run("head", [Answer::code(code)]).0);
    let expected = [
        "Err(Unavailable)",
        "Err(Invalid)",
        "Ok(None)",
        "Err(Unavailable)",
        "Err(Invalid)",
        "Err(Unavailable)",
        "Err(Throttled)",
    ];
    assert_eq!(said, expected);
    let said = [ERROR, INVALID, LIMIT_EXCEEDED].map(|s| run("head", [Answer::status(s)]).0);
    assert_eq!(said, ["Err(Unavailable)", "Err(Unavailable)", "Err(Throttled)"]);
}

#[test]
fn each_answer_to_a_delete_says_what_to_do() {
    let said = ALL_CODES.map(|code| run("delete", [Answer::code(code)]).0);
    let expected = [
        "Err(UnknownOutcome)",
        "Err(Invalid)",
        "Ok(false)",
        "Err(Unavailable)",
        "Err(Invalid)",
        "Err(UnknownOutcome)",
        "Err(Throttled)",
    ];
    assert_eq!(said, expected);
    let said = [ERROR, INVALID, LIMIT_EXCEEDED].map(|s| run("delete", [Answer::status(s)]).0);
    assert_eq!(said, ["Err(UnknownOutcome)", "Err(UnknownOutcome)", "Err(Throttled)"]);
    assert_eq!(run("delete", [Answer::ok()]).0, "Ok(true)");
}

#[test]
fn what_was_not_sent_is_not_waited_for_and_not_in_doubt() {
    for (status, said) in
        [(ERROR, "Err(Unavailable)"), (INVALID, "Err(Invalid)"), (LIMIT_EXCEEDED, "Err(Throttled)")]
    {
        for export in ["put", "head", "delete"] {
            let host = Host { send_status: status, ..Host::default() };
            let (answered, calls) = run_with(export, None, host);
            assert_eq!(answered, said, "{export}");
            assert_eq!(calls.len(), 1, "{calls:?}");
        }
    }
}

#[test]
fn nothing_beyond_the_limits_is_sent() {
    let (said, calls) = run("beyond_limits", []);
    assert_eq!(said, format!("[{}]", ["Some(Invalid)"; 8].join(", ")));
    assert_eq!(calls, [""; 0]);
}

#[test]
fn a_store_that_does_not_open_says_why() {
    let open = |status| run_with("open", None, Host { open_status: status, ..Host::default() }).0;
    assert_eq!(open(0), "None");
    assert_eq!(open(INVALID), "Some(NoSuchStore)");
    assert_eq!(open(LIMIT_EXCEEDED), "Some(Throttled)");
    assert_eq!(open(ERROR), "Some(Unavailable)");
}

fn page(keys: usize, cursor: Option<&str>) -> Answer {
    let keys = vec![r#""key""#; keys].join(",");
    let cursor = cursor.map_or(String::new(), |cursor| format!(r#","next_cursor":"{cursor}""#));
    Answer::found(&format!(r#"{{"data":[{keys}],"meta":{{"limit":1000{cursor}}}}}"#))
}

fn count(limit: u32, pages: impl IntoIterator<Item = Answer>) -> (String, Vec<String>) {
    let host = Host { answers: pages.into_iter().collect(), ..Host::default() };
    let (said, mut calls) = run_with("count", Some(limit), host);
    calls.retain(|call| call.starts_with("list k"));
    (said, calls)
}

#[test]
fn a_count_asks_for_no_more_than_its_limit() {
    assert_eq!(count(0, []), ("Ok(0)".to_owned(), vec![]));
    assert_eq!(
        count(100, [page(7, None)]),
        ("Ok(7)".to_owned(), vec!["list k: limit 100".to_owned()])
    );
    assert_eq!(count(100, [page(100, Some("c"))]).1, ["list k: limit 100"]);
    assert_eq!(count(100, [page(120, None)]).0, "Ok(100)");
}

#[test]
fn a_count_turns_pages_of_a_thousand_until_the_last_or_the_limit() {
    let (said, calls) =
        count(2_500, [page(1_000, Some("c1")), page(1_000, Some("c2")), page(20, None)]);
    assert_eq!(said, "Ok(2020)");
    assert_eq!(
        calls,
        ["list k: limit 1000", "list k: limit 1000, cursor c1", "list k: limit 500, cursor c2"]
    );
    let (said, calls) = count(5_000, [page(9, Some("c1")), page(0, Some("c2"))]);
    assert_eq!((said.as_str(), calls.len()), ("Ok(9)", 2), "an empty page is the last one");
}

#[test]
fn a_count_that_fails_says_what_to_do() {
    let said = ALL_CODES.map(|code| count(100, [Answer::code(code)]).0);
    let expected = [
        "Err(Unavailable)",
        "Err(Invalid)",
        "Err(NoSuchStore)",
        "Err(Unavailable)",
        "Err(Invalid)",
        "Err(Unavailable)",
        "Err(Throttled)",
    ];
    assert_eq!(said, expected);
    assert_eq!(count(100, [Answer::found("no page")]).0, "Err(Unavailable)");
}
