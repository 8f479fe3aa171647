//! Page views: what a visit stores, and what it costs.

use edge_consent::Consent;
use http::header::{ACCEPT, CACHE_CONTROL, HeaderName, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use identity_graph::{
    Device, EcId, Failure, Name, NewEntry, PartnerUid, Policy, Report, UpsertOutcome, VisitOutcome,
};
use sha2::{Digest, Sha256};

use crate::answer::{Response, code, response};
use crate::asking::{self, is_no_visit};
use crate::config::Config;
use crate::consent::{Sent, log_unreadable};
use crate::cookies::{self, EIDS, SEEN};
use crate::mint::mint;
use crate::minted::is_minted;
use crate::platform::{Client, GraphCalls, Noted, Platform, SnapshotCalls};
use crate::seen::Seen;
use crate::user_agent::UserAgent;
use crate::{eids, eids_cookie, withdrawal};

/// What stands for the publisher's page.
const PAGE: &[u8] = b"<!doctype html><title>Edge app</title><p>A page of the publisher.\n";

/// Serves a page. Whatever the store does, the page comes.
pub(crate) async fn view<P: Platform>(
    platform: &P,
    config: &Config,
    host: Option<&str>,
    request: &Parts,
) -> Response {
    let headers = &request.headers;
    let mut response = response(StatusCode::OK, "text/html; charset=utf-8", PAGE.to_vec());
    let is_navigation = request.method == Method::GET && is_navigation(headers);
    let no_visit = is_no_visit(headers).filter(|_| is_navigation);
    if let Some(why) = no_visit {
        platform.count(Noted::LeftOut, why);
    }
    let is_visit = is_navigation && no_visit.is_none();
    if is_visit || cookies::has_any(headers) {
        judge(platform, config, host, headers, is_visit, &mut response).await;
    }
    if !response.headers().contains_key(SET_COOKIE) {
        // Browsers do not keep a page that is not to be stored for the way back.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}

/// Stores what the visitor's consent allows, or withdraws.
async fn judge<P: Platform>(
    platform: &P,
    config: &Config,
    host: Option<&str>,
    headers: &HeaderMap,
    is_visit: bool,
    response: &mut Response,
) {
    let sent = Sent::of(config, headers);
    let client = asking::client(platform, config, headers);
    let decision = config.consent.decide(&sent.signals(client.geo.as_ref()));
    platform.count(Noted::Consent, decision.consent().as_str());
    if withdrawal::is_pending(headers) || decision.consent() == Consent::Denied {
        withdrawal::withdraw(platform, config, headers, response).await;
    } else if is_visit && decision.consent() == Consent::Unknown {
        log_unreadable(platform, "a page view", decision.why());
    } else if is_visit {
        let now = platform.now();
        let eids = carried(platform, config, headers, now);
        let visit = Visit { platform, config, host, headers, sent: &sent, client, now, eids };
        visit.store().await.leave(response, config);
    }
}

/// The UIDs in the cookie that scripts of the page write.
fn carried<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
    now: u64,
) -> Vec<PartnerUid> {
    let cookie = cookies::find(headers, EIDS).filter(|cookie| !cookie.is_empty());
    match cookie.map_or(Ok(Vec::new()), eids_cookie::read) {
        Ok(eids) => eids::take(eids, &config.partners, now).ids,
        Err(why) => {
            platform.count(Noted::LeftOut, "eids-cookie");
            platform.log(&format!("cookie {EIDS} of a page view cannot be read: {why}"));
            Vec::new()
        }
    }
}

/// Whether the browser opens a page. The dozens of requests that a page makes itself store nothing:
/// those that are sent before the first answer would each get an ID of its own, the others would all
/// try the same write.
fn is_navigation(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(HeaderName::from_static("sec-fetch-dest")) {
        Some(destination) => destination == "document",
        // A browser that does not say asks for HTML when it opens a page.
        None => text(ACCEPT).is_some_and(|types| types.contains("text/html")),
    }
}

/// What a visit leaves with the browser, nothing where nothing changed; and what the store has said.
pub(crate) struct Stored {
    ec_id: Option<String>,
    seen: Option<Seen>,
    /// What became of each UID that was news, by its partner.
    pub(crate) ids: Result<Vec<(String, UpsertOutcome)>, Failure>,
}

impl Stored {
    /// Of a visit that brought no news.
    fn nothing() -> Self {
        Self { ec_id: None, seen: None, ids: Ok(Vec::new()) }
    }

    /// Of a visit whose UIDs are not known to be stored.
    fn failed(failure: Failure) -> Self {
        Self { ids: Err(failure), ..Self::nothing() }
    }

    /// Sets the cookies.
    pub(crate) fn leave(&self, response: &mut Response, config: &Config) {
        if let Some(ec_id) = &self.ec_id {
            cookies::set_ec_id(response, config, ec_id);
        }
        if let Some(seen) = &self.seen {
            cookies::set(response, config, SEEN, &seen.to_string());
        }
    }
}

/// What the store has said of each of these UIDs.
fn told(
    ids: &[PartnerUid],
    outcomes: Vec<UpsertOutcome>,
) -> Result<Vec<(String, UpsertOutcome)>, Failure> {
    if ids.len() != outcomes.len() {
        let text = "the graph did not tell the outcome of every UID";
        return Err(Failure::Unavailable(text.to_owned()));
    }
    Ok(ids.iter().map(|id| id.partner.clone()).zip(outcomes).collect())
}

/// A browser with consent that is there, and what it brings.
pub(crate) struct Visit<'a, P> {
    pub(crate) platform: &'a P,
    pub(crate) config: &'a Config,
    pub(crate) host: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) sent: &'a Sent,
    pub(crate) client: Client,
    pub(crate) now: u64,
    pub(crate) eids: Vec<PartnerUid>,
}

impl<P: Platform> Visit<'_, P> {
    pub(crate) async fn store(&self) -> Stored {
        let id = cookies::ec_id(self.headers);
        let stored = match &id {
            None => match self.platform.graph() {
                Ok(graph) => Ok(self.first(&graph).await),
                Err(failure) => Err(failure),
            },
            Some(id) => self.returning(id).await,
        };
        stored.unwrap_or_else(|failure| {
            let id = id.map_or_else(|| "a new ID".to_owned(), |id| id.to_string());
            self.platform.log(&format!("page view of {id} is not stored: {}", code(&failure)));
            self.became(code(&failure));
            Stored::failed(failure)
        })
    }

    /// A browser without an ID: 1 write, with everything that is known.
    async fn first(&self, graph: &P::Graph) -> Stored {
        let Some(ip) = self.client.ip else {
            self.became("no-address");
            let text = "the address of the browser is not known";
            return Stored::failed(Failure::Unavailable(text.to_owned()));
        };
        let ec_id = mint(&self.config.passphrase, ip, self.platform.random());
        match graph.create(&ec_id, self.entry(self.eids.clone())).await {
            Ok(report) => {
                self.log_left_out("a new ID", &report);
                self.became("created");
                let seen = Some(Seen::new(self.now, &self.eids));
                Stored { ec_id: Some(ec_id), seen, ids: told(&self.eids, report.ids) }
            }
            // Somebody else's: the next view draws another suffix.
            Err(failure @ Failure::AlreadyExists) => {
                self.became(code(&failure));
                Stored::failed(Failure::Conflict)
            }
            // The row may exist after all. The browser keeps the ID, and since nothing counts as
            // seen its next view makes up for it.
            Err(failure) => {
                self.platform.log(&format!("first view is not stored yet: {}", code(&failure)));
                self.became(code(&failure));
                Stored { ec_id: Some(ec_id), ..Stored::failed(failure) }
            }
        }
    }

    /// A browser with an ID: nothing without news, else 1 read and at most 1 write. Of an ID that nobody
    /// knows to be minted here only a row that is there is kept up; without one the browser gets another.
    async fn returning(&self, id: &EcId) -> Result<Stored, Failure> {
        let seen = cookies::find(self.headers, SEEN).map(Seen::parse).unwrap_or_default();
        let news: Vec<_> = self.eids.iter().filter(|id| !seen.has(id)).cloned().collect();
        let debounce = u64::from(Policy::default().last_seen_debounce);
        let is_due = self.now.abs_diff(seen.at) >= debounce;
        if news.is_empty() && !is_due {
            self.became("seen");
            return Ok(Stored::nothing());
        }
        let graph = self.platform.graph()?;
        let Some(mut snapshot) = graph.get(id.as_str(), self.now).await? else {
            return if is_minted(self.config, self.headers, id) {
                self.anew(&graph, id).await
            } else {
                Ok(self.first(&graph).await)
            };
        };
        let entry = snapshot.entry();
        if !entry.consent.ok {
            // A visit would take it for consent given anew; but an ID that was withdrawn stays so, and
            // the browser gets a new one.
            drop(snapshot);
            return Ok(self.first(&graph).await);
        }
        // What the browser merely still carries is not asserted again.
        let report = snapshot.visit(self.entry(news.clone())).await?;
        // What holds a snapshot may be needed for the next call.
        drop(snapshot);
        self.log_left_out(&id.to_string(), &report);
        self.became(report.name());
        // A UID of this very second, or of a partner whose clock is ahead, stands for now, and the
        // browser's stays news.
        let is_stale = |id: &PartnerUid| {
            let mut news = news.iter().zip(&report.ids);
            news.any(|(new, outcome)| new == id && *outcome == UpsertOutcome::Stale)
        };
        let stored = |ids: &[PartnerUid]| -> Vec<_> {
            ids.iter().filter(|id| !is_stale(id)).cloned().collect()
        };
        let eids = stored(&self.eids);
        let stored_news = stored(&news);
        let ids = told(&news, report.ids);
        Ok(match report.outcome {
            // A year from now, as the row.
            VisitOutcome::Written => Stored {
                ec_id: Some(id.as_str().to_owned()),
                seen: Some(seen.and(self.now, &eids)),
                ids,
            },
            VisitOutcome::Unchanged => {
                let noted = entry.last_seen.unwrap_or(entry.created).min(self.now);
                Stored { ec_id: None, seen: Some(seen.and(noted, &eids)), ids }
            }
            // The row has gone since it was read; the new one has the news alone.
            VisitOutcome::Created | VisitOutcome::Revived => self.made(id, &stored_news, ids),
            VisitOutcome::Withdrawn => self.first(&graph).await,
        })
    }

    /// An ID without a row as far as is seen from here: its first view could not be stored, its row is
    /// elsewhere, or the row is past its lifetime. A tombstone that does not show yet must not be
    /// replaced, however old it is.
    async fn anew(&self, graph: &P::Graph, id: &EcId) -> Result<Stored, Failure> {
        match graph.create(id.as_str(), self.entry(self.eids.clone())).await {
            Ok(report) => {
                self.log_left_out(&id.to_string(), &report);
                self.became("created");
                Ok(self.made(id, &self.eids, told(&self.eids, report.ids)))
            }
            Err(Failure::AlreadyExists) => self.over_the_old(graph, id).await,
            Err(failure) => Err(failure),
        }
    }

    /// The key holds something that a read does not show.
    async fn over_the_old(&self, graph: &P::Graph, id: &EcId) -> Result<Stored, Failure> {
        // A live row past its lifetime shows here until the store has removed it.
        if !graph.get_metadata(id.as_str()).await?.is_some_and(|metadata| metadata.ok) {
            // The next view reads what it is.
            self.became("already_exists");
            return Ok(Stored::failed(Failure::Conflict));
        }
        let report = graph.visit(id.as_str(), self.entry(self.eids.clone())).await?;
        self.became(report.name());
        let ids = told(&self.eids, report.ids);
        Ok(match report.outcome {
            VisitOutcome::Created | VisitOutcome::Revived => self.made(id, &self.eids, ids),
            // A row that was too fresh to be seen before; the next view reads it.
            VisitOutcome::Written | VisitOutcome::Unchanged => Stored { ids, ..Stored::nothing() },
            VisitOutcome::Withdrawn => self.first(graph).await,
        })
    }

    /// Of what comes one after the other the last counts.
    fn became(&self, outcome: &str) {
        self.platform.count(Noted::Outcome, outcome);
    }

    /// A new row with these UIDs under an ID that the browser has.
    fn made(
        &self,
        id: &EcId,
        stored: &[PartnerUid],
        ids: Result<Vec<(String, UpsertOutcome)>, Failure>,
    ) -> Stored {
        let ec_id = Some(id.as_str().to_owned());
        Stored { ec_id, seen: Some(Seen::new(self.now, stored)), ids }
    }

    /// What the request says of itself, which may be anything: the graph leaves out what is malformed.
    fn entry(&self, ids: Vec<PartnerUid>) -> NewEntry {
        let (sent, client) = (self.sent, &self.client);
        NewEntry {
            tcf: sent.tcf.clone(),
            gpp: sent.gpp.clone(),
            gpp_sid: sent.gpp_sid.clone(),
            device: Some(self.device(client.ja4.as_deref(), client.h2.as_deref())),
            geo: client.geo.clone(),
            domain: self.host.map(str::to_owned),
            ids,
            now: self.now,
        }
    }

    fn device(&self, ja4: Option<&str>, h2: Option<&str>) -> Device {
        let hint = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let agent = UserAgent::of(self.headers);
        Device {
            is_mobile: match hint("sec-ch-ua-mobile") {
                Some("?0") => 0,
                Some("?1") => 1,
                // Firefox and Safari send no hints.
                _ => agent.as_ref().map_or(2, UserAgent::is_mobile),
            },
            // The first part of a JA4 says what kind of client it is, the others which one.
            ja4_class: ja4.and_then(|ja4| ja4.split('_').next()).map(str::to_owned),
            platform_class: hint("sec-ch-ua-platform")
                .map(|platform| platform.trim_matches('"').to_ascii_lowercase())
                .or_else(|| Some(agent.as_ref()?.platform()?.to_owned())),
            h2_fp_hash: h2.map(|h2| hex::encode(&Sha256::digest(h2)[..6])),
            known_browser: None,
        }
    }

    /// Tells the operator what of a view was malformed: by its name, since what it holds may be anything.
    fn log_left_out<O>(&self, of: &str, report: &Report<O>) {
        for part in &report.left_out {
            self.platform.count(Noted::LeftOut, &part.field);
        }
        if !report.left_out.is_empty() {
            let fields: Vec<_> = report.left_out.iter().map(|part| part.field.as_str()).collect();
            self.platform.log(&format!("page view of {of}: left out {}", fields.join(", ")));
        }
    }
}
