//! Arguments of operations, read from the fuzzer's bytes.

use arbitrary::Result;
use identity_graph::{Device, Geo, Mapping, NewEntry, PartnerUid};

use crate::script::Script;

/// One EC ID is bare, two are a provider's, and the last is none.
pub(crate) const IDS: [&str; 6] = [
    "3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f",
    "3F3F3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f.Fuzz11",
    "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e.fuzz11",
    "acme~SECRET-Visitor.1",
    "id5~SECRET",
    "4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e.",
];
/// The last is none.
pub(crate) const PARTNERS: [&str; 4] = ["a.example", "B.example", "acme_ssp", "no partner"];
/// The last two are none.
const UIDS: [&str; 5] = ["SECRET-A", "SECRET-B", "\"\\\u{e9}", " ", "$UID"];
const EXTS: [&str; 4] = [r#"{"SECRET":1}"#, "{}", "[]", r#"{"a":{"a":"\u00e9"}"#];
/// A clock in milliseconds.
const MILLISECONDS: u64 = 1_790_000_000_000;

/// A time among those of the rows, seldom any other.
pub(crate) fn time(script: &Script<'_>) -> Result<u64> {
    script.next(|bytes| match bytes.int_in_range(0..=15)? {
        0 => bytes.arbitrary(),
        1 => Ok(MILLISECONDS),
        _ => bytes.int_in_range(900..=3_000),
    })
}

fn maybe<T>(
    script: &Script<'_>,
    one_in: u8,
    give: impl FnOnce() -> Result<T>,
) -> Result<Option<T>> {
    if script.next(|bytes| bytes.ratio(1, one_in))? { give().map(Some) } else { Ok(None) }
}

pub(crate) fn uid(script: &Script<'_>) -> Result<PartnerUid> {
    let synced = maybe(script, 2, || time(script))?;
    let (partner, uid) = script.next(|bytes| {
        let partner =
            if bytes.ratio(1, 16)? { PARTNERS[3] } else { bytes.choose(&PARTNERS[..3])? };
        let uid = if bytes.ratio(1, 16)? { &UIDS[3..] } else { &UIDS[..3] };
        Ok((partner, *bytes.choose(uid)?))
    })?;
    let atype = maybe(script, 4, || script.next(|bytes| bytes.arbitrary()))?;
    let expires = maybe(script, 4, || time(script))?;
    let ext = maybe(script, 4, || script.next(|bytes| bytes.choose(&EXTS).copied()))?;
    let ext = ext.map(str::to_owned);
    Ok(PartnerUid { synced, atype, expires, ext, ..PartnerUid::new(partner, uid) })
}

pub(crate) fn uids(script: &Script<'_>) -> Result<Vec<PartnerUid>> {
    let count = script.next(|bytes| bytes.int_in_range(0..=4))?;
    (0..count).map(|_| uid(script)).collect()
}

pub(crate) fn partners(script: &Script<'_>) -> Result<Vec<String>> {
    let count = script.next(|bytes| bytes.int_in_range(0..=4))?;
    let partner = |_| script.next(|bytes| bytes.choose(&PARTNERS).map(|key| (*key).to_owned()));
    (0..count).map(partner).collect()
}

pub(crate) fn mappings(script: &Script<'_>) -> Result<Vec<Mapping>> {
    let count = script.next(|bytes| bytes.int_in_range(0..=6))?;
    let mapping = |_| {
        let PartnerUid { uid, synced, atype, expires, ext, .. } = uid(script)?;
        let ec_id = script.next(|bytes| bytes.choose(&IDS).copied())?.to_owned();
        let synced = synced.unwrap_or_default();
        let uid = if script.next(|bytes| bytes.ratio(1, 4))? { None } else { Some(uid) };
        Ok(Mapping { ec_id, uid, synced, atype, expires, ext })
    };
    (0..count).map(mapping).collect()
}

pub(crate) fn visit(script: &Script<'_>, now: u64) -> Result<NewEntry> {
    let ids = uids(script)?;
    script.next(|bytes| {
        let country = bytes.choose(&["US", "de", "T1", ""])?;
        let region = bytes.choose(&[None, Some("OR"), Some("NO REGION")])?;
        let geo = Geo {
            country: (*country).to_owned(),
            region: region.map(str::to_owned),
            asn: bytes.arbitrary()?,
            dma: bytes.arbitrary()?,
        };
        let device = Device {
            is_mobile: bytes.int_in_range(0..=3)?,
            ja4_class: bytes.arbitrary()?,
            platform_class: None,
            h2_fp_hash: None,
            known_browser: bytes.arbitrary()?,
        };
        let domains = [None, Some("news.example"), Some("News_2.example."), Some("no domain")];
        let domain = bytes.choose(&domains)?.map(str::to_owned);
        Ok(NewEntry {
            tcf: bytes.arbitrary()?,
            gpp: bytes.arbitrary()?,
            gpp_sid: bytes.arbitrary()?,
            geo: bytes.ratio(1, 2)?.then_some(geo),
            device: bytes.ratio(1, 2)?.then_some(device),
            domain,
            ids,
            now,
        })
    })
}
