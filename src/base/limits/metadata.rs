//! The metadata of authorization servers and of resources.

use super::{KEY_SET_FRESH, KEY_SET_GOOD, UPSTREAM_TIMEOUT};
use crate::base::time::Millis;

/// Servers whose metadata are in the memory of one isolate; about 300 bytes each.
pub const METADATA_MAX: usize = 256;
/// All requests for the metadata of one server: up to two places for a resource, and four for its
/// authorization server. Servers answer each within a second.
pub const METADATA_TIMEOUT: Millis = Millis::from_secs(5);
const _: () = assert!(
    METADATA_TIMEOUT.0 < UPSTREAM_TIMEOUT.0,
    "metadata must not take longer than the token"
);
/// How long metadata are used without a new request. A token endpoint moves that much later.
pub const METADATA_FRESH: Millis = KEY_SET_FRESH;
/// How long metadata are used while new ones cannot be had.
pub const METADATA_GOOD: Millis = KEY_SET_GOOD;
/// Minimum time between two requests for newer metadata: one flight waits for a server that does not
/// answer, and the others use what is known.
pub const METADATA_ASK_SPACING: Millis = Millis::from_secs(10 * 60);
const _: () = assert!(
    METADATA_ASK_SPACING.0 < METADATA_FRESH.0 && METADATA_FRESH.0 < METADATA_GOOD.0,
    "metadata must outlive an outage of their server"
);
/// Minimum time between two requests to a server of which no metadata are known.
pub const METADATA_FAILURE_MEMORY: Millis = Millis::from_secs(10);
