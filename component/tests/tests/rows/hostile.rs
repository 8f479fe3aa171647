//! Rows and calls that somebody made to do harm: nothing breaks, nothing is lost, nothing takes for
//! ever.

use std::time::{Duration, Instant};

use host_test::{TestGraph, for_both};
use identity_graph::{
    Device, Geo, IfMissing, NewEntry, PartnerUid, TouchOutcome, UpsertOutcome, VisitOutcome,
    limits::MAX_BODY_BYTES,
};
use serde_json::{Map, Value};

use crate::stored::body;

const KEY: &str = "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Host11";
const NOW: u64 = 1_790_000_000;
/// What takes seconds at most where the cost is linear, and minutes where it is not.
const MANY: usize = 50_000;
const LONG: Duration = Duration::from_secs(30);

/// A live row with other members.
fn row(more: &str) -> String {
    let at = NOW - 100_000;
    format!(
        "{{\"v\":1,\"created\":{at},\"last_seen\":{at},\"consent\":{{\"ok\":true,\"updated\":{at}}},\
         \"geo\":{{\"country\":\"FR\"}}{more}}}"
    )
}

fn many() -> Vec<PartnerUid> {
    (0..MANY).map(|n| PartnerUid::new(format!("p{n}"), "u")).collect()
}

fn admitted(outcomes: &[UpsertOutcome]) -> usize {
    outcomes.iter().take_while(|outcome| **outcome == UpsertOutcome::Written).count()
}

#[test]
fn a_call_of_many_uids_costs_what_it_is_long() {
    let test = TestGraph::native();
    let start = Instant::now();
    let visit = || NewEntry { ids: many(), ..NewEntry::at(test.at(NOW)) };
    assert_eq!(admitted(&test.graph.visit(KEY, visit()).unwrap().ids), 64);
    test.store.seed(KEY, row(""), None);
    let now = test.at(NOW);
    let outcomes = test.graph.upsert_partner_ids(KEY, many(), IfMissing::Skip, now).unwrap();
    assert_eq!(admitted(&outcomes), 64);
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

#[test]
fn a_row_of_many_removals_costs_what_it_is_long() {
    let test = TestGraph::native();
    let removed: Vec<_> = (0..MANY).map(|n| format!("\"p{n}\":1")).collect();
    test.store.seed(KEY, row(&format!(",\"removed\":{{{}}}", removed.join(","))), None);
    let start = Instant::now();
    let now = test.at(NOW);
    let partners = many().into_iter().map(|id| id.partner).collect();
    let outcomes = test.graph.remove_partner_ids(KEY, partners, now).unwrap();
    assert_eq!(admitted(&outcomes), MANY);
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

#[test]
fn a_row_that_holds_a_partner_many_times_costs_what_it_is_long() {
    let test = TestGraph::native();
    let ids = vec!["\"p\":{\"uid\":\"a\",\"synced\":1}"; 30_000];
    test.store.seed(KEY, row(&format!(",\"ids\":{{{}}}", ids.join(","))), None);
    let start = Instant::now();
    let now = test.at(NOW);
    let id = PartnerUid::new("p", "b").synced(2);
    let outcome = test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, now);
    assert_eq!(outcome, Ok(UpsertOutcome::Written));
    assert!(start.elapsed() < LONG / 10, "{:?}", start.elapsed());
}

#[test]
fn an_ext_with_space_around_it_is_the_same_when_it_comes_again() {
    for_both(|test| {
        test.store.seed(KEY, row(""), None);
        let upsert = |at| {
            let ext = Some(" {\"a\": 1}\n".to_owned());
            let id = PartnerUid { ext, ..PartnerUid::new("p", "u") };
            test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, test.at(at)).unwrap()
        };
        assert_eq!(upsert(NOW), UpsertOutcome::Written);
        assert_eq!(upsert(NOW + 1), UpsertOutcome::Unchanged);
        let entry = test.graph.get(KEY, NOW).unwrap().unwrap().entry();
        assert_eq!(entry.ids.first().unwrap().ext.as_deref(), Some("{\"a\": 1}"));
    });
}

#[test]
fn a_domain_for_which_there_is_no_room_is_no_reason_to_write() {
    for_both(|test| {
        let pad = "x".repeat(MAX_BODY_BYTES - row(",\"pad\":\"\"").len() - 20);
        test.store.seed(KEY, row(&format!(",\"pad\":\"{pad}\"")), None);
        let visit = |at| {
            let domain = Some("news.publisher.example".to_owned());
            test.graph.visit(KEY, NewEntry { domain, ..NewEntry::at(test.at(at)) }).unwrap().outcome
        };
        assert_eq!(visit(NOW), VisitOutcome::Written, "the visit is noted");
        let stored = test.store.row(KEY);
        assert_eq!(visit(NOW + 1), VisitOutcome::Unchanged);
        assert_eq!(test.store.row(KEY), stored);
    });
}

#[test]
fn a_row_without_room_for_a_list_of_domains_beside_their_map_is_visited_and_shrunk() {
    for_both(|test| {
        let map = "\"pub_properties\":{\"seen_domains\":{\"a.example\":{}}},\"ids\":{\"p\":{\"uid\":\"a-longer-one\",\"synced\":1}}";
        let pad = "x".repeat(MAX_BODY_BYTES - row(&format!(",{map},\"pad\":\"\"")).len());
        test.store.seed(KEY, row(&format!(",{map},\"pad\":\"{pad}\"")), None);
        let now = test.at(NOW);
        let visit = NewEntry { domain: Some("b.example".to_owned()), ..NewEntry::at(now) };
        assert_eq!(test.graph.visit(KEY, visit).unwrap().outcome, VisitOutcome::Written);
        let removed = test.graph.remove_partner_ids(KEY, vec!["p".to_owned()], now);
        assert_eq!(removed, Ok(vec![UpsertOutcome::Written]));
        assert_eq!(test.graph.update_last_seen(KEY, now + 1_000), Ok(TouchOutcome::Written));
        assert!(body(test, KEY).contains("\"a.example\":{}"));
    });
}

#[test]
fn what_stands_in_the_place_of_the_first_domain_is_not_dropped() {
    for_both(|test| {
        test.store.seed(KEY, row(",\"pub_properties\":{\"origin_domain\":{\"x\":1}}"), None);
        let domain = Some("news.example".to_owned());
        test.graph.visit(KEY, NewEntry { domain, ..NewEntry::at(test.at(NOW)) }).unwrap();
        assert!(body(test, KEY).contains("\"origin_domain\":{\"x\":1}"));
    });
}

#[test]
fn of_a_partner_that_stands_twice_the_uid_that_has_not_ended_is_judged() {
    for_both(|test| {
        let ended = format!("\"A\":{{\"uid\":\"x\",\"synced\":{},\"expires\":1}}", NOW - 10);
        let other = format!("\"a\":{{\"uid\":\"y\",\"synced\":{}}}", NOW - 20);
        test.store.seed(KEY, row(&format!(",\"ids\":{{{ended},{other}}}")), None);
        let id = PartnerUid::new("a", "z").synced(NOW - 30);
        let outcome = test.graph.upsert_partner_id(KEY, id, IfMissing::Skip, test.at(NOW));
        assert_eq!(outcome, Ok(UpsertOutcome::Stale));
    });
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn is_lucky(&mut self) -> bool {
        self.roll(2) == 0
    }

    /// An object of some of these members, in any order, with white space in odd places.
    fn object(
        &mut self,
        most: usize,
        member: &mut dyn FnMut(&mut Self) -> (String, String),
    ) -> String {
        let members: Vec<String> = (0..self.roll(most + 1))
            .map(|_| {
                let (key, value) = member(self);
                let [a, b, c, d] = [(); 4].map(|()| self.one(&["", "", "", " ", "\n\t"]));
                format!("{a}\"{key}\"{b}:{c}{value}{d}")
            })
            .collect();
        let space = self.one(&["", "", " "]);
        format!("{{{space}{}}}", members.join(","))
    }

    fn partner(&mut self) -> String {
        if self.roll(8) == 0 {
            return self.one(&["null", "[]", "7", "\"text\"", "{}"]).to_owned();
        }
        let mut left = vec!["uid", "synced", "atype", "expires", "ext", "x", "u\\u0069d\\n"];
        self.object(6, &mut |dice| {
            let at = dice.roll(left.len());
            let name = if left.is_empty() { "y" } else { left.remove(at) };
            let value = match name {
                "uid" => dice.one(&["\"u1\"", "\"u2\"", "\"\\u0075\\u0031\"", "null", "5"]),
                "synced" => dice.one(&[
                    "1",
                    "1789999000",
                    "1790000000",
                    "1790900000",
                    "null",
                    "\"1\"",
                    "1.5",
                ]),
                "expires" => {
                    dice.one(&["1", "1790000000", "1790000001", "1800000000", "null", "\"x\""])
                }
                "ext" => dice.one(&["{}", "{\"a\":[1,{}]}", "null", "[]"]),
                _ => dice.one(&["3", "null", "{\"deep\":[\"\\ud83d\\ude00\"]}"]),
            };
            (name.to_owned(), value.to_owned())
        })
    }

    fn ids(&mut self) -> String {
        self.object(6, &mut |dice| {
            let key = dice.one(&["a", "A", "\\u0061", "b", "B", "c.d", "é", "\\ud800", ""]);
            (key.to_owned(), dice.partner())
        })
    }

    fn stored(&mut self) -> String {
        let mut members = vec![
            "\"v\":1".to_owned(),
            "\"created\": 5".to_owned(),
            "\"unknown\":{\"deep\":[1,2,{\"a\":null}]}".to_owned(),
        ];
        if self.is_lucky() {
            members.push(format!(
                "\"last_seen\":{}",
                self.one(&["1789999990", "1789900000", "null", "1790900000", "\"x\""])
            ));
        }
        let mut more = String::new();
        for member in
            [",\"tcf\":\"T\"", ",\"tcf\":null", ",\"withdrawn\":1789999500", ",\"own\":[1]"]
        {
            if self.roll(3) == 0 && !(member.contains("tcf") && more.contains("tcf")) {
                more += member;
            }
        }
        members.push(format!("\"consent\" : {{\"ok\":true , \"updated\":1789900000{more} }}"));
        members.push(format!(
            "\"geo\":{{\"country\":\"FR\"{}}}",
            self.one(&["", ",\"region\":\"IDF\"", ",\"region\":7,\"own\":1", ",\"asn\":null"])
        ));
        if self.roll(4) > 0 {
            let ids = if self.roll(8) == 0 {
                self.one(&["null", "[]", "{}", "{ }"]).to_owned()
            } else {
                self.ids()
            };
            members.push(format!("\"ids\":{ids}"));
        }
        if self.is_lucky() {
            let removed = self.one(&[
                "null",
                "{}",
                "{ }",
                "[]",
                "{\"a\":1789999500}",
                "{\"A\":1,\"x\":2,\"b\":1790000000}",
                "{\"c.d\":\"odd\" , \"a\":1790900000 }",
            ]);
            members.push(format!("\"removed\":{removed}"));
        }
        if self.is_lucky() {
            members.push(format!(
                "\"device\":{}",
                self.one(&[
                    "null",
                    "{}",
                    "[]",
                    "{\"is_mobile\":1,\"own\":{}}",
                    "{\"ja4_class\":7}"
                ])
            ));
        }
        if self.is_lucky() {
            members.push(format!(
                "\"pub_properties\":{}",
                self.one(&[
                    "null",
                    "{}",
                    "[]",
                    "{ \"seen_domains\" : [ ] }",
                    "{\"seen_domains\":[\"a.example\" , 7,\"z.example\"]}",
                    "{\"seen_domains\":{\"m.example\":{\"n\":1}},\"seen_domains_map\":1}",
                    "{\"origin_domain\":[1]}",
                    "{\"seen_domains\":\"text\",\"own\":1}",
                    "{\"seen_domains\":null,\"origin_domain\":null}",
                ])
            ));
        }
        if self.is_lucky() {
            members.push(format!(
                "\"network\":{}",
                self.one(&["null", "{}", "[]", "{\"own\":1,\"cluster_size\":\"x\"}"])
            ));
        }
        for at in (1..members.len()).rev() {
            members.swap(at, self.roll(at + 1));
        }
        let space = self.one(&["", " ", "\n"]);
        format!("{space}{{{space}{}{space}}}{space}", members.join(self.one(&[",", " , "])))
    }

    fn call(&mut self) -> Call {
        let names = ["a", "B", "c.d", "new.example", "é"];
        let mut ids = Vec::new();
        for _ in 0..self.roll(4) {
            let mut id =
                PartnerUid::new(self.one(&names), self.one(&["u1", "u2", "\"\\\n", "0", "é\"q"]));
            id.synced =
                [None, Some(1), Some(1_789_999_600), Some(NOW), Some(NOW + 300), Some(NOW + 301)]
                    [self.roll(6)];
            id.atype = [None, None, Some(3)][self.roll(3)];
            id.expires = [None, None, Some(NOW), Some(NOW + 1)][self.roll(4)];
            id.ext = [None, None, Some(" {\"e\":\"\\u00e9\"}"), Some("[]")][self.roll(4)]
                .map(str::to_owned);
            ids.push(id);
        }
        match self.roll(5) {
            0 => Call::Remove(ids.into_iter().map(|id| id.partner).collect()),
            1 => Call::Upsert(ids),
            2 => Call::Touch,
            3 => Call::Cluster,
            _ => {
                let text = |dice: &mut Self| Some(dice.one(&["", "T", "T2", "\"q\\"]).to_owned());
                let geo =
                    Geo { region: Some("IDF".to_owned()), ..Geo::from_lookup("DE", "", 7, 0) };
                let mut visit = NewEntry { ids, ..NewEntry::at(NOW) };
                visit.tcf = text(self);
                visit.gpp = text(self);
                visit.geo = Some(geo).filter(|_| self.is_lucky());
                visit.device =
                    Some(Device { is_mobile: 1, ..Device::default() }).filter(|_| self.is_lucky());
                visit.domain = Some(self.one(&["", "m.example", "zz.example."]).to_owned());
                Call::Visit(Box::new(visit))
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Call {
    Visit(Box<NewEntry>),
    Upsert(Vec<PartnerUid>),
    Remove(Vec<String>),
    Touch,
    Cluster,
}

impl Call {
    fn make(&self, test: &TestGraph) -> String {
        let now = test.at(NOW);
        let graph = &test.graph;
        match self.clone() {
            Self::Visit(visit) => format!("{:?}", graph.visit(KEY, *visit)),
            Self::Upsert(ids) => {
                format!("{:?}", graph.upsert_partner_ids(KEY, ids, IfMissing::Skip, now))
            }
            Self::Remove(partners) => format!("{:?}", graph.remove_partner_ids(KEY, partners, now)),
            Self::Touch => format!("{:?}", graph.update_last_seen(KEY, now)),
            Self::Cluster => format!("{:?}", graph.evaluate_cluster(KEY, now)),
        }
    }

    fn is_about(&self, partner: &str) -> bool {
        let is = |known: &str| known.eq_ignore_ascii_case(partner);
        match self {
            Self::Visit(visit) => visit.ids.iter().any(|id| is(&id.partner)),
            Self::Upsert(ids) => ids.iter().any(|id| is(&id.partner)),
            Self::Remove(partners) => partners.iter().any(|partner| is(partner)),
            Self::Touch | Self::Cluster => false,
        }
    }
}

/// A row's text without lone surrogates, which `serde_json` does not hold.
fn parsed(text: &str) -> Map<String, Value> {
    let value: Value = serde_json::from_str(&text.replace("\\ud800", "lone")).expect("it is JSON");
    value.as_object().expect("an object").clone()
}

/// What nobody asked to change is as it was.
fn assert_kept(before: &str, after: &str, call: &Call) {
    let (old, new) = (parsed(before), parsed(after));
    for (name, old) in &old {
        let now = new.get(name).unwrap_or_else(|| panic!("{name} is gone"));
        match (name.as_str(), old.as_object()) {
            ("last_seen", _) => {}
            ("ids", Some(partners)) => {
                // Of one that stands twice the last is shown here, and it may have ended.
                let text = before.replace("\\ud800", "lone").replace("\\u0061", "a");
                let stands_once = |name: &str| text.matches(&format!("\"{name}\"")).count() == 1;
                for (partner, value) in partners.iter().filter(|(name, _)| stands_once(name)) {
                    let expires = value["expires"].as_u64();
                    if call.is_about(partner) {
                        let was_object = value.is_object() || value.is_null();
                        let stays = matches!(call, Call::Visit(_) | Call::Upsert(_)) && !was_object;
                        assert!(!stays || now[partner] == *value, "{partner}");
                        if let (Some(own), true) = (value.get("x"), now[partner].is_object()) {
                            assert_eq!(now[partner].get("x"), Some(own));
                        }
                        continue;
                    }
                    if expires.is_some_and(|at| at <= NOW) {
                        assert!(now.get(partner).is_none() || now == old);
                        continue;
                    }
                    let (mut value, mut now) = (value.clone(), now[partner].clone());
                    let is_mended = !value["synced"].is_string() && !value["synced"].is_f64();
                    for one in [&mut value, &mut now] {
                        if let Some(members) = one.as_object_mut().filter(|_| is_mended) {
                            members.remove("synced");
                        }
                    }
                    assert_eq!(value, now, "{partner}");
                }
            }
            ("removed", Some(removed)) => {
                for (partner, time) in removed.iter().filter(|(name, _)| !call.is_about(name)) {
                    assert_eq!(&now[partner], time, "{partner}");
                }
            }
            ("consent" | "geo" | "device" | "network" | "pub_properties", Some(members)) => {
                for own in ["own", "ok", "withdrawn", "seen_domains_map"] {
                    assert_eq!(members.get(own), now.get(own), "{name}.{own}");
                }
            }
            (_, _) if old.is_null() => {}
            _ => assert_eq!(old, now, "{name}"),
        }
    }
}

#[test]
fn whatever_a_row_looks_like_a_call_leaves_json_and_what_it_is_not_about_and_is_made_once() {
    for seed in 0..20_000 {
        let mut dice = Dice(seed * 7_919 + 1);
        let (stored, call) = (dice.stored(), dice.call());
        let is_read = std::panic::catch_unwind(|| {
            let test = TestGraph::native();
            test.store.seed(KEY, stored.clone(), None);
            let first = call.make(&test);
            let once = test.store.row(KEY);
            let left = body(&test, KEY);
            assert_kept(&stored, &left, &call);
            let second = call.make(&test);
            assert_eq!(test.store.row(KEY), once, "{first} and then {second}\n{left}\n");
            if first.starts_with("Err") {
                assert_eq!(left, stored);
            }
        });
        assert!(is_read.is_ok(), "seed {seed}: {call:?} on\n{stored}");
    }
}
