//! `GET /_ts/api/v1/identify`: what a partner knows the browser of this request by.

use edge_consent::{Consent, Why};
use http::{HeaderMap, StatusCode};
use identity_graph::{Entry, Failure, PartnerUid};
use serde::Serialize;

use crate::answer::{Problem, Response, code, json};
use crate::asking;
use crate::config::Config;
use crate::consent::{Sent, log_unreadable};
use crate::cookies;
use crate::eids::{Eid, Uid};
use crate::partner::{self, Partner};
use crate::platform::{GraphCalls, Noted, Platform, SnapshotCalls};
use crate::withdrawal;

#[derive(Serialize)]
struct Answer<'a> {
    ec: &'a str,
    /// Whether the visitor lets this partner know the browser: `ok`, `denied` or `unknown`. Only with `ok`
    /// there is more.
    consent: &'static str,
    /// The row could not be read: no UID does not mean that there is none.
    degraded: bool,
    source_domain: &'a str,
    uid: Option<&'a str>,
    eid: Option<Eid>,
    cluster_size: Option<u32>,
}

/// 1 read of the partner store and 1 of the graph; a cluster size that is due costs a count and a
/// write more. The consent that counts is what the request carries, or, when it carries none, what is stored.
pub(crate) async fn identify<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let partner = partner::authenticate(platform, headers).await?;
    let sent = Sent::of(config, headers);
    let client = asking::client(platform, config, headers);
    let decision = config.consent.decide(&sent.signals(client.geo.as_ref()));
    platform.count(Noted::Consent, decision.consent().as_str());
    if withdrawal::is_pending(headers) || decision.consent() == Consent::Denied {
        let mut response = Response::from(denied());
        withdrawal::withdraw(platform, config, headers, &mut response).await;
        return Ok(response);
    }
    let Some(id) = cookies::ec_id(headers) else {
        let mut response = json(StatusCode::NO_CONTENT, &());
        response.body_mut().clear();
        return Ok(response);
    };
    let share =
        |entry: &Entry| config.consent.decide(&sent.or_stored(entry)).share(partner.tcf_vendor_id);
    let (read, degraded) = match read(platform, id.as_str(), share).await {
        Ok(read) => (read, false),
        Err(failure) => {
            platform.log(&format!("row of {id} is not read: {}", code(&failure)));
            (Read::Missing, true)
        }
    };
    let (consent, entry, cluster_size) = match read {
        Read::Shared(entry, cluster_size) => (Consent::Ok, Some(*entry), cluster_size),
        Read::Kept(why) => {
            log_unreadable(platform, &id.to_string(), why);
            (why.consent(), None, None)
        }
        Read::Missing => (Consent::Unknown, None, None),
        Read::Withdrawn => return Err(denied()),
    };
    let known = entry.as_ref().and_then(|entry| id_of(entry, &partner));
    let answer = Answer {
        ec: id.as_str(),
        consent: consent.as_str(),
        degraded,
        source_domain: &partner.source_domain,
        uid: known.map(|id| id.uid.as_str()),
        eid: known.map(|id| Eid {
            source: partner.source_domain.clone(),
            // What came with this UID is nearer to the truth than what its partner's have in common.
            uids: vec![Uid { id: id.uid.clone(), atype: id.atype.or(Some(partner.atype)) }],
        }),
        cluster_size,
    };
    Ok(json(StatusCode::OK, &answer))
}

/// What a row says.
enum Read {
    Shared(Box<Entry>, Option<u32>),
    /// A live row that is not for this partner.
    Kept(Why),
    Withdrawn,
    Missing,
}

async fn read<P: Platform>(
    platform: &P,
    ec_id: &str,
    share: impl Fn(&Entry) -> Why,
) -> Result<Read, Failure> {
    let now = platform.now();
    let graph = platform.graph()?;
    let Some(mut snapshot) = graph.get(ec_id, now).await? else { return Ok(Read::Missing) };
    let entry = snapshot.entry();
    if !entry.consent.ok {
        return Ok(Read::Withdrawn);
    }
    let why = share(&entry);
    if why.consent() != Consent::Ok {
        return Ok(Read::Kept(why));
    }
    Ok(match snapshot.evaluate_cluster(now).await {
        Ok(Some(size)) => Read::Shared(Box::new(entry), Some(size)),
        // The row has been withdrawn, or deleted, since it was read.
        Ok(None) => Read::Withdrawn,
        // The answer is useful without it.
        Err(_) => Read::Shared(Box::new(entry), None),
    })
}

fn id_of<'e>(entry: &'e Entry, partner: &Partner) -> Option<&'e PartnerUid> {
    entry.ids.iter().find(|id| id.partner == partner.source_domain)
}

fn denied() -> Problem {
    let message = "this browser has withdrawn its consent; do not ask again with this ID";
    Problem::new(StatusCode::FORBIDDEN, "consent_denied", message)
}
