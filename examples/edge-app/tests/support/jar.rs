//! The cookies of a browser.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// A browser's cookies by name.
#[derive(Default)]
pub(crate) struct Jar(pub(crate) BTreeMap<String, String>);

impl Jar {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What the scripts of a page do.
    pub(crate) fn set_eids(&mut self, eids: &[(&str, &str)]) {
        let eids: Vec<_> = eids
            .iter()
            .map(|(source, uid)| json!({ "source": source, "uids": [{ "id": uid, "atype": 1 }] }))
            .collect();
        self.set("ts-eids", &BASE64_STANDARD.encode(json!(eids).to_string()));
    }

    /// The header of a request, when there are cookies.
    pub(crate) fn header(&self) -> Option<String> {
        let cookies: Vec<_> =
            self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!cookies.is_empty()).then(|| cookies.join("; "))
    }

    /// Does what a `Set-Cookie` header says.
    pub(crate) fn keep(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().and_then(|pair| pair.split_once('='));
        let (name, value) = pair.expect("a cookie is a pair");
        if set_cookie.contains("Max-Age=0") {
            self.0.remove(name);
        } else {
            self.set(name, value);
        }
    }
}
