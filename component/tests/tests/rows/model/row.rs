//! One row of the model, and how it looks in the store.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{PARTNERS, Said};

/// A stored UID. What was said of it last stands until another UID replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) uid: u8,
    pub(super) synced: u64,
    pub(super) atype: Option<u32>,
    pub(super) expires: Option<u64>,
    pub(super) ext: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(super) live: bool,
    pub(super) created: u64,
    pub(super) last_seen: u64,
    pub(super) updated: u64,
    pub(super) withdrawn: Option<u64>,
    pub(super) tcf: Option<u8>,
    pub(super) gpp_sid: Option<u8>,
    pub(super) country: Option<u8>,
    pub(super) is_mobile: Option<u8>,
    pub(super) origin: Option<u8>,
    pub(super) domains: BTreeSet<u8>,
    pub(super) cluster: Option<(u32, u64)>,
    pub(super) ids: BTreeMap<usize, Stored>,
    /// In the order in which they stand.
    pub(super) removed: Vec<(usize, u64)>,
    pub(crate) expires_at: u64,
}

impl Stored {
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Row {
    pub(super) fn made_at(now: u64) -> Self {
        Self {
            live: true,
            created: now,
            last_seen: now,
            updated: now,
            withdrawn: None,
            tcf: None,
            gpp_sid: None,
            country: None,
            is_mobile: None,
            origin: None,
            domains: BTreeSet::new(),
            cluster: None,
            ids: BTreeMap::new(),
            removed: Vec::new(),
            expires_at: 0,
        }
    }

    /// What is said of a UID adds to what was said of it, and replaces what was said of another.
    pub(super) fn write(&mut self, said: &Said) {
        let Some(uid) = said.uid else { return };
        let before = self.ids.remove(&said.partner).filter(|stored| stored.uid == uid);
        let (atype, expires, ext) =
            before.map_or((None, None, None), |stored| (stored.atype, stored.expires, stored.ext));
        let stored = Stored {
            uid,
            synced: said.synced.unwrap_or_default(),
            atype: said.atype.or(atype),
            expires: said.expires.or(expires),
            ext: said.ext.or(ext),
        };
        self.ids.insert(said.partner, stored);
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "v": 1,
            "created": self.created,
            "last_seen": self.last_seen,
            "consent": { "ok": self.live, "updated": self.updated },
            "geo": { "country": self.country.map_or_else(|| "ZZ".to_owned(), country_text) },
        });
        if let Some(tcf) = self.tcf {
            body["consent"]["tcf"] = json!(tcf_text(tcf));
        }
        if let Some(sid) = self.gpp_sid {
            body["consent"]["gpp_sid"] = json!(sid.to_string());
        }
        if let Some(withdrawn) = self.withdrawn {
            body["consent"]["withdrawn"] = json!(withdrawn);
        }
        if let Some(is_mobile) = self.is_mobile {
            body["device"] = json!({ "is_mobile": is_mobile });
        }
        if let Some(origin) = self.origin {
            let seen: Vec<_> = self.domains.iter().map(|domain| domain_text(*domain)).collect();
            body["pub_properties"] =
                json!({ "origin_domain": domain_text(origin), "seen_domains": seen });
        }
        if let Some((size, checked)) = self.cluster {
            body["network"] = json!({ "cluster_size": size, "cluster_checked": checked });
        }
        for (partner, uid) in &self.ids {
            let place = &mut body["ids"][PARTNERS[*partner]];
            *place = json!({ "uid": uid_text(uid.uid), "synced": uid.synced });
            if let Some(atype) = uid.atype {
                place["atype"] = json!(atype);
            }
            if let Some(expires) = uid.expires {
                place["expires"] = json!(expires);
            }
            if let Some(ext) = uid.ext {
                place["ext"] = serde_json::from_str(ext).expect("an object");
            }
        }
        for (partner, time) in &self.removed {
            body["removed"][PARTNERS[*partner]] = json!(time);
        }
        body
    }
}

pub(crate) fn uid_text(uid: u8) -> String {
    format!("uid-{uid}")
}

pub(crate) fn tcf_text(tcf: u8) -> String {
    format!("CQinvented{tcf}")
}

pub(crate) fn domain_text(domain: u8) -> String {
    format!("d{domain}.example")
}

pub(crate) fn country_text(country: u8) -> String {
    ["FR", "US", "ZZ"][usize::from(country % 3)].to_owned()
}
