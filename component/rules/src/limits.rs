//! Bounds that are fixed, with their units. What a caller may set is the matter of
//! [`Policy`](crate::Policy).

/// Bytes of a body that a write may have.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Bytes of a body above which a read row counts as corrupt.
pub const MAX_READ_BYTES: usize = 1024 * 1024;
/// Bytes of bodies that a store hands over in one answer to a batch of reads.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Bytes of metadata that a write may have.
pub const MAX_METADATA_BYTES: usize = 2_000;
/// Bytes of a partner key.
pub const MAX_PARTNER_BYTES: usize = 255;
/// Bytes of a partner UID.
pub const MAX_UID_BYTES: usize = 512;
/// Bytes of the `ext` of a UID.
pub const MAX_EXT_BYTES: usize = 1_024;
/// Bytes of a domain.
pub const MAX_DOMAIN_BYTES: usize = 255;
/// Bytes of a region.
pub const MAX_REGION_BYTES: usize = 8;
/// Bytes of a device class (`ja4_class`, `platform_class`, `h2_fp_hash`).
pub const MAX_CLASS_BYTES: usize = 64;
/// Seen domains that an entry shows.
pub const MAX_SEEN_DOMAINS: usize = 50;
/// Up to how many EC IDs a cluster is counted.
pub const MAX_CLUSTER: u32 = 100;
/// Levels of nested arrays and objects that a stored row may have.
pub const MAX_DEPTH: usize = 128;
/// Levels of nested arrays and objects that the `ext` of a UID may have.
pub const MAX_EXT_DEPTH: usize = 16;
/// Rows of a batch that are asked for, or written, in one store call.
pub const MAX_BATCH_ROWS: usize = 1_000;
/// Most partners in a row that a policy may ask for.
pub const MAX_PARTNERS: u32 = 1_024;
/// Most tries of one conditional write that a policy may ask for.
pub const MAX_CAS_ATTEMPTS: u8 = 10;
