//! What a visit of a trace brings.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use identity_graph::{Device, Geo, NewEntry, PartnerUid, Uid};
use serde::Deserialize;

use serde_json::value::RawValue;

use super::event::Places;
use super::value::{NO_LIST, NO_OBJECT, NO_TEXT, Notes, Raw, list, number, object, text};

/// The fields of a visit, not yet read.
pub(super) struct VisitFields<'a> {
    pub(super) domain: Raw<'a>,
    pub(super) tcf: Raw<'a>,
    pub(super) gpp: Raw<'a>,
    pub(super) gpp_sid: Raw<'a>,
    pub(super) geo: Raw<'a>,
    pub(super) device: Raw<'a>,
    pub(super) eids: Raw<'a>,
}

#[derive(Deserialize)]
struct GeoFields<'a> {
    #[serde(borrow, default)]
    country: Raw<'a>,
    #[serde(borrow, default)]
    region: Raw<'a>,
    #[serde(borrow, default)]
    asn: Raw<'a>,
    #[serde(borrow, default)]
    dma: Raw<'a>,
}

#[derive(Deserialize)]
struct DeviceFields<'a> {
    #[serde(borrow, default)]
    is_mobile: Raw<'a>,
    #[serde(borrow, default)]
    ja4_class: Raw<'a>,
    #[serde(borrow, default)]
    platform_class: Raw<'a>,
    #[serde(borrow, default)]
    h2_fp_hash: Raw<'a>,
    #[serde(borrow, default)]
    known_browser: Raw<'a>,
}

/// An extended ID of `OpenRTB`, as Prebid.js gives it.
#[derive(Deserialize)]
struct EidFields<'a> {
    #[serde(borrow, default)]
    source: Raw<'a>,
    #[serde(borrow, default)]
    uids: Raw<'a>,
    #[serde(borrow, default)]
    inserter: Raw<'a>,
    #[serde(borrow, default)]
    matcher: Raw<'a>,
    #[serde(borrow, default)]
    mm: Raw<'a>,
}

#[derive(Deserialize)]
struct UidFields<'a> {
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    atype: Raw<'a>,
    #[serde(borrow, default)]
    expires: Raw<'a>,
    #[serde(borrow, default)]
    ext: Raw<'a>,
}

impl VisitFields<'_> {
    /// What an entry is made of, and which EID each of its UIDs was.
    pub(super) fn read(self, at: u64, notes: &mut Notes) -> (NewEntry, Places) {
        let (ids, places) = eids(self.eids, at, notes);
        let entry = NewEntry {
            tcf: notes.text("tcf", self.tcf),
            gpp: notes.text("gpp", self.gpp),
            gpp_sid: notes.want(
                "gpp_sid",
                self.gpp_sid,
                sections,
                "no section IDs such as \"2,6\"",
            ),
            geo: geo(self.geo, notes),
            device: device(self.device, notes),
            domain: notes.text("domain", self.domain),
            ids,
            now: at,
        };
        (entry, places)
    }
}

/// The IDs of GPP sections: a text, a number, or a list of numbers as `OpenRTB` has it.
fn sections(raw: &RawValue) -> Option<String> {
    let of_numbers = |list: Vec<&RawValue>| {
        let numbers: Option<Vec<_>> =
            list.into_iter().map(|raw| number(raw).map(|n| n.to_string())).collect();
        numbers.map(|numbers| numbers.join(","))
    };
    text(raw).or_else(|| number(raw).map(|n| n.to_string())).or_else(|| of_numbers(list(raw)?))
}

fn geo(raw: Raw<'_>, notes: &mut Notes) -> Option<Geo> {
    let geo: GeoFields<'_> = notes.want("geo", raw, object, NO_OBJECT)?;
    let small = |raw: &RawValue| number(raw).and_then(|number| u32::try_from(number).ok());
    Some(Geo {
        // None is as good as unknown.
        country: notes.text("geo.country", geo.country).unwrap_or_default(),
        region: notes.text("geo.region", geo.region),
        asn: notes.want("geo.asn", geo.asn, small, "not the number of an autonomous system"),
        dma: notes.want("geo.dma", geo.dma, number, "not the number of a market area"),
    })
}

fn device(raw: Raw<'_>, notes: &mut Notes) -> Option<Device> {
    let device: DeviceFields<'_> = notes.want("device", raw, object, NO_OBJECT)?;
    let small = |raw: &RawValue| number(raw).and_then(|number| u8::try_from(number).ok());
    let truth = |raw: &RawValue| raw.get().parse().ok();
    let is_mobile = notes.want("device.is_mobile", device.is_mobile, small, "none of 0, 1 and 2");
    Some(Device {
        is_mobile: is_mobile.unwrap_or(Device::default().is_mobile),
        ja4_class: notes.text("device.ja4_class", device.ja4_class),
        platform_class: notes.text("device.platform_class", device.platform_class),
        h2_fp_hash: notes.text("device.h2_fp_hash", device.h2_fp_hash),
        known_browser: notes.want(
            "device.known_browser",
            device.known_browser,
            truth,
            "neither true nor false",
        ),
    })
}

/// The UIDs that the browser brought, asserted when it came.
fn eids(raw: Raw<'_>, at: u64, notes: &mut Notes) -> (Vec<PartnerUid>, Places) {
    let (mut ids, mut places) = (Vec::new(), Vec::new());
    let eids = notes.want("eids", raw, list, NO_LIST).unwrap_or_default();
    for (place, raw) in eids.into_iter().enumerate() {
        if let Some(id) = eid(place, raw, notes) {
            ids.push(id.synced(at));
            places.push(place);
        }
    }
    (ids, places)
}

/// The UID of a source: of several the first that can be stored, since a row keeps one.
fn eid(place: usize, raw: &RawValue, notes: &mut Notes) -> Option<PartnerUid> {
    let name = |part: &str| format!("eids[{place}]{part}");
    let Some(eid) = object::<EidFields<'_>>(raw) else {
        notes.leave_out(name(""), NO_OBJECT);
        return None;
    };
    let Some(source) = eid.source.and_then(text) else {
        notes.leave_out(name(".source"), "missing, or not a text, and with it the EID");
        return None;
    };
    let uids = match eid.uids.and_then(list) {
        Some(uids) if !uids.is_empty() => uids,
        _ => {
            notes.leave_out(name(".uids"), "no list of UIDs, or an empty one");
            return None;
        }
    };
    let mut chosen: Option<(usize, UidFields<'_>, String)> = None;
    for (number, raw) in uids.into_iter().enumerate() {
        let name = |part: &str| format!("eids[{place}].uids[{number}]{part}");
        let Some(fields) = object::<UidFields<'_>>(raw) else {
            notes.leave_out(name(""), NO_OBJECT);
            continue;
        };
        let Some(id) = fields.id.and_then(text) else {
            let why = if fields.id.is_some() { NO_TEXT } else { "missing" };
            notes.leave_out(name(".id"), format!("{why}, and with it the UID"));
            continue;
        };
        match (&chosen, Uid::check(&id)) {
            (None, _) => chosen = Some((number, fields, id)),
            (Some((earlier, _, other)), Ok(())) => match Uid::check(other) {
                Ok(()) => notes.leave_out(name(""), "another UID of the source; a row keeps one"),
                Err(rule) => {
                    let earlier = format!("eids[{place}].uids[{earlier}]");
                    notes.leave_out(earlier, rule.to_string());
                    chosen = Some((number, fields, id));
                }
            },
            (Some(_), Err(rule)) => notes.leave_out(name(""), rule.to_string()),
        }
    }
    let (number, fields, id) = chosen?;
    let name = |part: &str| format!("eids[{place}].uids[{number}]{part}");
    let ext = ext(&name(".ext"), fields.ext, notes);
    Some(PartnerUid {
        atype: agent_type(&name(".atype"), fields.atype, notes),
        expires: notes.time(&name(".expires"), fields.expires),
        ext: with_provenance(ext, &eid),
        ..PartnerUid::new(source, id)
    })
}

/// Any number, since vendors have their own.
pub(super) fn agent_type(field: &str, raw: Raw<'_>, notes: &mut Notes) -> Option<u32> {
    let small = |raw: &RawValue| number(raw).and_then(|number| u32::try_from(number).ok());
    notes.want(field, raw, small, "not a number from 0 to 4294967295")
}

/// An object as it is written. Whether it may be stored is for the graph to say.
pub(super) fn ext(field: &str, raw: Raw<'_>, notes: &mut Notes) -> Option<String> {
    let written = |raw: &RawValue| raw.get().starts_with('{').then(|| raw.get().to_owned());
    notes.want(field, raw, written, "not an object")
}

/// The `ext` of a UID together with who inserted and matched it, which `OpenRTB` has beside the UIDs.
fn with_provenance(ext: Option<String>, eid: &EidFields<'_>) -> Option<String> {
    let beside = [("inserter", eid.inserter), ("matcher", eid.matcher), ("mm", eid.mm)];
    if beside.iter().all(|(_, raw)| raw.is_none()) {
        return ext;
    }
    let mut text = ext.unwrap_or_else(|| "{}".to_owned());
    let has: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
    let mut is_empty = has.is_empty();
    // In front of the brace that closes the object.
    text.truncate(text.trim_end().len().saturating_sub(1));
    for (name, raw) in beside {
        if let Some(raw) = raw.filter(|_| !has.contains_key(name)) {
            let comma = if is_empty { "" } else { "," };
            let _ = write!(text, "{comma}\"{name}\":{}", raw.get());
            is_empty = false;
        }
    }
    text.push('}');
    Some(text)
}
