//! The service, and who talks to it, wherever it runs.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::{Request, Response};

use crate::jar::Jar;
use crate::json::{Answer, answer};

/// What sends no other is a browser.
pub(crate) const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";

pub(crate) const OPERATOR: &str = "local-operator-token";
pub(crate) const ACME: &str = "local-acme-token";
pub(crate) const ZETA: &str = "local-zeta-token";

/// What the service has logged so far; it keeps the service running, too.
type Log = Box<dyn Fn() -> String + Send + Sync>;

/// The service, running.
pub(crate) struct Service {
    origin: String,
    log: Log,
    agent: Agent,
}

impl Service {
    /// The service at this origin.
    pub(crate) fn at(origin: String, log: Log) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(USER_AGENT)
            .build();
        Self { origin, log, agent: config.into() }
    }

    /// The address of a path, which starts with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What the service has logged so far.
    pub(crate) fn log(&self) -> String {
        (self.log)()
    }

    /// True once the log holds a text. Lines may reach it after the answer of their request, so that a
    /// few more requests have to come and go.
    pub(crate) fn logs(&self, text: &str) -> bool {
        (0..200).any(|_| {
            self.send("GET", "/favicon.ico", &[], &[]);
            self.log().contains(text)
        })
    }

    /// Sends a request.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response<Vec<u8>> {
        let mut request = Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            [] => self.agent.run(request.body(()).expect("a request")),
            _ => self.agent.run(request.body(body).expect("a request")),
        };
        let (parts, mut body) = match answer {
            Ok(response) => response.into_parts(),
            Err(error) => panic!("{error}; the service says:\n{}", self.log()),
        };
        Response::from_parts(parts, body.read_to_vec().expect("the answer is read"))
    }

    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, token: &str, body: &[u8]) -> Answer {
        let authorization = format!("Bearer {token}");
        answer(&self.send(method, path, &[("authorization", &authorization)], body))
    }

    /// A row as the operator sees it.
    #[track_caller]
    pub(crate) fn row(&self, ec_id: &str) -> Value {
        let (status, row) = self.ask("GET", &format!("/_ts/admin/ec/{ec_id}"), OPERATOR, &[]);
        assert_eq!(status, 200, "{row}");
        row
    }

    /// The body of a stored row.
    #[track_caller]
    pub(crate) fn stored(&self, ec_id: &str) -> Value {
        let row = self.row(ec_id);
        let body = row["stored"]["body"].as_str().expect("text");
        serde_json::from_str(body).expect("JSON")
    }

    #[track_caller]
    pub(crate) fn sync(&self, token: &str, mappings: &[Value]) -> Answer {
        let body = json!({ "mappings": mappings }).to_string();
        self.ask("POST", "/_ts/api/v1/batch-sync", token, body.as_bytes())
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs()
}

/// A browser.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookies: Jar,
}

impl Browser {
    pub(crate) fn with(ec_id: &str) -> Self {
        let mut browser = Self::default();
        browser.cookies.set("ts-ec", ec_id);
        browser
    }

    /// The ID that it has.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.cookies.get("ts-ec").expect("the browser has an ID").to_owned()
    }

    /// Sends a GET with these headers, and keeps the cookies of the answer.
    #[track_caller]
    pub(crate) fn get(
        &mut self,
        service: &Service,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Response<Vec<u8>> {
        self.send(service, "GET", path, headers, &[])
    }

    #[track_caller]
    pub(crate) fn send(
        &mut self,
        service: &Service,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response<Vec<u8>> {
        let cookies = self.cookies.header();
        let cookies = cookies.as_deref().map(|cookies| ("cookie", cookies));
        let headers: Vec<_> = headers.iter().copied().chain(cookies).collect();
        let response = service.send(method, path, &headers, body);
        for cookie in response.headers().get_all("set-cookie") {
            self.cookies.keep(cookie.to_str().expect("text"));
        }
        response
    }

    /// Opens a page.
    #[track_caller]
    pub(crate) fn open(&mut self, service: &Service, headers: &[(&str, &str)]) {
        let headers: Vec<_> =
            [("sec-fetch-dest", "document")].iter().chain(headers).copied().collect();
        let response = self.get(service, "/news/today", &headers);
        assert_eq!(response.status(), 200, "the page comes, whatever the store does");
    }

    #[track_caller]
    pub(crate) fn identify(&mut self, service: &Service, token: &str) -> Answer {
        let authorization = format!("Bearer {token}");
        let headers = [("authorization", authorization.as_str())];
        answer(&self.get(service, "/_ts/api/v1/identify", &headers))
    }
}
