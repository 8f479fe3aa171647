//! `/_ts/admin`: a page on which the operator looks at a row, withdraws it or deletes it.
//!
//! Everything is sent in the body of a form, so that no address and no access log has an ID. Whoever has
//! signed in by the operator's token gets a session, in a cookie that no other site's request carries.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{ACCEPT, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::Sha256;

use crate::admin::{self, parse};
use crate::answer::{Problem, Response};
use crate::config::Config;
use crate::operator_page::{self as page, Said};
use crate::partner::{self, sha256};
use crate::platform::{Body, GraphCalls, Noted, Platform};
use crate::{body, cookies, origin};

/// The address of the page.
pub(crate) const ADDRESS: &str = "/_ts/admin";
/// The session: the second in which it ends, and a MAC of it.
const SESSION: &str = "ts-operator";
const SESSION_SECONDS: u64 = 3_600;
const MAX_FORM_BYTES: u64 = 4_096;

/// What the page sends.
#[derive(Default)]
struct Form {
    action: String,
    token: String,
    ec_id: String,
}

impl Form {
    fn parse(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "do" => form.action = value.into_owned(),
                "token" => value.trim().clone_into(&mut form.token),
                "ec_id" => value.trim().clone_into(&mut form.ec_id),
                _ => {}
            }
        }
        form
    }
}

/// The empty form, no store operation.
pub(crate) fn form<P: Platform>(platform: &P, config: &Config, headers: &HeaderMap) -> Response {
    if has_session(config, headers, platform.now()) {
        page::look_up(StatusCode::OK, None)
    } else {
        page::sign_in(StatusCode::OK, None)
    }
}

/// Whether a row is asked for by a browser that somebody looks at.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let types = headers.get(ACCEPT).and_then(|types| types.to_str().ok());
    types.is_some_and(|types| types.contains("text/html"))
}

/// The row of an address, as a page: 2 reads, 1 of a row that cannot be read.
pub(crate) async fn row<P: Platform>(
    platform: &P,
    config: &Config,
    headers: &HeaderMap,
    ec_id: &str,
) -> Response {
    let is_operator = has_session(config, headers, platform.now())
        || partner::authenticate_operator(config, headers).is_ok();
    if !is_operator {
        return unauthorized(platform, None);
    }
    show(platform, ec_id, None).await
}

/// What a form asks: the reads of a look-up, and before them 1 write to withdraw or 1 deletion.
pub(crate) async fn act<P: Platform>(
    platform: &P,
    config: &Config,
    request: &Parts,
    body: impl Body,
) -> Result<Response, Problem> {
    if !origin::is_own(request) {
        let message = "send this form from its own page; a browser says so by itself";
        return Err(origin::refused(message));
    }
    let headers = &request.headers;
    let body = body::read(headers, body, MAX_FORM_BYTES).await?;
    let Form { action, token, ec_id } = Form::parse(&body);
    let now = platform.now();
    if action == "sign-in" {
        return Ok(if sha256(&token) == config.operator_token_sha256 {
            redirect(&session(config, now + SESSION_SECONDS), SESSION_SECONDS)
        } else {
            unauthorized(platform, Some("this token is not known"))
        });
    }
    if !has_session(config, headers, now) {
        return Ok(unauthorized(platform, Some("the session has ended; sign in again")));
    }
    let answer = carry_out(platform, &action, &ec_id).await;
    Ok(answer.unwrap_or_else(|problem| failed(platform, &problem)))
}

async fn carry_out<P: Platform>(
    platform: &P,
    action: &str,
    ec_id: &str,
) -> Result<Response, Problem> {
    match action {
        "look-up" => Ok(show(platform, ec_id, None).await),
        "withdraw" => {
            let (id, graph) = (parse(ec_id)?, platform.graph()?);
            graph.write_withdrawal_tombstone(id.as_str(), platform.now()).await?;
            platform.count(Noted::Outcome, "withdrawn");
            Ok(show(platform, ec_id, Some(Said::Done("this ID is withdrawn"))).await)
        }
        "delete" => {
            let (id, graph) = (parse(ec_id)?, platform.graph()?);
            let (outcome, said) = if graph.delete(id.as_str()).await? {
                ("deleted", "the row is deleted")
            } else {
                ("not_found", "there was no row")
            };
            platform.count(Noted::Outcome, outcome);
            Ok(page::look_up(StatusCode::OK, Some(Said::Done(said))))
        }
        "sign-out" => Ok(redirect("", 0)),
        _ => {
            let message = "do: expected look-up, withdraw, delete, sign-in or sign-out";
            Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_body", message))
        }
    }
}

async fn show<P: Platform>(platform: &P, ec_id: &str, said: Option<Said<'_>>) -> Response {
    let id = match parse(ec_id) {
        Ok(id) => id,
        Err(problem) => return failed(platform, &problem),
    };
    match admin::look(platform, &id).await {
        Ok(found) => page::row(&id, &found, platform.now(), said),
        // What was done before is done, whether or not it shows.
        Err(problem) => said.map_or_else(
            || failed(platform, &problem),
            |said| page::look_up(StatusCode::OK, Some(said)),
        ),
    }
}

fn unauthorized<P: Platform>(platform: &P, why: Option<&str>) -> Response {
    platform.count(Noted::Outcome, "invalid_token");
    page::sign_in(StatusCode::UNAUTHORIZED, why.map(Said::Failed))
}

fn failed<P: Platform>(platform: &P, problem: &Problem) -> Response {
    platform.count(Noted::Outcome, problem.code);
    page::look_up(problem.status, Some(Said::Failed(&problem.message)))
}

fn has_session(config: &Config, headers: &HeaderMap, now: u64) -> bool {
    cookies::find_all(headers, SESSION).any(|session| {
        let Some((ends, tag)) = session.split_once('.') else { return false };
        let Ok(tag) = BASE64_URL_SAFE_NO_PAD.decode(tag) else { return false };
        let Ok(ends) = ends.parse::<u64>() else { return false };
        now < ends && mac(config, ends).verify_slice(&tag).is_ok()
    })
}

fn session(config: &Config, ends: u64) -> String {
    let tag = mac(config, ends).finalize().into_bytes();
    format!("{ends}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
}

/// Another token or passphrase ends all sessions.
fn mac(config: &Config, ends: u64) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(config.passphrase.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(format!("operator {} {ends}", config.operator_token_sha256).as_bytes());
    mac
}

fn redirect(session: &str, max_age: u64) -> Response {
    let mut response = page::empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static(ADDRESS));
    let cookie = format!(
        "{SESSION}={session}; HttpOnly; SameSite=Strict; Secure; Path={ADDRESS}; Max-Age={max_age}"
    );
    // Digits and letters alone.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}
