//! Proxied APIs.

/// Longest path and query of a proxied request. The platform takes URLs of 16 kB (Workers limits).
pub const TARGET_MAX_BYTES: usize = 16 * 1024;
/// Longest path pattern of a grant.
pub const PATTERN_MAX_BYTES: usize = 1024;
/// Most segments of a path pattern. With `**` in it, the time to match a path is their product with the
/// segments of the path.
pub const PATTERN_SEGMENTS_MAX: usize = 32;
/// Longest `Connection` field that is read. It names a few fields.
pub const CONNECTION_MAX_BYTES: usize = 512;
