//! What a call answers, told as JSON in the names of the WIT.

use identity_graph::{
    Entry, Failure, Metadata, Name, Order, PartnerUid, Policy, RawRow, Report, UpsertOutcome,
};
use serde_json::{Value, json};

pub(crate) fn entry(entry: &Entry) -> Value {
    let consent = &entry.consent;
    let geo = &entry.geo;
    json!({
        "v": entry.v,
        "created": entry.created,
        "last-seen": entry.last_seen,
        "consent": {
            "tcf": consent.tcf,
            "gpp": consent.gpp,
            "gpp-sid": consent.gpp_sid,
            "ok": consent.ok,
            "updated": consent.updated,
            "withdrawn": consent.withdrawn,
        },
        "geo": { "country": geo.country, "region": geo.region, "asn": geo.asn, "dma": geo.dma },
        "device": entry.device.as_ref().map(|device| json!({
            "is-mobile": device.is_mobile,
            "ja4-class": device.ja4_class,
            "platform-class": device.platform_class,
            "h2-fp-hash": device.h2_fp_hash,
            "known-browser": device.known_browser,
        })),
        "pub-properties": entry.pub_properties.as_ref().map(|properties| json!({
            "origin-domain": properties.origin_domain,
            "seen-domains": properties.seen_domains,
        })),
        "cluster-size": entry.cluster_size,
        "ids": entry.ids.iter().map(partner_uid).collect::<Vec<_>>(),
    })
}

fn partner_uid(id: &PartnerUid) -> Value {
    json!({
        "partner": id.partner,
        "uid": id.uid,
        "synced": id.synced,
        "atype": id.atype,
        "expires": id.expires,
        "ext": id.ext,
    })
}

pub(crate) fn metadata(metadata: &Metadata) -> Value {
    json!({
        "ok": metadata.ok,
        "country": metadata.country,
        "v": metadata.v,
        "cluster-size": metadata.cluster_size,
        "is-mobile": metadata.is_mobile,
        "known-browser": metadata.known_browser,
    })
}

pub(crate) fn raw_row(row: &RawRow) -> Value {
    json!({
        "body": String::from_utf8_lossy(&row.body),
        "metadata": row.metadata,
        "problem": row.problem,
    })
}

pub(crate) fn policy(policy: &Policy) -> Value {
    json!({
        "entry-ttl": policy.entry_ttl,
        "max-age": policy.max_age,
        "tombstone-ttl": policy.tombstone_ttl,
        "last-seen-debounce": policy.last_seen_debounce,
        "max-cas-attempts": policy.max_cas_attempts,
        "cluster-recheck": policy.cluster_recheck,
        "clock-skew": policy.clock_skew,
        "resync": policy.resync,
        "max-partners": policy.max_partners,
        "order": match policy.order {
            Order::Time => "time",
            Order::Arrival => "arrival",
        },
    })
}

pub(crate) fn report<O: Name>(report: &Report<O>) -> Value {
    let mut told = parts(report);
    told["outcome"] = json!(report.outcome.name());
    told
}

/// A report without an outcome of its own.
pub(crate) fn parts<O>(report: &Report<O>) -> Value {
    let left_out = report.left_out.iter();
    let left_out = left_out.map(|part| json!({ "field": part.field, "why": part.why }));
    json!({ "ids": upserts(&report.ids), "left-out": left_out.collect::<Vec<_>>() })
}

pub(crate) fn upsert(outcome: &UpsertOutcome) -> Value {
    match outcome {
        UpsertOutcome::Invalid(why) => json!({ "invalid": why }),
        other => json!(other.name()),
    }
}

pub(crate) fn upserts(outcomes: &[UpsertOutcome]) -> Value {
    outcomes.iter().map(upsert).collect()
}

pub(crate) fn mappings(outcomes: &[Result<UpsertOutcome, Failure>]) -> Value {
    let told = outcomes.iter().map(|outcome| match outcome {
        Ok(outcome) => json!({ "done": upsert(outcome) }),
        Err(error) => json!({ "failed": failure(error) }),
    });
    told.collect()
}

pub(crate) fn failure(failure: &Failure) -> Value {
    match failure {
        Failure::InvalidArgument(why) | Failure::Corrupt(why) | Failure::Unavailable(why) => {
            json!({ failure.name(): why })
        }
        other => json!(other.name()),
    }
}
