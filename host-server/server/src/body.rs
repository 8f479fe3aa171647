//! The body of a request.

use axum::body::Body;
use edge_routes::BodyError;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// A body that arrives while it is read.
pub(crate) struct Arriving(pub(crate) Body);

impl edge_routes::Body for Arriving {
    async fn read(self, limit: u64) -> Result<Vec<u8>, BodyError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        match Limited::new(self.0, limit).collect().await {
            Ok(body) => Ok(body.to_bytes().into()),
            Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
            Err(_) => Err(BodyError::BrokenOff),
        }
    }
}
