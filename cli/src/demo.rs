//! `ec-graph demo`: one visitor's story.

use std::io::Write;

use anstyle::Style;
use identity_graph::{
    Device, Failure, Geo, IdentityGraph, Mapping, Name, NewEntry, PartnerUid, Report, VisitOutcome,
};

use crate::args::Ending;
use crate::mask::Mask;
use crate::player::Player;
use crate::text::{BOLD, CYAN, DIM, GREEN, RED, clock, cost, count, utc};

/// 2026-09-21 09:00:00 UTC.
const MORNING: u64 = 1_789_981_200;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;

const NETWORK: &str = "5a3e9c0f71d24b8896ce03fa1d7b42e05a3e9c0f71d24b8896ce03fa1d7b42e0";
const TCF: &str = "CQinventedForThisStoryOnly";
const ID5: &str = "ID5*invented-for-this-story";
const SHARED_ID: &str = "7c0ffee0-0000-4000-8000-00000000cafe";
const ADNXS: &str = "4207140713071107";

pub(crate) fn run() -> anyhow::Result<Ending> {
    let mut story = Story {
        player: Player::new()?,
        ec_id: format!("{NETWORK}.Ab12Cd"),
        out: anstream::stdout().lock(),
    };
    story.tell()?;
    story.out.flush()?;
    Ok(Ending::Good)
}

struct Story<W> {
    player: Player,
    ec_id: String,
    out: W,
}

/// What the graph answered, and whether that is good news.
struct Said(Style, String);

impl Said {
    fn done(words: impl Into<String>) -> Self {
        Self(GREEN, words.into())
    }

    fn nothing_to_do(words: impl Into<String>) -> Self {
        Self(CYAN, words.into())
    }

    fn refused(words: impl Into<String>) -> Self {
        Self(RED, words.into())
    }
}

impl<W: Write> Story<W> {
    fn tell(&mut self) -> anyhow::Result<()> {
        let shown = Mask::Shorten.ec_id(&self.ec_id);
        writeln!(self.out, "{BOLD}One visitor's day in the identity graph{BOLD:#}")?;
        writeln!(self.out, "{DIM}EC ID {shown}, {}{DIM:#}\n", utc(MORNING))?;
        self.morning()?;
        self.withdrawal()?;
        self.evening()?;
        writeln!(
            self.out,
            "  {DIM}Every answer above is the component's own, over a store in memory.{DIM:#}"
        )?;
        Ok(())
    }

    fn morning(&mut self) -> anyhow::Result<()> {
        let at = MORNING;
        let ids = vec![id("pubcid.org", SHARED_ID, at), id("id5-sync.com", ID5, at)];
        self.step(
            at,
            "First visit to news.example: consent is given, two modules in the",
            "page bring an ID each",
            |player, ec_id| visit(player, ec_id, ids.clone(), at),
        )?;
        let at = MORNING + 20;
        self.step(at, "The next page, with the same two IDs", "", |player, ec_id| {
            visit(player, ec_id, ids.clone(), at)
        })?;
        let at = MORNING + 12 * MINUTE;
        self.step(at, "A page twelve minutes later", "", |player, ec_id| {
            visit(player, ec_id, Vec::new(), at)
        })?;
        let at = MORNING + 30 * MINUTE;
        self.step(at, "adnxs.com tells its ID for this browser", "", |player, ec_id| {
            sync(player, ec_id, ADNXS, at - 60, at)
        })?;
        let at = MORNING + 31 * MINUTE;
        self.step(at, "adnxs.com sends the same again", "", |player, ec_id| {
            sync(player, ec_id, ADNXS, at, at)
        })?;
        let at = MORNING + 40 * MINUTE;
        self.step(
            at,
            "adnxs.com sends another ID, out of a file of yesterday",
            "",
            |player, ec_id| sync(player, ec_id, "1107130714074207", at - 24 * HOUR, at),
        )?;
        let at = MORNING + HOUR;
        self.step(
            at,
            "Another browser of the household came: how many share the network?",
            "",
            |player, ec_id| {
                player.graph.create(&format!("{NETWORK}.Zz9Yy8"), page_view(Vec::new(), at))?;
                let _ = player.store.take_store_calls();
                let size = player.graph.evaluate_cluster(ec_id, at)?;
                Ok(Said::done(format!(
                    "{} share it",
                    count(size.unwrap_or_default().into(), "EC ID")
                )))
            },
        )
    }

    fn withdrawal(&mut self) -> anyhow::Result<()> {
        let withdrawn = MORNING + 3 * HOUR;
        self.step(withdrawn, "Consent is withdrawn", "", |player, ec_id| {
            player.graph.write_withdrawal_tombstone(ec_id, withdrawn)?;
            Ok(Said::done("withdrawn: a tombstone takes the row's place"))
        })?;
        let at = withdrawn + 40;
        self.step(
            at,
            "A late sync of adnxs.com, which has not heard of it",
            "",
            |player, ec_id| sync(player, ec_id, ADNXS, withdrawn + 10, at),
        )?;
        let at = withdrawn + 10 * MINUTE;
        self.step(
            at,
            "A page from another tab, still with the old cookie and its IDs",
            "",
            |player, ec_id| {
                // Not a visit, which would be consent anew: the application looks first.
                let entry = player.graph.get(ec_id, at)?.map(|snapshot| snapshot.entry());
                Ok(match entry {
                    Some(entry) if !entry.consent.ok => {
                        Said::refused("withdrawn: nothing is written")
                    }
                    _ => visit(player, ec_id, vec![id("id5-sync.com", ID5, at)], at)?,
                })
            },
        )?;
        let at = withdrawn + 11 * MINUTE;
        let old = withdrawn - 5;
        self.step(
            at,
            "A request of five seconds before the withdrawal arrives at last",
            "",
            |player, ec_id| visit(player, ec_id, Vec::new(), old),
        )
    }

    fn evening(&mut self) -> anyhow::Result<()> {
        let at = MORNING + 9 * HOUR;
        self.step(at, "The visitor consents anew (re-consent)", "", |player, ec_id| {
            let ids = vec![id("pubcid.org", SHARED_ID, at)];
            visit(player, ec_id, ids, at)
        })?;
        let at = at + 5 * MINUTE;
        self.step(at, "adnxs.com syncs, and is welcome again", "", |player, ec_id| {
            sync(player, ec_id, ADNXS, at, at)
        })
    }

    /// One thing that happens: tells it, does it, and shows the answer, what it cost and the row.
    fn step(
        &mut self,
        at: u64,
        what: &str,
        more: &str,
        act: impl FnOnce(&Player, &str) -> Result<Said, Failure>,
    ) -> anyhow::Result<()> {
        self.player.store.set_now(at);
        let Said(style, answer) = act(&self.player, &self.ec_id)?;
        let cost = cost(&self.player.store.take_store_calls());
        let row = self.row()?;
        let _ = self.player.store.take_store_calls();
        let out = &mut self.out;
        writeln!(out, "  {BOLD}{}{BOLD:#}  {what}", clock(at))?;
        if !more.is_empty() {
            writeln!(out, "      {DIM}│{DIM:#}     {more}")?;
        }
        let room = 50;
        writeln!(
            out,
            "      {DIM}│{DIM:#}     {style}{answer:<room$}{style:#} {DIM}{cost}{DIM:#}"
        )?;
        writeln!(out, "      {DIM}│{DIM:#}     {row}")?;
        writeln!(out, "      {DIM}│{DIM:#}")?;
        Ok(())
    }

    /// The row in one line.
    fn row(&self) -> Result<String, Failure> {
        let Some(snapshot) = self.player.graph.get(&self.ec_id, self.player.store.now())? else {
            return Ok("no row".to_owned());
        };
        let entry = snapshot.entry();
        if !entry.consent.ok {
            return Ok(format!("{RED}✝ tombstone{RED:#}"));
        }
        let partners: Vec<&str> = entry.ids.iter().map(|id| id.partner.as_str()).collect();
        Ok(format!("{GREEN}● live{GREEN:#}  {}", partners.join(", ")))
    }
}

fn id(partner: &str, uid: &str, at: u64) -> PartnerUid {
    PartnerUid::new(partner, uid).synced(at)
}

fn page_view(ids: Vec<PartnerUid>, now: u64) -> NewEntry {
    NewEntry {
        tcf: Some(TCF.to_owned()),
        geo: Some(Geo::from_lookup("DE", "BE", 64_500, 0)),
        device: Some(Device {
            is_mobile: 1,
            ja4_class: Some("t13d2014h2".to_owned()),
            platform_class: Some("ios".to_owned()),
            h2_fp_hash: None,
            known_browser: Some(true),
        }),
        domain: Some("news.example".to_owned()),
        ids,
        ..NewEntry::at(now)
    }
}

fn told(report: &Report<VisitOutcome>) -> Said {
    match report.outcome {
        VisitOutcome::Created => Said::done("created"),
        VisitOutcome::Written => Said::done("written"),
        VisitOutcome::Unchanged => Said::nothing_to_do("unchanged: nothing is new"),
        VisitOutcome::Revived => Said::done("revived: this consent is newer than the withdrawal"),
        VisitOutcome::Withdrawn => {
            Said::refused("withdrawn: the withdrawal is newer, and it stands")
        }
    }
}

/// A page view: one read, and one write at most.
fn visit(player: &Player, ec_id: &str, ids: Vec<PartnerUid>, at: u64) -> Result<Said, Failure> {
    Ok(told(&player.graph.visit(ec_id, page_view(ids, at))?))
}

fn sync(player: &Player, ec_id: &str, uid: &str, synced: u64, now: u64) -> Result<Said, Failure> {
    let mapping = Mapping::new(ec_id, uid, synced);
    let outcomes = player.graph.sync_partner_ids("adnxs.com", &[mapping], now)?;
    let outcome = outcomes.first().map_or("no answer", |outcome| outcome.name());
    Ok(match outcome {
        "written" => Said::done(outcome),
        "unchanged" => Said::nothing_to_do(outcome),
        "stale" => Said::nothing_to_do("stale: what the row says was asserted later"),
        "withdrawn" => Said::refused("withdrawn: the late sync is refused"),
        other => Said::refused(other),
    })
}
