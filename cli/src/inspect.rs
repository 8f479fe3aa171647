//! `ec-graph inspect`.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use identity_graph::{Corrupt, EcId, Entry, Graph, GraphError, IdentityGraph, Policy, RawRow};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::args::{Ending, InspectArgs};
use crate::mask::{Mask, printable};
use crate::player::Player;
use crate::replay::{self, Trace};
use crate::stored::pretty;
use crate::text::{BOLD, DIM, GREEN, RED, count, number, utc};

/// Bytes of a body that is not JSON that are shown before and after the place where it breaks.
const AROUND: usize = 32;

/// The EC ID of a body that comes without one.
const UNNAMED: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Deserialize)]
struct StoredRow {
    key: String,
    metadata: Option<String>,
    body: String,
}

pub(crate) fn run(arguments: &InspectArgs) -> anyhow::Result<Ending> {
    let mask = if arguments.reveal { Mask::Reveal } else { Mask::Shorten };
    let mut player = Player::new()?;
    let mut bad = 0;
    let ec_id = match (&arguments.row, &arguments.ec_id) {
        (Some(path), _) => seed(path, &player)?,
        (None, Some(ec_id)) => {
            let ec_id = EcId::parse(ec_id)?;
            bad = replay::play(Trace::open(arguments.trace.as_deref())?, &mut player, None)?.bad;
            ec_id
        }
        (None, None) => bail!("give an EC ID, or a row with --row"),
    };
    let Some(raw) = player.graph.inspect(ec_id.as_str())? else {
        let _ = writeln!(io::stderr(), "no row for {ec_id} at the end of the trace");
        return Ok(Ending::Flawed);
    };
    let mut out = anstream::stdout().lock();
    let expires = player.store.row(ec_id.as_str()).and_then(|row| row.expires_at);
    // The clock of the trace's end; that of a row from a file stands at 0, so that all of it shows.
    let now = player.store.now();
    let broken_at = broken_at(&player, &ec_id, now);
    write_head(&mut out, &mask.ec_id(ec_id.as_str()), &raw, expires)?;
    write_stored(&mut out, &raw, broken_at, mask)?;
    writeln!(out, "\n{BOLD}As understood{BOLD:#}")?;
    match player.graph.get(ec_id.as_str(), now) {
        Ok(Some(snapshot)) => write_entry(&mut out, &snapshot.entry(), mask)?,
        Ok(None) => writeln!(out, "  no entry")?,
        Err(failure) => writeln!(out, "  {RED}{failure}{RED:#}")?,
    }
    out.flush()?;
    Ok(if bad == 0 { Ending::Good } else { Ending::Flawed })
}

/// Puts the row of a file into the store.
fn seed(path: &Path, player: &Player) -> anyhow::Result<EcId> {
    let named = || format!("cannot use {}", path.display());
    let file = fs::read(path).with_context(named)?;
    if is_bare_body(&file) {
        let ec_id = EcId::parse(UNNAMED)?;
        player.store.seed(ec_id.as_str(), file.trim_ascii_end(), None);
        return Ok(ec_id);
    }
    let row: StoredRow = serde_json::from_slice(&file).map_err(|error| {
        // The parser's own words may repeat what stands in the file.
        let (line, column) = (error.line(), error.column());
        anyhow!("expected a JSON object with the texts \"key\", \"metadata\" (or null) and \"body\"; line {line}, column {column} differs")
    }).with_context(named)?;
    let ec_id = EcId::parse(&row.key).with_context(|| format!("{}: \"key\"", path.display()))?;
    player.store.seed(ec_id.as_str(), row.body, row.metadata.as_deref());
    Ok(ec_id)
}

/// Whether a file is a row's body as such: what does not say that it has a key, or a body within.
fn is_bare_body(file: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Members {
        key: Option<IgnoredAny>,
        body: Option<IgnoredAny>,
    }
    let members = serde_json::from_slice::<Members>(file);
    members.map_or(true, |members| members.key.is_none() && members.body.is_none())
}

/// Where the body breaks, which the component tells in words only.
fn broken_at(player: &Player, ec_id: &EcId, now: u64) -> Option<usize> {
    let rules = Graph::new(&player.store, Policy::default()).ok()?;
    match rules.get(ec_id.as_str(), now) {
        Err(GraphError::Corrupt(Corrupt::NotUtf8(at) | Corrupt::NotJson(at))) => Some(at),
        _ => None,
    }
}

fn write_head(
    out: &mut impl Write,
    ec_id: &str,
    raw: &RawRow,
    expires: Option<u64>,
) -> io::Result<()> {
    writeln!(out, "{BOLD}Row {ec_id}{BOLD:#}")?;
    write!(out, "  generation {:016x}", raw.generation)?;
    if let Some(at) = expires {
        write!(out, ", kept until {}", utc(at))?;
    }
    writeln!(out)
}

fn write_stored(
    out: &mut impl Write,
    raw: &RawRow,
    broken_at: Option<usize>,
    mask: Mask,
) -> io::Result<()> {
    writeln!(out, "\n{BOLD}As stored{BOLD:#}")?;
    match &raw.metadata {
        None => writeln!(out, "  {DIM}metadata{DIM:#}  none")?,
        Some(text) => write_text(out, "metadata", text.as_bytes(), None, mask)?,
    }
    write_text(out, "body", &raw.body, broken_at, mask)?;
    if let Some(problem) = &raw.problem {
        writeln!(out, "  {RED}problem{RED:#}   {problem}")?;
    }
    Ok(())
}

fn write_text(
    out: &mut impl Write,
    name: &str,
    bytes: &[u8],
    broken_at: Option<usize>,
    mask: Mask,
) -> io::Result<()> {
    let length = count(bytes.len() as u64, "byte");
    let lines = std::str::from_utf8(bytes).ok().and_then(|text| pretty(text, mask));
    if let Some(lines) = lines {
        writeln!(out, "  {DIM}{name:<9}{DIM:#} {length}")?;
        return lines.iter().try_for_each(|line| writeln!(out, "    {line}"));
    }
    let place = broken_at.map_or_else(String::new, |at| format!(" at byte {}", number(at as u64)));
    writeln!(out, "  {DIM}{name:<9}{DIM:#} {length}, not JSON{place}")?;
    if mask == Mask::Shorten {
        let text = String::from_utf8_lossy(bytes);
        return writeln!(out, "    {}; --reveal shows it", mask.apply(&text));
    }
    write_hex(out, bytes, broken_at)
}

/// The bytes around a place, in hex and as text, sixteen a line.
fn write_hex(out: &mut impl Write, bytes: &[u8], broken_at: Option<usize>) -> io::Result<()> {
    let at = broken_at.unwrap_or_default();
    let from = at.saturating_sub(AROUND) / 16 * 16;
    let to = (at + AROUND).min(bytes.len());
    for (line, chunk) in bytes[from..to.max(from)].chunks(16).enumerate() {
        let offset = from + line * 16;
        let mut hex = String::new();
        for (index, byte) in chunk.iter().enumerate() {
            let mark = if Some(offset + index) == broken_at { '>' } else { ' ' };
            let _ = write!(hex, "{mark}{byte:02x}");
        }
        let text: String = chunk
            .iter()
            .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { *byte as char } else { '.' })
            .collect();
        writeln!(out, "    {offset:>8} {hex:<48}  {text}")?;
    }
    if at == bytes.len() {
        writeln!(out, "    {at:>8}  (the end)")?;
    }
    Ok(())
}

fn write_entry(out: &mut impl Write, entry: &Entry, mask: Mask) -> io::Result<()> {
    let mut line = |name: &str, value: String| writeln!(out, "  {DIM}{name:<14}{DIM:#} {value}");
    let state = if entry.consent.ok {
        format!("{GREEN}live{GREEN:#}")
    } else {
        format!("{RED}tombstone{RED:#}: consent was withdrawn")
    };
    line("state", state)?;
    line("version", entry.v.to_string())?;
    line("created", time(entry.created))?;
    line("last seen", entry.last_seen.map_or_else(|| "not stored".to_owned(), time))?;
    line(
        "consent",
        format!(
            "{} {}",
            if entry.consent.ok { "given" } else { "withdrawn" },
            time(entry.consent.updated)
        ),
    )?;
    let masked = |text: &Option<String>| text.as_deref().map(|text| mask.apply(text));
    if let Some(tcf) = masked(&entry.consent.tcf) {
        line("  TCF", tcf)?;
    }
    if let Some(gpp) = masked(&entry.consent.gpp) {
        line("  GPP", gpp)?;
    }
    if let Some(sections) = &entry.consent.gpp_sid {
        let is_list = sections.bytes().all(|b| b.is_ascii_digit() || b == b',');
        line("  sections", if is_list { sections.clone() } else { mask.apply(sections) })?;
    }
    if let Some(withdrawn) = entry.consent.withdrawn {
        line("  withdrawn", format!("{} before", time(withdrawn)))?;
    }
    let mut geo = entry.geo.country.clone();
    if let Some(region) = &entry.geo.region {
        let _ = write!(geo, ", region {region}");
    }
    if let Some(asn) = entry.geo.asn {
        let _ = write!(geo, ", AS{asn}");
    }
    if let Some(dma) = entry.geo.dma {
        let _ = write!(geo, ", market area {dma}");
    }
    line("place", geo)?;
    if let Some(device) = &entry.device {
        let mut parts =
            vec![["desktop", "mobile", "unknown"][usize::from(device.is_mobile.min(2))].to_owned()];
        parts.extend(device.platform_class.iter().map(|class| printable(class)));
        parts.extend(device.ja4_class.iter().map(|class| format!("JA4 {}", printable(class))));
        parts.extend(device.h2_fp_hash.iter().map(|hash| format!("HTTP/2 {}", printable(hash))));
        parts.extend(
            device
                .known_browser
                .map(|known| if known { "a known browser" } else { "no known browser" }.to_owned()),
        );
        line("device", parts.join(", "))?;
    }
    if let Some(properties) = &entry.pub_properties {
        line("first seen on", printable(&properties.origin_domain))?;
        line("seen on", printable(&properties.seen_domains.join(", ")))?;
    }
    if let Some(size) = entry.cluster_size {
        line("network", format!("shared by {}", count(size.into(), "EC ID")))?;
    }
    line("partners", number(entry.ids.len() as u64))?;
    let width = entry.ids.iter().map(|id| id.partner.len()).max().unwrap_or_default().min(28);
    for id in &entry.ids {
        let synced = id.synced.map_or_else(|| "at an unknown time".to_owned(), utc);
        let partner = printable(&id.partner);
        write!(out, "    {partner:<width$}  {}  {DIM}{synced}", mask.apply(&id.uid))?;
        if let Some(atype) = id.atype {
            write!(out, ", agent type {atype}")?;
        }
        if let Some(expires) = id.expires {
            write!(out, ", until {}", utc(expires))?;
        }
        if let Some(ext) = &id.ext {
            write!(out, ", ext {}", mask.apply(ext))?;
        }
        writeln!(out, "{DIM:#}")?;
    }
    Ok(())
}

fn time(seconds: u64) -> String {
    format!("{}  {DIM}{seconds}{DIM:#}", utc(seconds))
}
