//! What a replay did, at a glance.

use std::fmt::Write as _;

use crate::player::{Group, OfKind, Player};
use crate::replay::Missed;
use crate::text::{BOLD, CYAN, DIM, bar, count, number, ratio, utc};
use crate::trace::Kind;

/// Columns of the longest bar.
const BAR: u64 = 30;

/// The summary, with colours that are stripped where they are not wanted.
pub(crate) fn summary(title: &str, player: &Player, missed: &Missed) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_head(&mut text, title, player, missed.bad);
    let _ = write_traffic(&mut text, player);
    let _ = write_outcomes(&mut text, player);
    let _ = write_rows(&mut text, player);
    if missed.left_out.all > 0 {
        let all = number(missed.left_out.all);
        let _ = writeln!(text, "\n{BOLD}{:<24}{all:>10}{BOLD:#}", "Items left out");
        text.push_str(&missed.left_out.lines());
    }
    text
}

fn write_head(text: &mut String, title: &str, player: &Player, bad: u64) -> std::fmt::Result {
    let totals = &player.totals;
    writeln!(text, "{BOLD}{title}, replayed through the identity graph{BOLD:#}")?;
    write!(text, "{}", count(totals.events(), "event"))?;
    if let Some((from, to)) = totals.span {
        write!(text, ", {} to {}", utc(from), utc(to))?;
    }
    if bad > 0 {
        write!(text, ", {}", count(bad, "bad line"))?;
    }
    writeln!(text)
}

fn write_traffic(text: &mut String, player: &Player) -> std::fmt::Result {
    let totals = &player.totals;
    let of = |kind| totals.of(kind);
    let views = sum([of(Kind::Visit), of(Kind::FirstVisit), of(Kind::View)]);
    let first = of(Kind::FirstVisit).events + totals.created_by_views;
    writeln!(
        text,
        "\n{BOLD}{:<24}{:>10}{:>12}{:>12}{:>10}{:>10}{BOLD:#}",
        "Traffic", "events", "reads", "writes", "reads/ev", "writes/ev"
    )?;
    for (name, of_kind) in [
        ("page views", views),
        ("syncs", of(Kind::Sync)),
        ("removals", of(Kind::Remove)),
        ("withdrawals", of(Kind::Withdraw)),
        ("re-consents", of(Kind::Consent)),
        ("data deletions", of(Kind::Delete)),
        ("cluster checks", of(Kind::Cluster)),
    ] {
        write_line(text, name, of_kind)?;
        let mut part =
            |name: &str, of: String| writeln!(text, "  {DIM}  {name:<20}{of:>10}{DIM:#}");
        match name {
            "page views" => {
                part("first", number(first))?;
                part("returning", number(views.events - first))?;
            }
            "syncs" => part("mappings", number(totals.mappings))?,
            _ => {}
        }
    }
    write_line(text, "in all", sum(totals.by_kind))?;
    writeln!(
        text,
        "\n  A page view cost {CYAN}{} reads and {} writes{CYAN:#} of the store.",
        ratio(views.reads, views.events),
        ratio(views.writes, views.events)
    )
}

fn sum(parts: impl IntoIterator<Item = OfKind>) -> OfKind {
    parts.into_iter().fold(OfKind::default(), |sum, part| OfKind {
        events: sum.events + part.events,
        reads: sum.reads + part.reads,
        writes: sum.writes + part.writes,
    })
}

fn write_line(text: &mut String, name: &str, of_kind: OfKind) -> std::fmt::Result {
    let OfKind { events, reads, writes } = of_kind;
    writeln!(
        text,
        "  {name:<22}{:>10}{:>12}{:>12}{:>10}{:>10}",
        number(events),
        number(reads),
        number(writes),
        ratio(reads, events),
        ratio(writes, events)
    )
}

fn write_outcomes(text: &mut String, player: &Player) -> std::fmt::Result {
    writeln!(text, "\n{BOLD}Outcomes{BOLD:#}")?;
    for (group, title) in [
        (Group::PageViews, "page views"),
        (Group::Mappings, "sync mappings"),
        (Group::Removals, "removals"),
        (Group::Withdrawals, "withdrawals"),
        (Group::Consents, "re-consents"),
        (Group::Deletions, "data deletions"),
        (Group::Clusters, "cluster checks"),
    ] {
        let of_group = player.totals.outcomes.iter().filter(|((of, _), _)| *of == group);
        let mut counts: Vec<_> = of_group.map(|((_, word), count)| (*word, *count)).collect();
        counts.sort_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
        let all: u64 = counts.iter().map(|(_, count)| count).sum();
        for (at, (word, count)) in counts.into_iter().enumerate() {
            let title = if at == 0 { title } else { "" };
            let (shown, bar) = (number(count), bar(count, all, BAR));
            writeln!(text, "  {title:<16}{word:<18}{shown:>10}  {CYAN}{bar}{CYAN:#}")?;
        }
    }
    Ok(())
}

fn write_rows(text: &mut String, player: &Player) -> std::fmt::Result {
    let rows = player.rows();
    let all = rows.live + rows.tombstones + rows.unreadable;
    writeln!(text, "\n{BOLD}{:<24}{:>10}{BOLD:#}", "Rows at the end", number(all))?;
    writeln!(text, "  {:<22}{:>10}", "live", number(rows.live))?;
    writeln!(text, "  {DIM}  {:<20}{:>10}{DIM:#}", "with partners", number(rows.with_partners))?;
    writeln!(text, "  {:<22}{:>10}", "tombstones", number(rows.tombstones))?;
    if rows.unreadable > 0 {
        writeln!(text, "  {:<22}{:>10}", "unreadable", number(rows.unreadable))?;
    }
    Ok(())
}
