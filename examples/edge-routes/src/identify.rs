//! `GET /_ts/api/v1/identify`: what the browser of this request is known by, to a partner or to the page.

use edge_consent::{Consent, Why};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use identity_graph::{EcId, Entry, Failure, PartnerUid};
use serde::Serialize;
use serde_json::Value;

use crate::answer::{Problem, Response, code, json, no_content};
use crate::asking;
use crate::config::Config;
use crate::consent::{Sent, log_unreadable};
use crate::partner::{self, Partner};
use crate::platform::{GraphCalls, Noted, Platform, SnapshotCalls};
use crate::{cookies, eids, origin, withdrawal};

/// What a partner is told.
#[derive(Serialize)]
struct ForPartner<'a> {
    ec: &'a str,
    /// Whether the visitor lets this partner know the browser: `ok`, `denied` or `unknown`. Only with `ok`
    /// there is more.
    consent: &'static str,
    /// The row could not be read: no UID does not mean that there is none.
    degraded: bool,
    source_domain: &'a str,
    uid: Option<&'a str>,
    eid: Option<Value>,
    cluster_size: Option<u32>,
}

/// What the page is told: not the EC ID, which is kept from its scripts.
#[derive(Serialize)]
struct ForPage {
    /// Whether the visitor lets the publisher know the browser.
    consent: &'static str,
    /// The row could not be read: no EID does not mean that there is none.
    degraded: bool,
    /// An `OpenRTB` list: of each partner that the visitor lets know the browser.
    eids: Vec<Value>,
}

/// 1 read of the graph; for a partner a cluster size that is due costs a count and a write more. The consent
/// that counts is what the request carries, or, when it carries none, what is stored.
pub(crate) async fn identify<P: Platform>(
    platform: &P,
    config: &Config,
    request: &Parts,
) -> Response {
    let headers = &request.headers;
    let allowed = origin::allowed(config, request);
    let answer = if headers.contains_key(AUTHORIZATION) {
        match partner::authenticate(config, headers) {
            Ok(partner) => answer(platform, config, headers, Some(partner)).await,
            Err(problem) => Err(problem),
        }
    } else if allowed.is_some() || origin::is_own(request) {
        answer(platform, config, headers, None).await
    } else if origin::is_said(request) {
        let message = "ask from a page of the same origin, or of one that allowed_origins lists";
        Err(origin::refused(message))
    } else {
        Err(partner::unauthorized())
    };
    let mut response = answer.unwrap_or_else(|problem| {
        platform.count(Noted::Outcome, problem.code);
        problem.into()
    });
    if let Some(origin) = allowed {
        origin::open(&mut response, origin);
    }
    response
}

async fn answer<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
    partner: Option<&Partner>,
) -> Result<Response, Problem> {
    let sent = Sent::of(config, headers);
    let client = asking::client(platform, config, headers);
    let decision = config.consent.decide(&sent.signals(client.geo.as_ref()));
    platform.count(Noted::Consent, decision.consent().as_str());
    if withdrawal::is_pending(headers) || decision.consent() == Consent::Denied {
        return Ok(withdrawal::denied_now(platform, config, headers).await);
    }
    let Some(id) = cookies::ec_id(headers) else { return Ok(no_content()) };
    let share = |entry: &Entry| {
        let decision = config.consent.decide(&sent.or_stored(entry));
        partner.map_or_else(|| decision.why(), |partner| decision.share(partner.tcf_vendor_id))
    };
    let read = read(platform, &id, share, partner.is_some()).await;
    let (read, degraded) = match read {
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
        Read::Withdrawn => return Err(withdrawal::denied()),
    };
    let consent = consent.as_str();
    let Some(partner) = partner else {
        let eids = entry.map(|entry| allowed_eids(config, &sent, &entry)).unwrap_or_default();
        return Ok(json(StatusCode::OK, &ForPage { consent, degraded, eids }));
    };
    let source_domain = partner.source_domain.as_str();
    let ids = entry.as_ref().map_or(&[][..], |entry| &entry.ids);
    let known = ids.iter().find(|id| id.partner == source_domain);
    let answer = ForPartner {
        ec: id.as_str(),
        consent,
        degraded,
        source_domain,
        uid: known.map(|id| id.uid.as_str()),
        eid: known.map(|id| eids::tell(id, partner)),
        cluster_size,
    };
    Ok(json(StatusCode::OK, &answer))
}

/// The EIDs of the partners that the visitor lets know the browser.
fn allowed_eids(config: &Config, sent: &Sent, entry: &Entry) -> Vec<Value> {
    let decision = config.consent.decide(&sent.or_stored(entry));
    let eid = |id: &PartnerUid| {
        let partner = config.partners.by_source(&id.partner)?;
        let is_shared = decision.share(partner.tcf_vendor_id).consent() == Consent::Ok;
        is_shared.then(|| eids::tell(id, partner))
    };
    entry.ids.iter().filter_map(eid).collect()
}

/// What a row says.
enum Read {
    Shared(Box<Entry>, Option<u32>),
    /// A live row that is not for who asks.
    Kept(Why),
    Withdrawn,
    Missing,
}

async fn read<P: Platform>(
    platform: &P,
    id: &EcId,
    share: impl Fn(&Entry) -> Why,
    wants_cluster: bool,
) -> Result<Read, Failure> {
    let now = platform.now();
    let graph = platform.graph()?;
    let Some(mut snapshot) = graph.get(id.as_str(), now).await? else { return Ok(Read::Missing) };
    let entry = snapshot.entry();
    if !entry.consent.ok {
        return Ok(Read::Withdrawn);
    }
    let why = share(&entry);
    if why.consent() != Consent::Ok {
        return Ok(Read::Kept(why));
    }
    if !wants_cluster {
        return Ok(Read::Shared(Box::new(entry), None));
    }
    Ok(match snapshot.evaluate_cluster(now).await {
        Ok(Some(size)) => Read::Shared(Box::new(entry), Some(size)),
        // The row has been withdrawn, or deleted, since it was read.
        Ok(None) => Read::Withdrawn,
        // The answer is useful without it.
        Err(_) => Read::Shared(Box::new(entry), None),
    })
}
