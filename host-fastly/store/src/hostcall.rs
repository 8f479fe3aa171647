//! The second half of a request: waiting for its answer.
//!
//! The `fastly` crate sends the requests and has functions for this half too. They read the host's
//! error code as an enum that ends before the code of HTTP 429, which Fastly's adapter for components
//! writes: undefined behaviour, by which a throttled write comes out as an unknown failure. Here the
//! code is read as the number that it is. Its function for the length of a body panics where the host
//! fails to tell it.

#![allow(unsafe_code)]
// Off Fastly's targets the crate marks everything that knows handles as numbers.
#![cfg_attr(not(target_env = "p1"), allow(deprecated))]

use fastly::handle::BodyHandle;
use fastly::kv_store::{
    PendingDeleteHandle, PendingInsertHandle, PendingListHandle, PendingLookupHandle,
};
use fastly_shared::FastlyStatus;
use fastly_sys::{fastly_http_body, fastly_kv_store as abi};

use crate::answer::{Refusal, verdict};

/// The product takes metadata up to this length, though the interface sends no more than 2,000.
const METADATA_BUFFER: usize = 2_048;

/// A value that was found, its body not read.
pub(crate) struct Found {
    pub(crate) body: BodyHandle,
    pub(crate) metadata: Option<String>,
    pub(crate) generation: u64,
}

pub(crate) fn wait_lookup(pending: &PendingLookupHandle) -> Result<Found, Refusal> {
    let mut body = BodyHandle::INVALID;
    let mut metadata = vec![0; METADATA_BUFFER];
    let (mut written, mut generation, mut code) = (0, 0, 0_u32);
    // SAFETY: the host writes to each pointer what it points to, and at most as much metadata as
    // the length allows. The code's enum is laid out as `u32`.
    let status = unsafe {
        abi::lookup_wait_v2(
            pending.as_u32(),
            body.as_u32_mut(),
            metadata.as_mut_ptr(),
            metadata.len(),
            &raw mut written,
            &raw mut generation,
            (&raw mut code).cast(),
        )
    };
    verdict(status, code)?;
    metadata.truncate(written);
    // Nothing at all and nothing inside cannot be told apart.
    let metadata = (!metadata.is_empty()).then(|| String::from_utf8_lossy(&metadata).into_owned());
    Ok(Found { body: valid(body)?, metadata, generation })
}

/// How long a body is, where the host knows.
pub(crate) fn known_length(body: &BodyHandle) -> Option<u64> {
    let mut length = 0;
    // SAFETY: the host writes a number.
    let status = unsafe { fastly_http_body::known_length(body.as_u32(), &raw mut length) };
    (status == FastlyStatus::OK).then_some(length)
}

pub(crate) fn wait_insert(pending: &PendingInsertHandle) -> Result<(), Refusal> {
    let mut code = 0_u32;
    // SAFETY: the host writes a code, whose enum is laid out as `u32`.
    let status = unsafe { abi::pending_insert_wait_v2(pending.as_u32(), (&raw mut code).cast()) };
    verdict(status, code)
}

pub(crate) fn wait_delete(pending: &PendingDeleteHandle) -> Result<(), Refusal> {
    let mut code = 0_u32;
    // SAFETY: the host writes a code, whose enum is laid out as `u32`.
    let status = unsafe { abi::pending_delete_wait_v2(pending.as_u32(), (&raw mut code).cast()) };
    verdict(status, code)
}

/// The page as JSON, not read.
pub(crate) fn wait_list(pending: &PendingListHandle) -> Result<BodyHandle, Refusal> {
    let mut body = BodyHandle::INVALID;
    let mut code = 0_u32;
    // SAFETY: the host writes to each pointer what it points to; the code's enum is laid out as
    // `u32`.
    let status = unsafe {
        abi::pending_list_wait_v2(pending.as_u32(), body.as_u32_mut(), (&raw mut code).cast())
    };
    verdict(status, code)?;
    valid(body)
}

fn valid(body: BodyHandle) -> Result<BodyHandle, Refusal> {
    if body.is_valid() { Ok(body) } else { Err(Refusal::NoVerdict) }
}
