//! A worker in the typed way, which was common before: it reads a row into types of its own, and writes
//! what these hold. Fields that it does not name are gone then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trusted_server_example::kv::{Kv, KvInsert, KvMode};

use crate::support::BESIDE;

/// Tries of one write.
const TRIES: u32 = 5;

#[derive(Serialize, Deserialize)]
pub(crate) struct OldRow {
    v: u8,
    pub(crate) created: u64,
    pub(crate) consent: OldConsent,
    geo: OldGeo,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub_properties: Option<OldProperties>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) network: Option<OldNetwork>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) ids: BTreeMap<String, OldId>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct OldConsent {
    #[serde(skip_serializing_if = "Option::is_none")]
    tcf: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gpp: Option<String>,
    pub(crate) ok: bool,
    updated: u64,
}

#[derive(Serialize, Deserialize)]
struct OldGeo {
    country: String,
}

#[derive(Serialize, Deserialize)]
struct OldProperties {
    origin_domain: String,
    seen_domains: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct OldNetwork {
    pub(crate) cluster_size: Option<u32>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct OldId {
    pub(crate) uid: String,
}

/// Reads a row; `None` where there is none.
pub(crate) fn get(kv: &impl Kv, ec_id: &str) -> Result<Option<(OldRow, u64)>, String> {
    let Some(item) = kv.lookup(ec_id)? else { return Ok(None) };
    let row = serde_json::from_slice(&item.body).map_err(|error| error.to_string())?;
    Ok(Some((row, item.generation)))
}

/// Reads, changes and writes, a few times.
fn change(kv: &impl Kv, ec_id: &str, change: impl Fn(&mut OldRow) -> bool) -> Result<bool, String> {
    for _ in 0..TRIES {
        let Some((mut row, generation)) = get(kv, ec_id)? else { return Ok(false) };
        if !row.consent.ok || !change(&mut row) {
            return Ok(false);
        }
        if write(kv, ec_id, &row, KvMode::IfGenerationMatch(generation)).is_ok() {
            return Ok(true);
        }
    }
    Err("others were faster".to_owned())
}

fn write(kv: &impl Kv, key: &str, row: &OldRow, mode: KvMode) -> Result<(), String> {
    let body = serde_json::to_vec(row).map_err(|error| error.to_string())?;
    let time_to_live = 31_536_000;
    kv.insert(KvInsert { key, body: &body, metadata: BESIDE, time_to_live, mode })
}

fn bare(ok: bool, now: u64) -> OldRow {
    OldRow {
        v: 1,
        created: now,
        consent: OldConsent { tcf: None, gpp: None, ok, updated: now },
        geo: OldGeo { country: "ZZ".to_owned() },
        pub_properties: None,
        network: None,
        ids: BTreeMap::new(),
    }
}

/// A first visit.
pub(crate) fn create(kv: &impl Kv, ec_id: &str, now: u64) -> Result<(), String> {
    write(kv, ec_id, &bare(true, now), KvMode::Add)
}

/// A withdrawal.
pub(crate) fn withdraw(kv: &impl Kv, ec_id: &str, now: u64) -> Result<(), String> {
    write(kv, ec_id, &bare(false, now), KvMode::Overwrite)
}

/// One partner's ID.
pub(crate) fn upsert(kv: &impl Kv, ec_id: &str, partner: &str, uid: &str) -> Result<bool, String> {
    change(kv, ec_id, |row| {
        let new = OldId { uid: uid.to_owned() };
        row.ids.insert(partner.to_owned(), new).is_none_or(|old| old.uid != uid)
    })
}

/// The size of a cluster, counted where none is stored.
pub(crate) fn cluster(kv: &impl Kv, ec_id: &str, row: &OldRow) -> Result<(), String> {
    if row.network.is_none() {
        let counted = u32::try_from(kv.list(&ec_id[..64], 100)?.len()).ok();
        change(kv, ec_id, |row| {
            row.network = Some(OldNetwork { cluster_size: counted });
            true
        })?;
    }
    Ok(())
}
