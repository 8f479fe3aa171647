//! `iab_gpp` reads the same, of what it can read; and the examples of the specifications are read.

#![allow(missing_docs, reason = "the names of the tests say what they are")]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod support;

use edge_consent::{Consent, Policy, Regime, Signals, Why};
use iab_gpp::sections::tcfeuv2::TcfEuV2;
use iab_gpp::v1::GPPString;
use proptest::prelude::*;
use support::{Tcf, gpp, us};

const EU: Signals = Signals {
    country: Some("FR"),
    tcf: None,
    gpp: None,
    gpp_sid: None,
    us_privacy: None,
    gpc: false,
};
const US: Signals = Signals { country: Some("US"), ..EU };

fn vendor(text: &str, vendor: u16) -> Why {
    let policy = Policy { vendor_id: Some(vendor), ..Policy::default() };
    policy.decide(&Signals { tcf: Some(text), ..EU }).why()
}

fn us_choice(text: &str) -> (Consent, Why) {
    let decision = Policy::default().decide(&Signals { gpp: Some(text), ..US });
    (decision.consent(), decision.share(None))
}

#[test]
fn the_example_of_the_tcf_specification_is_read() {
    let core = "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA";
    let disclosed = "IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw";
    // Purposes 1 to 3, vendors 2, 6 and 8; 12 and 720 are disclosed besides.
    for text in [core.to_owned(), format!("{core}.{disclosed}")] {
        for consented in [2, 6, 8] {
            assert_eq!(vendor(&text, consented), Why::TcfConsent);
        }
    }
    assert_eq!(vendor(core, 3), Why::VendorRefused);
    let text = format!("{core}.{disclosed}");
    assert_eq!(vendor(&text, 3), Why::VendorNotDisclosed);
    assert_eq!(vendor(&text, 12), Why::VendorRefused);
    assert_eq!(vendor(&text, 720), Why::VendorRefused);
}

#[test]
fn strings_of_consent_managers_are_read() {
    // US National, version 1, of Google's and of others' consent managers.
    for (section, consent, share) in [
        ("BVQqAAAAAg", Consent::Ok, Why::NoOptOut),
        ("BVQVAAAAAg", Consent::Denied, Why::UsOptOut),
        ("BVVVVVVVVWA.YA", Consent::Denied, Why::UsOptOut),
        ("BVVqAAEABgA.QA", Consent::Ok, Why::NoOptOut),
    ] {
        for header in ["DBABL", "DBABLA"] {
            assert_eq!(us_choice(&format!("{header}~{section}")), (consent, share), "{section}");
        }
    }
    // California, which opted out by its browser alone.
    assert_eq!(us_choice("DBABBg~BVqqqqpY.YA"), (Consent::Denied, Why::Gpc));
}

/// Section, version, how many fields of two bits, and which of them opt out.
const SECTIONS: [(u16, u64, usize, &[usize]); 18] = [
    (7, 1, 27, &[6, 7, 8]),
    (7, 2, 32, &[6, 7, 8]),
    (8, 1, 20, &[3, 4]),
    (9, 1, 17, &[3, 4]),
    (10, 1, 16, &[3, 4]),
    (11, 1, 18, &[4, 5]),
    (12, 1, 19, &[3, 4]),
    (13, 1, 20, &[3, 4]),
    (14, 1, 20, &[3, 4]),
    (15, 1, 23, &[3, 4]),
    (16, 1, 18, &[3, 4]),
    (17, 1, 23, &[3, 4]),
    (18, 1, 18, &[4, 5]),
    (19, 1, 18, &[3, 4]),
    (20, 1, 20, &[3, 4]),
    (21, 1, 24, &[3, 4]),
    (22, 1, 18, &[3, 4]),
    (23, 1, 18, &[3, 4]),
];

/// What `iab_gpp` shows of a section, in which a field stands as `name: Value`.
fn shown(text: &str) -> String {
    let gpp: GPPString = text.parse().expect("iab_gpp reads the header");
    let sections = gpp.decode_all_sections();
    format!("{:?}", sections[0].as_ref().expect("iab_gpp reads the section"))
}

fn is_shown(shown: &str, fields: &[&str], value: &str) -> bool {
    fields.iter().any(|field| shown.contains(&format!(" {field}: {value}")))
}

/// What stands for a field: a value, or a group of them.
fn field_of<'s>(shown: &'s str, name: &str) -> &'s str {
    let (_, rest) = shown.split_once(&format!(" {name}: ")).expect("iab_gpp has the field");
    let end = if rest.starts_with("KnownChild") { '}' } else { ',' };
    rest.split(end).next().unwrap_or_default()
}

#[test]
fn each_opt_out_of_each_section_is_where_iab_gpp_finds_it() {
    for (section, version, fields, opt_outs) in SECTIONS {
        for field in 0..fields {
            // Of all fields one says 1: notice given, opted out, no consent. The MSPA's, at the end, say no.
            let values: String = (0..fields)
                .map(|n| match n {
                    _ if n == field => '1',
                    _ if n + 3 >= fields => '2',
                    _ => '0',
                })
                .collect();
            let text = gpp(&[(section, &us(version, &values))]);
            let shown = shown(&text);
            let opted_out = is_shown(
                &shown,
                &["sale_opt_out", "sharing_opt_out", "targeted_advertising_opt_out"],
                "OptedOut",
            );
            assert_eq!(opted_out, opt_outs.contains(&field), "{section} {field}: {shown}");
            let child =
                field_of(&shown, "known_child_sensitive_data_consents").contains("NoConsent");
            let (consent, why) = us_choice(&text);
            let expected = match (opted_out, child) {
                (true, _) => (Consent::Denied, Why::UsOptOut),
                (_, true) => (Consent::Denied, Why::UsChild),
                _ => (Consent::Ok, Why::NoOptOut),
            };
            assert_eq!((consent, why), expected, "{section}, field {field}: {shown}");
        }
    }
}

#[test]
fn each_notice_that_was_not_given_is_where_iab_gpp_finds_it() {
    let notices = [
        "sharing_notice",
        "sale_opt_out_notice",
        "sharing_opt_out_notice",
        "targeted_advertising_opt_out_notice",
    ];
    for (section, version, fields, _) in SECTIONS {
        for field in 0..fields {
            let values: String = (0..fields)
                .map(|n| if n == field || n + 3 >= fields { '2' } else { '0' })
                .collect();
            let text = gpp(&[(section, &us(version, &values))]);
            let unnoticed = is_shown(&shown(&text), &notices, "NotProvided");
            let expected = if unnoticed { Why::NoNotice } else { Why::NoOptOut };
            assert_eq!(us_choice(&text), (Consent::Ok, expected), "{section}, field {field}");
        }
    }
}

fn any_tcf() -> impl Strategy<Value = Tcf> {
    let vendors = || proptest::collection::btree_set(1_u16..1_500, 0..40);
    let disclosed = proptest::option::of(vendors());
    (0_u32..1 << 24, vendors(), any::<bool>(), any::<bool>(), disclosed).prop_map(
        |(purposes, vendors, as_ranges, not_asked, disclosed)| Tcf {
            purposes: (1..=24).filter(|purpose| purposes >> (purpose - 1) & 1 == 1).collect(),
            vendors: vendors.into_iter().collect(),
            as_ranges,
            not_asked,
            disclosed: disclosed.map(|vendors| vendors.into_iter().collect()),
            restrictions: Vec::new(),
        },
    )
}

proptest! {
    /// Restrictions are left out: `iab_gpp` reads their vendors in another form than the specification has.
    #[test]
    fn a_tc_string_is_read_as_iab_gpp_reads_it(tcf in any_tcf(), id in 1_u16..1_500) {
        let text = tcf.text();
        let theirs: TcfEuV2 = text.parse().expect("iab_gpp reads it");
        let core = theirs.core;
        let expected = match (core.purpose_one_treatment, core.purpose_consents.contains(&1)) {
            (true, _) => Why::PurposeNotAsked,
            (_, false) => Why::PurposeRefused,
            _ if theirs.disclosed_vendors.is_some_and(|ids| !ids.contains(&id)) => Why::VendorNotDisclosed,
            _ if !core.vendor_consents.contains(&id) => Why::VendorRefused,
            _ => Why::TcfConsent,
        };
        prop_assert_eq!(vendor(&text, id), expected);
    }

    #[test]
    fn no_text_makes_it_panic(
        tcf in text(), gpp in text(), gpp_sid in text(), us_privacy in text(), gpc: bool, id: u16,
    ) {
        decide_all(&tcf, &gpp, &gpp_sid, &us_privacy, gpc, id);
    }

    #[test]
    fn no_change_of_a_good_string_makes_it_panic(
        tcf in any_tcf(), at: proptest::sample::Index, with in "[A-Za-z0-9_.~-]{0,3}", id: u16,
    ) {
        let tcf = tcf.text();
        let section = us(1, "1111 00 222 000000000000 00 0 2 0 0") + ".YA";
        let gpp = gpp(&[(2, &tcf), (6, "1YNN"), (7, &section)]);
        let changed = |text: &str| {
            let at = at.index(text.len());
            format!("{}{with}{}", &text[..at], &text[(at + with.len()).min(text.len())..])
        };
        decide_all(&changed(&tcf), &changed(&gpp), "2,6,7", "1YNN", false, id);
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[A-Za-z0-9_.~-]{0,200}",
        "D[A-D][A-Za-z0-9_~.-]{0,60}",
        "C[A-Za-z0-9_-]{40,90}"
    ]
}

fn decide_all(tcf: &str, gpp: &str, gpp_sid: &str, us_privacy: &str, gpc: bool, id: u16) {
    for country in ["FR", "US", "JP"] {
        for elsewhere in [Regime::OptIn, Regime::OptOut] {
            let policy = Policy { vendor_id: Some(id), elsewhere, ..Policy::default() };
            let signals = Signals {
                country: Some(country),
                tcf: Some(tcf),
                gpp: Some(gpp),
                gpp_sid: Some(gpp_sid),
                us_privacy: Some(us_privacy),
                gpc,
            };
            let decision = policy.decide(&signals);
            let shown = format!("{} {}", decision.why(), decision.share(Some(id)));
            assert!(!shown.is_empty());
            assert!(decision.consent() == Consent::Ok || decision.share(None) == decision.why());
        }
    }
}
