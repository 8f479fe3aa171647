//! The body of a request, compressed or not.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};

use crate::answer::Problem;
use crate::platform::{Body, BodyError};

/// Reads a body to its end, as long as it has no more bytes than this, as it is sent and as it was before it
/// was compressed.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: impl Body,
    limit: u64,
) -> Result<Vec<u8>, Problem> {
    let is_gzip = is_gzip(headers)?;
    let announced =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit) {
        return Err(too_large(limit));
    }
    let bytes = body.read(limit).await.map_err(|error| match error {
        BodyError::TooLarge => too_large(limit),
        BodyError::BrokenOff => invalid("the body broke off; send it again"),
    })?;
    if is_gzip { unzip(&bytes, limit) } else { Ok(bytes) }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Problem> {
    let Some(encoding) = headers.get(CONTENT_ENCODING) else { return Ok(false) };
    match encoding.to_str().map(str::to_ascii_lowercase).as_deref() {
        Ok("gzip" | "x-gzip") => Ok(true),
        Ok("identity" | "") => Ok(false),
        _ => {
            let message = "send the body as it is, or compressed with Content-Encoding: gzip";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Err(Problem::new(status, "unsupported_encoding", message))
        }
    }
}

/// Reads no further than the limit, however much there would be.
fn unzip(bytes: &[u8], limit: u64) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(limit + 1).read_to_end(&mut text);
    read.map_err(|_| invalid("the body is not gzip, or broke off; send it again"))?;
    if text.len() as u64 > limit { Err(too_large(limit)) } else { Ok(text) }
}

fn too_large(limit: u64) -> Problem {
    let message = format!("send at most {limit} bytes in one request, uncompressed");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
}

/// A body that is not what the route takes.
pub(crate) fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_body", message)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_compressed_comes_back_up_to_the_limit() {
        let text = b"{\"mappings\":[]}";
        assert_eq!(unzip(&gzip(text), 15), Ok(text.to_vec()));
        // Some clients compress in pieces.
        let pieces = [gzip(&text[..5]), gzip(&text[5..])].concat();
        assert_eq!(unzip(&pieces, 15), Ok(text.to_vec()));
        assert_eq!(unzip(&gzip(text), 14).unwrap_err().code, "body_too_large");
    }

    #[test]
    fn a_body_that_grows_a_thousandfold_is_read_to_its_limit_alone() {
        let bomb = gzip(&vec![b' '; 16 << 20]);
        assert!(bomb.len() < 128 << 10);
        assert_eq!(unzip(&bomb, 1 << 20).unwrap_err().code, "body_too_large");
    }

    #[test]
    fn what_is_no_gzip_is_refused() {
        let whole = gzip(b"0123456789");
        for broken in [&b"plain"[..], &[], &whole[..whole.len() - 1], &whole[..12]] {
            assert_eq!(unzip(broken, 100).unwrap_err().code, "invalid_body");
        }
    }
}
