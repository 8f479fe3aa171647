//! Every shape of row is read as what it says.

use host_test::for_both;
use identity_graph::{Consent, Device, Entry, Geo, Metadata, PartnerUid, PubProperties};

use crate::operations::uid;
use crate::stored::{all, named};

fn entry(created: u64, country: &str, ids: Vec<PartnerUid>) -> Entry {
    Entry {
        v: 1,
        created,
        last_seen: None,
        consent: consent(true, created),
        geo: Geo { country: country.to_owned(), region: None, asn: None, dma: None },
        device: None,
        pub_properties: None,
        cluster_size: None,
        ids,
    }
}

fn consent(ok: bool, updated: u64) -> Consent {
    Consent { tcf: None, gpp: None, gpp_sid: None, ok, updated, withdrawn: None }
}

fn metadata(country: &str) -> Metadata {
    Metadata {
        ok: true,
        country: country.to_owned(),
        v: 1,
        cluster_size: None,
        is_mobile: None,
        known_browser: None,
    }
}

fn domains(seen: &[&str]) -> PubProperties {
    PubProperties {
        origin_domain: "news.example".to_owned(),
        seen_domains: seen.iter().map(|domain| (*domain).to_owned()).collect(),
    }
}

/// Reads the fixture in every way.
fn assert_reads(name: &str, expected: &Entry, expected_metadata: &Metadata) {
    for_both(|test| {
        let stored = named(name);
        let generation = stored.seed(test);
        let snapshot = test.graph.get(&stored.key, test.store.now()).unwrap().unwrap();
        assert_eq!(snapshot.entry(), *expected);
        assert_eq!(snapshot.generation(), generation);
        let metadata = test.graph.get_metadata(&stored.key).unwrap();
        assert_eq!(metadata.as_ref(), Some(expected_metadata));
    });
}

#[test]
fn the_first_shape() {
    let expected = Entry {
        last_seen: Some(1_774_503_600),
        consent: Consent { tcf: Some("CQinvented".into()), ..consent(true, 1_774_500_000) },
        geo: Geo { country: "FR".into(), region: Some("IDF".into()), asn: None, dma: None },
        ..entry(1_774_500_000, "FR", vec![uid("acme_ssp", "u-17", Some(1_774_503_000))])
    };
    assert_reads("2026-03-first", &expected, &metadata("FR"));
}

#[test]
fn seen_domains_as_a_map_with_times() {
    let expected = Entry {
        last_seen: Some(1_775_690_000),
        pub_properties: Some(domains(&["news.example", "sport.example"])),
        cluster_size: Some(3),
        ..entry(1_775_600_000, "CA", vec![uid("acme_ssp", "u-17", Some(1_775_660_000))])
    };
    let metadata = Metadata { cluster_size: Some(3), ..metadata("CA") };
    assert_reads("2026-04-seen-domains-map", &expected, &metadata);
}

#[test]
fn seen_domains_as_a_map_with_visits_and_no_times() {
    let expected = Entry {
        consent: Consent { tcf: Some("CQinvented".into()), ..consent(true, 1_777_600_000) },
        geo: Geo { country: "DE".into(), region: None, asn: Some(64_501), dma: None },
        pub_properties: Some(domains(&["news.example"])),
        ..entry(1_777_600_000, "DE", vec![uid("acme_ssp", "u-18", None)])
    };
    assert_reads("2026-05-seen-domains-visits", &expected, &metadata("DE"));
}

#[test]
fn the_current_shape() {
    let expected = Entry {
        consent: Consent { gpp: Some("DBinvented".into()), ..consent(true, 1_787_000_000) },
        geo: Geo {
            country: "US".into(),
            region: Some("OR".into()),
            asn: Some(64_500),
            dma: Some(820),
        },
        device: Some(Device {
            is_mobile: 1,
            ja4_class: Some("t13d9999h2".into()),
            platform_class: Some("ios".into()),
            h2_fp_hash: Some("0a1b2c3d4e5f".into()),
            known_browser: Some(true),
        }),
        pub_properties: Some(domains(&["news.example"])),
        cluster_size: Some(2),
        ..entry(1_787_000_000, "US", vec![uid("ids.acme.example", "ACME-0001", None)])
    };
    let metadata = Metadata {
        cluster_size: Some(2),
        is_mobile: Some(1),
        known_browser: Some(true),
        ..metadata("US")
    };
    assert_reads("2026-08-current", &expected, &metadata);
}

#[test]
fn the_shape_of_contract_0_2() {
    let acme = PartnerUid {
        atype: Some(571_187),
        expires: Some(1_802_000_000),
        ext: Some(r#"{"rtiPartner":"ACMEID", "n":[1.50,"\u00e9"]}"#.into()),
        ..uid("ids.acme.example", "ACME-0011", Some(1_789_400_000))
    };
    let beta = uid("match.beta.example", "B-7", Some(1_789_500_000));
    let expected = Entry {
        last_seen: Some(1_789_500_000),
        consent: Consent {
            tcf: Some("CQinvented".into()),
            gpp: Some("DBinvented".into()),
            gpp_sid: Some("2,6".into()),
            ok: true,
            updated: 1_789_500_000,
            withdrawn: Some(1_788_900_000),
        },
        geo: Geo {
            country: "US".into(),
            region: Some("CA".into()),
            asn: Some(64_500),
            dma: None,
        },
        device: Some(Device {
            is_mobile: 0,
            platform_class: Some("mac".into()),
            ..Device::default()
        }),
        pub_properties: Some(domains(&["news.example", "shop_1.example"])),
        ..entry(1_789_000_000, "US", vec![acme, beta])
    };
    assert_reads("2026-09-visit", &expected, &Metadata { is_mobile: Some(0), ..metadata("US") });
}

#[test]
fn a_tombstone() {
    let expected = Entry {
        consent: consent(false, 1_787_000_500),
        ..entry(1_787_000_500, "ZZ", Vec::new())
    };
    assert_reads("tombstone", &expected, &Metadata { ok: false, ..metadata("ZZ") });
}

#[test]
fn a_shape_of_a_later_version() {
    let ids = vec![PartnerUid {
        atype: Some(3),
        ext: Some("{\"rtiPartner\":\"idl\"}".into()),
        ..uid("ids.acme.example", "ACME-0009", None)
    }];
    assert_reads("from-the-future", &entry(1_790_000_000, "US", ids), &metadata("US"));
}

#[test]
fn every_shape_is_inspected_as_it_is_stored() {
    for_both(|test| {
        for stored in all() {
            let generation = stored.seed(test);
            let raw = test.graph.inspect(&stored.key).unwrap().unwrap();
            assert_eq!(raw.body, stored.body.as_bytes());
            assert_eq!(raw.metadata, stored.metadata);
            assert_eq!(raw.generation, generation);
            assert_eq!(raw.problem, None);
        }
    });
}
