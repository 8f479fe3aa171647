//! What the operator's page looks like. It has no script.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use identity_graph::{EcId, Entry};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::admin::Found;
use crate::answer::{self, Response};
use crate::operator::ADDRESS;

const STYLE: &str = include_str!("operator.css");
/// Width of the drawing, in its own units.
const WIDTH: u64 = 1_000;
/// Width of a moment.
const MOMENT: u64 = 10;

/// What became of the last form.
#[derive(Clone, Copy)]
pub(crate) enum Said<'s> {
    Done(&'s str),
    Failed(&'s str),
}

/// The form for the token.
pub(crate) fn sign_in(status: StatusCode, said: Option<Said>) -> Response {
    let form = html! {
        form method="post" action=(ADDRESS) {
            label for="token" { "Operator's token" }
            input id="token" name="token" type="password" autocomplete="off" required;
            button name="do" value="sign-in" { "Sign in" }
        }
    };
    page(status, said, &form)
}

/// The form for an EC ID.
pub(crate) fn look_up(status: StatusCode, said: Option<Said>) -> Response {
    page(status, said, &look_up_form())
}

fn look_up_form() -> Markup {
    html! {
        form method="post" action=(ADDRESS) {
            label for="ec_id" { "EC ID" }
            input id="ec_id" name="ec_id" autocomplete="off" spellcheck="false" required;
            button name="do" value="look-up" { "Look up" }
        }
        form method="post" action=(ADDRESS) { button name="do" value="sign-out" { "Sign out" } }
    }
}

/// A row.
pub(crate) fn row(id: &EcId, found: &Found, now: u64, said: Option<Said>) -> Response {
    let body = String::from_utf8_lossy(&found.row.body);
    let page_of_row = html! {
        h2 { "Row " span.id { (id.as_str()) } }
        @if let Some(problem) = &found.row.problem {
            p.failed { "It cannot be read: " (problem) }
        }
        @match &found.entry {
            Some(entry) => (timeline(entry, now)),
            None => { p { "It is shown as it is stored." } }
        }
        details open[found.entry.is_none()] {
            summary { "As it is stored" }
            p { "Generation " (found.row.generation) }
            pre { (body) }
            @if let Some(metadata) = &found.row.metadata { pre { (metadata) } }
        }
        (action(id, "withdraw", "Withdraw", "Leaves a tombstone: consent and user IDs are gone, and the ID is not used again."))
        (action(id, "delete", "Delete", "Leaves nothing, not even the withdrawal: the next visit of the browser makes a row anew."))
        h2 { "Another row" }
        (look_up_form())
    };
    page(StatusCode::OK, said, &page_of_row)
}

fn action(id: &EcId, action: &str, name: &str, effect: &str) -> Markup {
    html! {
        form method="post" action=(ADDRESS) {
            input type="hidden" name="ec_id" value=(id.as_str());
            p { (effect) }
            label { input type="checkbox" required; " I mean this row" }
            button name="do" value=(action) { (name) }
        }
    }
}

/// What happened, or holds, from a time to another.
struct Lane<'e> {
    name: &'e str,
    from: u64,
    to: u64,
    says: String,
}

fn lanes(entry: &Entry) -> Vec<Lane<'_>> {
    let moment = |name, at: u64, says: &str| Lane {
        name,
        from: at,
        to: at,
        says: format!("{says} {}", time(at)),
    };
    let mut lanes = vec![match entry.last_seen {
        Some(seen) => Lane {
            name: "Row",
            from: entry.created,
            to: seen,
            says: format!("created {}, last seen {}", time(entry.created), time(seen)),
        },
        None => moment("Row", entry.created, "created"),
    }];
    let consent = &entry.consent;
    lanes.push(if consent.ok {
        moment("Consent", consent.updated, "given or changed")
    } else {
        moment("Consent", consent.updated, "withdrawn")
    });
    if let Some(at) = consent.withdrawn {
        lanes.push(moment("Earlier withdrawal", at, "withdrawn"));
    }
    lanes.extend(entry.ids.iter().map(|id| {
        // One whose time is not known is as old as the row.
        let synced = id.synced.unwrap_or(entry.created);
        let at = id.synced.map_or_else(|| "at a time that is not known".to_owned(), time);
        match id.expires {
            Some(expires) => Lane {
                name: &id.partner,
                from: synced,
                to: expires,
                says: format!("synced {at}, expires {}", time(expires)),
            },
            None => {
                Lane { name: &id.partner, from: synced, to: synced, says: format!("synced {at}") }
            }
        }
    }));
    lanes
}

fn timeline(entry: &Entry, now: u64) -> Markup {
    let lanes = lanes(entry);
    let first = lanes.iter().map(|lane| lane.from.min(lane.to)).min().unwrap_or(now).min(now);
    let last = lanes.iter().map(|lane| lane.from.max(lane.to)).max().unwrap_or(now).max(now);
    let span = (last - first).max(1);
    // A moment has to fit in at the end.
    let x = |at: u64| {
        let share = u128::from(at - first) * u128::from(WIDTH - MOMENT) / u128::from(span);
        u64::try_from(share).unwrap_or(WIDTH)
    };
    html! {
        ol.lanes {
            @for lane in &lanes {
                @let (from, to) = (x(lane.from.min(lane.to)), x(lane.from.max(lane.to)));
                li {
                    b { (lane.name) }
                    svg viewBox=(format!("0 0 {WIDTH} 12")) preserveAspectRatio="none" aria-hidden="true" {
                        rect.axis x="0" y="5" width=(WIDTH) height="2" {}
                        rect.now x=(x(now)) y="0" width="3" height="12" {}
                        rect.span x=(from) y="2" width=(to - from + MOMENT) height="8" {}
                    }
                    span { (lane.says) }
                }
            }
        }
        p.ends { span { (time(first)) } span { (time(last)) } }
        p { "The thin line is now: " (time(now)) "." }
    }
}

fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().map(Timestamp::from_second);
    let Some(Ok(time)) = time else { return seconds.to_string() };
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A response of the page without content.
pub(crate) fn empty(status: StatusCode) -> Response {
    answer::response(status, "text/html; charset=utf-8", Vec::new())
}

fn page(status: StatusCode, said: Option<Said>, content: &Markup) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Identity graph" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Identity graph" }
                    @match said {
                        Some(Said::Done(text)) => { p.done role="status" { (text) } }
                        Some(Said::Failed(text)) => { p.failed role="alert" { (text) } }
                        None => {}
                    }
                    (content)
                }
            }
        }
    };
    let mut response = empty(status);
    *response.body_mut() = page.into_string().into_bytes();
    let headers = response.headers_mut();
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // With none at all browsers would not say where a form comes from.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use identity_graph::{NewEntry, PartnerUid};

    use super::*;

    #[test]
    fn times_are_written_as_people_read_them() {
        assert_eq!(time(1_790_000_000), "2026-09-21 14:13:20 UTC");
        assert_eq!(time(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(time(u64::MAX), u64::MAX.to_string());
    }

    #[test]
    fn what_is_stored_is_escaped_and_drawn_between_its_times() {
        let mut entry = Entry::new(NewEntry::at(1_000)).unwrap();
        entry.ids = vec![PartnerUid {
            synced: Some(2_000),
            expires: Some(3_000),
            ..PartnerUid::new("<b>&\"", "u")
        }];
        let drawn = timeline(&entry, 2_000).into_string();
        assert!(drawn.contains("&lt;b&gt;&amp;&quot;") && !drawn.contains("<b><b>"), "{drawn}");
        // From the middle of the time to its end.
        assert!(drawn.contains(r#"<rect class="span" x="495" y="2" width="505" height="8">"#));
    }

    #[test]
    fn a_row_of_one_moment_is_drawn() {
        let entry = Entry::new(NewEntry::at(1_000)).unwrap();
        assert!(timeline(&entry, 1_000).into_string().contains(r#"x="0" y="2" width="10""#));
    }
}
