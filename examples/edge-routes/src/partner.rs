//! The partners of the publisher, and who may call.

use std::collections::{BTreeMap, BTreeSet};

use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use identity_graph::PartnerKey;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::answer::Problem;
use crate::config::{Config, ConfigError, SHA256, is_sha256};

/// Agent type of a partner that says nothing of its own: an ID of a person.
const PERSON: u32 = 3;
/// The tokens of the partners in the configurations that are in the repository, which everybody knows.
const PLACEHOLDER_TOKENS: [&str; 2] = [
    "541218ab11bd4a49a91e550bb2623d4622228816b58b388d95064562a8af02b6",
    "c8ef9e2d679727afa921be54485b0e496b9f0efc652e3ede47d283b30f06125e",
];
/// What the field of a record has to be.
const DOMAIN: &str = "1 to 255 bytes of a-z 0-9 . _ -";
const NUMBER: &str =
    "a number from 1 to 4294967295: an OpenRTB agent type, vendors' above 500 included";

/// A partner's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partner {
    /// The key that its UIDs have in the graph, which is the `source` of its EIDs.
    pub(crate) source_domain: String,
    /// Hex SHA-256 of its tokens. Without one its UIDs come from pages alone.
    tokens_sha256: Vec<String>,
    /// `OpenRTB` agent type of its UIDs.
    pub(crate) atype: u32,
    /// Its ID on the Global Vendor List of TCF, which consent is given to.
    pub(crate) tcf_vendor_id: Option<u16>,
}

/// The partners of the publisher: whose UIDs are stored, and who may ask for them.
///
/// Read from a list of records; what a record breaks is told by [`Config::check`](crate::Config::check).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Partners {
    by_source: BTreeMap<String, Partner>,
    /// Of the first record that breaks a rule: its place in the list, the field, and what is expected.
    refused: Option<(usize, &'static str, &'static str)>,
}

impl Partners {
    pub(crate) fn by_source(&self, source: &str) -> Option<&Partner> {
        self.by_source.get(source)
    }

    fn by_token(&self, token_sha256: &str) -> Option<&Partner> {
        let has = |partner: &&Partner| partner.tokens_sha256.iter().any(|own| own == token_sha256);
        self.by_source.values().find(has)
    }

    pub(crate) fn check(&self, is_local: bool) -> Result<(), ConfigError> {
        if let Some((place, field, expected)) = self.refused {
            return Err(ConfigError::Partner(place, field, expected));
        }
        let of_repository = PLACEHOLDER_TOKENS.iter().any(|token| self.by_token(token).is_some());
        if of_repository && !is_local {
            return Err(ConfigError::Placeholder("tokens_sha256 of a partner"));
        }
        Ok(())
    }

    fn of(records: Vec<Map<String, Value>>) -> Self {
        let mut partners = Self::default();
        let mut tokens = BTreeSet::new();
        for (index, record) in records.into_iter().enumerate() {
            let added = Partner::of(record).and_then(|partner| {
                if !partner.tokens_sha256.iter().all(|token| tokens.insert(token.clone())) {
                    return Err(("tokens_sha256", "a token that stands nowhere else"));
                }
                match partners.by_source.insert(partner.source_domain.clone(), partner) {
                    Some(_) => Err(("source_domain", "a domain that no other partner has")),
                    None => Ok(()),
                }
            });
            if let Err((field, expected)) = added {
                partners.refused.get_or_insert((index + 1, field, expected));
            }
        }
        partners
    }
}

/// Whatever the records hold, so that the field that breaks a rule can be told.
impl<'de> Deserialize<'de> for Partners {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::of)
    }
}

/// Which field of a record breaks a rule, and what is expected of it.
type Refused = (&'static str, &'static str);

impl Partner {
    fn of(mut record: Map<String, Value>) -> Result<Self, Refused> {
        let domain = match record.remove("source_domain") {
            Some(Value::String(domain)) => PartnerKey::parse(domain).ok(),
            _ => None,
        };
        let domain = domain.ok_or(("source_domain", DOMAIN))?;
        let tokens_sha256 = match record.remove("tokens_sha256") {
            None => Vec::new(),
            Some(tokens) => tokens_of(tokens).ok_or(("tokens_sha256", SHA256))?,
        };
        let atype = number(&mut record, "atype", NUMBER)?;
        let expected = "the partner's ID on the Global Vendor List, from 1 to 65535";
        let tcf_vendor_id = number(&mut record, "tcf_vendor_id", expected)?;
        if !record.is_empty() {
            let expected = "no more than source_domain, tokens_sha256, atype and tcf_vendor_id";
            return Err(("fields", expected));
        }
        let source_domain = domain.as_str().to_owned();
        Ok(Self { source_domain, tokens_sha256, atype: atype.unwrap_or(PERSON), tcf_vendor_id })
    }
}

fn tokens_of(tokens: Value) -> Option<Vec<String>> {
    let Value::Array(tokens) = tokens else { return None };
    let token = |token| match token {
        Value::String(token) if is_sha256(&token) => Some(token),
        _ => None,
    };
    tokens.into_iter().map(token).collect()
}

/// A number of a record, from 1 on.
fn number<N: TryFrom<u64>>(
    record: &mut Map<String, Value>,
    field: &'static str,
    expected: &'static str,
) -> Result<Option<N>, Refused> {
    let Some(value) = record.remove(field) else { return Ok(None) };
    let number = value.as_u64().filter(|number| *number > 0);
    let number = number.and_then(|number| N::try_from(number).ok());
    number.map(Some).ok_or((field, expected))
}

/// The partner whose token the request carries. The token itself is nowhere stored.
pub(crate) fn authenticate<'c>(
    config: &'c Config,
    headers: &HeaderMap,
) -> Result<&'c Partner, Problem> {
    let token = bearer(headers).ok_or_else(unauthorized)?;
    config.partners.by_token(&sha256(token)).ok_or_else(unauthorized)
}

/// Whether the request carries the operator's token.
pub(crate) fn authenticate_operator(config: &Config, headers: &HeaderMap) -> Result<(), Problem> {
    // Comparing hashes tells an attacker by its duration nothing that helps to find the token.
    match bearer(headers) {
        Some(token) if sha256(token) == config.operator_token_sha256 => Ok(()),
        _ => Err(unauthorized()),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    // A variable that was empty when a record was made does not open the service to everybody.
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// In hex, as tokens are stored and looked up.
pub(crate) fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

pub(crate) fn unauthorized() -> Problem {
    let message = "send a token that this service knows as \"Authorization: Bearer TOKEN\"";
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TOKEN: &str = "28daa606f54b368209e11244fd3d5612b41212e822258df22e55afe06a7bdae1";

    fn check(records: &Value) -> Result<(), ConfigError> {
        serde_json::from_value::<Partners>(records.clone()).unwrap().check(false)
    }

    #[test]
    fn a_record_is_read_with_its_defaults() {
        let partners: Partners = serde_json::from_value(json!([
            { "source_domain": "IDs.Acme.Example", "tokens_sha256": [TOKEN] },
            { "source_domain": "google.com", "atype": 571_187, "tcf_vendor_id": 755 },
        ]))
        .unwrap();
        assert_eq!(partners.check(false), Ok(()));
        let acme = partners.by_token(TOKEN).unwrap();
        let expected = ("ids.acme.example", PERSON, None);
        assert_eq!((acme.source_domain.as_str(), acme.atype, acme.tcf_vendor_id), expected);
        let google = partners.by_source("google.com").unwrap();
        assert_eq!((google.atype, google.tcf_vendor_id), (571_187, Some(755)));
    }

    #[test]
    fn a_record_that_breaks_a_rule_is_told_by_its_place_and_its_field() {
        for (record, field) in [
            (json!({}), "source_domain"),
            (json!({ "source_domain": "secret domain" }), "source_domain"),
            (json!({ "source_domain": 7 }), "source_domain"),
            (json!({ "source_domain": "GOOD.example" }), "source_domain"),
            (json!({ "source_domain": "a.b", "tokens_sha256": "secret" }), "tokens_sha256"),
            (json!({ "source_domain": "a.b", "tokens_sha256": ["secret"] }), "tokens_sha256"),
            (json!({ "source_domain": "a.b", "tokens_sha256": [TOKEN] }), "tokens_sha256"),
            (json!({ "source_domain": "a.b", "atype": 0 }), "atype"),
            (json!({ "source_domain": "a.b", "atype": "3" }), "atype"),
            (json!({ "source_domain": "a.b", "atype": 4_294_967_296_u64 }), "atype"),
            (json!({ "source_domain": "a.b", "tcf_vendor_id": 65_536 }), "tcf_vendor_id"),
            (json!({ "source_domain": "a.b", "tcf_vendor_id": -1 }), "tcf_vendor_id"),
            (json!({ "source_domain": "a.b", "secret": 1 }), "fields"),
        ] {
            let good = json!({ "source_domain": "good.example", "tokens_sha256": [TOKEN] });
            let error = check(&json!([good, record, { "source_domain": "" }])).unwrap_err();
            let said = error.to_string();
            assert!(said.starts_with(&format!("partners, number 2: {field}: expected ")), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn the_tokens_of_the_repository_are_refused_elsewhere() {
        let partners = json!([
            { "source_domain": "a.b", "tokens_sha256": [TOKEN, PLACEHOLDER_TOKENS[1]] },
        ]);
        let refused = Err(ConfigError::Placeholder("tokens_sha256 of a partner"));
        assert_eq!(check(&partners), refused);
        assert_eq!(serde_json::from_value::<Partners>(partners).unwrap().check(true), Ok(()));
    }
}
