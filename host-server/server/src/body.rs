//! The body of a request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use edge_routes::BodyError;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Bytes and time that are spent on a body which nobody wants.
const DRAINED_BYTES: usize = 8 << 20;
const DRAINED_TIME: Duration = Duration::from_secs(5);

/// A body that arrives while it is read. Clones are handles to the same.
#[derive(Clone)]
pub(crate) struct Arriving(Arc<Mutex<Body>>);

impl Arriving {
    pub(crate) fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    /// Takes what is left and drops it: a client that is cut off while it sends would not read its answer.
    pub(crate) async fn drain(self) {
        let rest = async {
            let mut body = self.0.lock().await;
            let mut taken = 0;
            while let Some(Ok(frame)) = body.frame().await {
                taken += frame.data_ref().map_or(0, Bytes::len);
                if taken > DRAINED_BYTES {
                    break;
                }
            }
        };
        // The answer is the same, whether or not the client will read it.
        let _ = timeout(DRAINED_TIME, rest).await;
    }
}

impl edge_routes::Body for Arriving {
    async fn read(self, limit: u64) -> Result<Vec<u8>, BodyError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut body = self.0.lock().await;
        match Limited::new(&mut *body, limit).collect().await {
            Ok(body) => Ok(body.to_bytes().into()),
            Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
            Err(_) => Err(BodyError::BrokenOff),
        }
    }
}
