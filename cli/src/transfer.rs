//! Rows of a store as lines of a file, to move them to another store or to keep them.
//!
//! Each line is a row: `{"key", "metadata", "body"}`, with `base64` in place of `body` where that is no
//! text, and without `metadata` where there is none. The last line has the number of rows and the SHA-256
//! of all lines before it, so that a file that broke off, or was changed, is told from a whole one; and
//! `too_large`, the number of rows that could not be read, when there are any.

mod arrival;
mod export;
mod import;

use std::future::Future;
use std::sync::Arc;

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use host_server_store::{AsyncStore, system_clock};
use serde::{Deserialize, Serialize};

pub(crate) use export::run as export;
pub(crate) use import::run as import;

/// Rows that are asked for at once.
const PAGE: u32 = 1_000;

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Row(Row),
    End(End),
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Row {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
enum Body {
    #[serde(rename = "body")]
    Text(String),
    #[serde(rename = "base64")]
    Bytes(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    rows: u64,
    sha256: String,
    #[serde(default, skip_serializing_if = "is_none")]
    too_large: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over like this")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Body {
    fn new(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(bytes) => Self::Bytes(BASE64_STANDARD.encode(bytes.as_bytes())),
        }
    }

    fn into_bytes(self) -> Result<Vec<u8>, base64::DecodeError> {
        match self {
            Self::Text(text) => Ok(text.into_bytes()),
            Self::Bytes(base64) => BASE64_STANDARD.decode(base64),
        }
    }
}

/// Runs this over the store with this URL.
fn over<T, F: Future<Output = Result<T>>>(
    url: &str,
    work: impl FnOnce(Arc<dyn AsyncStore>) -> F,
) -> Result<T> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let store = host_server_stores::open(url, system_clock()).await?;
        work(store).await
    })
}
