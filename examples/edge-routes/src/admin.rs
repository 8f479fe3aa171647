//! `GET /_ts/admin/ec/{id}`: a row as it is stored and as it is understood, for the operator.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, StatusCode};
use identity_graph::{EcId, Entry, PartnerUid, RawRow};
use serde_json::{Value, json};

use crate::answer::{self, Problem, Response};
use crate::config::Config;
use crate::partner;
use crate::platform::{GraphCalls, Platform, SnapshotCalls};

/// A row.
pub(crate) struct Found {
    /// As it is stored.
    pub(crate) row: RawRow,
    /// As it is understood; none when it cannot be read, or was written between the two reads.
    pub(crate) entry: Option<Entry>,
}

/// 1 read for the row as stored, 1 more for the row as understood.
pub(crate) async fn look<P: Platform>(platform: &P, id: &EcId) -> Result<Found, Problem> {
    let graph = platform.graph()?;
    let Some(row) = graph.inspect(id.as_str()).await? else {
        let message = format!("there is no row of {id} here; one that is fresh may still come");
        return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", message));
    };
    let snapshot = match row.problem {
        None => graph.get(id.as_str(), platform.now()).await?,
        Some(_) => None,
    };
    let same = snapshot.filter(|snapshot| snapshot.generation() == row.generation);
    let entry = same.map(|snapshot| snapshot.entry());
    Ok(Found { row, entry })
}

/// The row as JSON.
pub(crate) async fn row<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
    ec_id: &str,
) -> Result<Response, Problem> {
    partner::authenticate_operator(config, headers)?;
    let Found { row, entry } = look(platform, &parse(ec_id)?).await?;
    let understood = entry.as_ref().map_or(Value::Null, understood);
    let answer = json!({ "stored": stored(row), "understood": understood });
    Ok(answer::json(StatusCode::OK, &answer))
}

/// The EC ID that an operator asks for.
pub(crate) fn parse(ec_id: &str) -> Result<EcId, Problem> {
    EcId::parse(ec_id)
        .map_err(|rule| Problem::new(StatusCode::BAD_REQUEST, "invalid_ec_id", rule.to_string()))
}

fn stored(row: RawRow) -> Value {
    // A row may be anything; what is not text is shown as base64.
    let (body, encoding) = match String::from_utf8(row.body) {
        Ok(text) => (text, "text"),
        Err(bytes) => (BASE64_STANDARD.encode(bytes.as_bytes()), "base64"),
    };
    json!({
        "body": body,
        "encoding": encoding,
        "metadata": row.metadata,
        // JavaScript cannot hold all of its 64 bits.
        "generation": row.generation.to_string(),
        "problem": row.problem,
    })
}

fn understood(entry: &Entry) -> Value {
    json!({
        "v": entry.v,
        "created": entry.created,
        "last_seen": entry.last_seen,
        "consent": {
            "ok": entry.consent.ok,
            "updated": entry.consent.updated,
            "tcf": entry.consent.tcf,
            "gpp": entry.consent.gpp,
            "gpp_sid": entry.consent.gpp_sid,
            "withdrawn": entry.consent.withdrawn,
        },
        "geo": {
            "country": entry.geo.country,
            "region": entry.geo.region,
            "asn": entry.geo.asn,
            "dma": entry.geo.dma,
        },
        "device": entry.device.as_ref().map(|device| json!({
            "is_mobile": device.is_mobile,
            "ja4_class": device.ja4_class,
            "platform_class": device.platform_class,
            "h2_fp_hash": device.h2_fp_hash,
            "known_browser": device.known_browser,
        })),
        "pub_properties": entry.pub_properties.as_ref().map(|properties| json!({
            "origin_domain": properties.origin_domain,
            "seen_domains": properties.seen_domains,
        })),
        "cluster_size": entry.cluster_size,
        "ids": entry.ids.iter().map(|id| {
            (id.partner.clone(), understood_id(id))
        }).collect::<serde_json::Map<_, _>>(),
    })
}

fn understood_id(id: &PartnerUid) -> Value {
    let mut shown = json!({ "uid": id.uid, "synced": id.synced });
    for (name, value) in [
        ("atype", id.atype.map(Value::from)),
        ("expires", id.expires.map(Value::from)),
        ("ext", id.ext.as_deref().map(Value::from)),
    ] {
        if let Some(value) = value {
            shown[name] = value;
        }
    }
    shown
}
