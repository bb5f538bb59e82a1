//! Proxied APIs.

use crate::base::time::Millis;

/// Longest path and query of a proxied request. The platform takes URLs of 16 kB (Workers limits).
pub const TARGET_MAX_BYTES: usize = 16 * 1024;
/// Longest path pattern of a grant.
pub const PATTERN_MAX_BYTES: usize = 1024;
/// Most segments of a path pattern. With `**` in it, the time to match a path is their product with the
/// segments of the path.
pub const PATTERN_SEGMENTS_MAX: usize = 32;
/// Longest `Connection` field that is read. It names a few fields.
pub const CONNECTION_MAX_BYTES: usize = 512;
/// The longest wait for the first byte of an API's answer, where its entry says nothing. The usual default of
/// a proxy (nginx, `proxy_read_timeout`).
pub const FIRST_BYTE_TIMEOUT: Millis = Millis::from_secs(60);
/// The most that an entry of `APIS` may say.
pub const FIRST_BYTE_TIMEOUT_MAX_SECS: u64 = 600;
const _: () = assert!(
    FIRST_BYTE_TIMEOUT.0 <= FIRST_BYTE_TIMEOUT_MAX_SECS * 1000,
    "the default must not be above the maximum"
);
