//! Metadata follows the body, and keeps what it holds beyond that.

use host_test::{TestGraph, for_both};
use identity_graph::{Corrupt, Failure, IfMissing, Metadata};

use crate::operations::{NEW, uid};
use crate::stored::named;

const KEY_OF: &str = "2026-08-current";
const NOW: u64 = 1_787_000_001;

/// Stores the current row beside this metadata, changes it, and hands back the metadata written.
fn rewritten(test: &TestGraph, metadata: Option<&str>) -> String {
    let stored = named(KEY_OF);
    test.store.seed(&stored.key, stored.body.as_str(), metadata);
    let now = test.at(NOW);
    let id = uid(NEW, "u", None);
    test.graph.upsert_partner_id(&stored.key, id, IfMissing::Skip, now).unwrap();
    test.store.row(&stored.key).unwrap().metadata.unwrap()
}

#[test]
fn metadata_that_is_right_stays_as_it_is_written() {
    for_both(|test| {
        let odd = " {\"score\":0.50,\"v\":1, \"\\u006fk\":true,\"country\":\"US\",\"cluster_size\":2,\
                   \"is_mobile\":1,\"known_browser\":true,\"x\":[null, \"\\u00e9\"]}\n";
        assert_eq!(rewritten(test, Some(odd)), odd);
    });
}

#[test]
fn metadata_that_is_wrong_is_put_right_and_unknown_fields_stay() {
    for_both(|test| {
        let wrong = "{\"score\":0.50,\"v\":1,\"ok\":false,\"country\":\"FR\",\"is_mobile\":null}";
        assert_eq!(
            rewritten(test, Some(wrong)),
            "{\"score\":0.50,\"v\":1,\"ok\":true,\"country\":\"US\",\"is_mobile\":1,\
             \"cluster_size\":2,\"known_browser\":true}"
        );
    });
}

#[test]
fn an_optional_field_that_the_body_has_not_becomes_null() {
    for_both(|test| {
        let stored = named("2026-03-first");
        let more = "{\"ok\":true,\"country\":\"FR\",\"v\":1,\"cluster_size\":9,\"is_mobile\":0}";
        test.store.seed(&stored.key, stored.body.as_str(), Some(more));
        let now = test.at(1_774_600_000);
        test.graph.update_last_seen(&stored.key, now).unwrap();
        let metadata = test.store.row(&stored.key).unwrap().metadata.unwrap();
        let expected =
            "{\"ok\":true,\"country\":\"FR\",\"v\":1,\"cluster_size\":null,\"is_mobile\":null}";
        assert_eq!(metadata, expected);
    });
}

#[test]
fn metadata_that_is_missing_or_unreadable_is_made_anew() {
    for_both(|test| {
        for metadata in [None, Some(""), Some("{"), Some("[]"), Some("nonsense"), Some("{} {}")] {
            assert_eq!(
                rewritten(test, metadata),
                "{\"ok\":true,\"country\":\"US\",\"v\":1,\"cluster_size\":2,\"is_mobile\":1,\
                 \"known_browser\":true}"
            );
        }
    });
}

#[test]
fn a_row_without_metadata_has_none_and_an_unreadable_one_is_named() {
    for_both(|test| {
        let stored = named(KEY_OF);
        let get = |metadata| {
            test.store.seed(&stored.key, stored.body.as_str(), metadata);
            test.graph.get_metadata(&stored.key)
        };
        let corrupt = |why: Corrupt| Err(Failure::Corrupt(why.to_string()));
        assert_eq!(get(None), Ok(None));
        assert_eq!(get(Some("{")), corrupt(Corrupt::NotJson(1)));
        assert_eq!(get(Some("7")), corrupt(Corrupt::NotAnObject));
        assert_eq!(
            get(Some("{\"ok\":true,\"v\":1}")),
            corrupt(Corrupt::Missing("metadata.country"))
        );
        let text = "{\"ok\":1,\"v\":1,\"country\":\"US\"}";
        assert_eq!(get(Some(text)), corrupt(Corrupt::WrongType("metadata.ok")));
        assert!(test.graph.get(&stored.key, test.store.now()).unwrap().is_some(), "the entry does not need it");
    });
}

#[test]
fn odd_optional_metadata_is_passed_over() {
    for_both(|test| {
        let stored = named(KEY_OF);
        let odd = "{\"ok\":true,\"country\":\"Utopia\",\"v\":1,\"cluster_size\":-3,\
                   \"is_mobile\":7,\"known_browser\":\"yes\"}";
        test.store.seed(&stored.key, stored.body.as_str(), Some(odd));
        let expected = Metadata {
            ok: true,
            country: "ZZ".into(),
            v: 1,
            cluster_size: None,
            is_mobile: None,
            known_browser: None,
        };
        assert_eq!(test.graph.get_metadata(&stored.key), Ok(Some(expected)));
    });
}

#[test]
fn metadata_that_would_outgrow_its_limit_is_too_large() {
    for_both(|test| {
        let stored = named("2026-03-first");
        let pad = |bytes: usize| {
            let head = "{\"ok\":true,\"country\":\"FR\",\"v\":1,\"x\":\"";
            format!("{head}{}\"}}", "x".repeat(bytes - head.len() - 2))
        };
        let now = test.at(1_774_600_000);
        let cluster = ",\"cluster_size\":1".len();
        test.store.seed(&stored.key, stored.body.as_str(), Some(&pad(2_000 - cluster + 1)));
        let row = test.store.row(&stored.key);
        assert_eq!(test.graph.evaluate_cluster(&stored.key, now), Err(Failure::TooLarge));
        assert_eq!(test.store.row(&stored.key), row);
        test.store.seed(&stored.key, stored.body.as_str(), Some(&pad(2_000 - cluster)));
        assert_eq!(test.graph.evaluate_cluster(&stored.key, now), Ok(Some(1)));
    });
}
