//! What a visitor says, what follows, and the law or the section of the specification that it follows.
//!
//! `docs/application.md` has the same table; a test holds that it does.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

#[path = "../support/mod.rs"]
mod support;
mod table;

use edge_consent::{Policy, Signals};
use table::{PARTNER, PUBLISHER, Situation, situations};

fn policy(situation: &Situation) -> Policy {
    let mut policy = Policy { vendor_id: Some(PUBLISHER), ..Policy::default() };
    (situation.policy)(&mut policy);
    policy
}

fn signals(situation: &Situation) -> Signals<'_> {
    let sent = &situation.sent;
    Signals {
        country: (situation.country != "?").then_some(situation.country),
        tcf: sent.tcf.as_deref(),
        gpp: sent.gpp.as_deref(),
        gpp_sid: sent.gpp_sid,
        us_privacy: sent.us_privacy,
        gpc: sent.gpc,
    }
}

#[test]
fn each_situation_is_decided_as_its_law_says() {
    for situation in situations() {
        let vendor_id = (!situation.partner_is_no_vendor).then_some(PARTNER);
        let (policy, signals) = (policy(&situation), signals(&situation));
        let decision = policy.decide(&signals);
        let decided = (decision.why(), decision.share(vendor_id));
        let expected = (situation.store, situation.share);
        assert_eq!(decided, expected, "{}: {}", situation.country, situation.says);
    }
}

/// The policy of each situation is one that a deployment may have.
#[test]
fn each_policy_is_valid() {
    for situation in situations() {
        assert_eq!(policy(&situation).check(), Ok(()));
    }
}

#[test]
fn the_documentation_has_this_table() {
    let situations = situations();
    assert!(situations.len() >= 40);
    let head = "| | country | the visitor | store | share | why | follows |\n|---|---|---|---|---|---|---|\n";
    let lines = (1..).zip(&situations).map(|(number, situation)| {
        let Situation { country, says, store, share, follows, .. } = situation;
        let why = if store == share { store.to_string() } else { format!("{store}; {share}") };
        let (store, share) = (store.consent().as_str(), share.consent().as_str());
        format!("| {number} | {country} | {says} | {store} | {share} | {why} | {follows} |\n")
    });
    let table = lines.fold(head.to_owned(), |table, line| table + &line);
    let documented = include_str!("../../../../docs/application.md");
    assert!(documented.contains(&table), "docs/application.md has another table than\n\n{table}");
}
