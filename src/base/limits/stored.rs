//! Workers KV, and the longest of what others can have written: a value of KV, a message to an object.
//!
//! KV holds values of 25 MiB (KV docs, "Limits"), and an isolate has 128 MB. A writer of KV could fill
//! an isolate's memory with a few of them.

use super::{
    CLAIMS_MAX_BYTES, ISSUER_BODY_MAX_BYTES, NAME_MAX_BYTES, REQUEST_ID_MAX_CHARS,
    RESPONSE_FIELDS_MAX_BYTES, SCOPE_MAX_BYTES, UPSTREAM_BODY_MAX_BYTES,
};
use crate::base::time::Millis;

/// KV refuses an `expirationTtl` below this (KV docs, "Expiring keys").
pub const KV_TTL_MIN_SECS: u64 = 60;
/// `cacheTtl` of a KV read: KV's minimum, so that isolates see a renewed token soon.
pub const KV_CACHE_TTL_SECS: u64 = 30;
/// A KV operation that takes longer counts as failed. Reads across an ocean take some hundred
/// milliseconds. The authorization server itself usually answers within a second.
pub const KV_TIMEOUT: Millis = Millis::from_secs(2);

/// What a sealed value has beside what is sealed: version, nonce, tag and instants, of which a token
/// has the most, 97 bytes.
const SEAL_MAX_BYTES: usize = 1024;
/// Longest sealed token: it came in one token response, whose response fields are longer in ASCII.
pub const KV_TOKEN_MAX_BYTES: usize =
    UPSTREAM_BODY_MAX_BYTES + RESPONSE_FIELDS_MAX_BYTES + SEAL_MAX_BYTES;
/// Longest sealed key set: it came in one response of its issuer.
pub const KV_KEY_SET_MAX_BYTES: usize = ISSUER_BODY_MAX_BYTES + SEAL_MAX_BYTES;
/// Longest entry of the registry: a usual one has some hundred bytes, one with a hundred grants 10 kB.
pub const KV_CLIENT_MAX_BYTES: usize = 64 * 1024;
/// Longest value that only names a client.
pub const KV_POINTER_MAX_BYTES: usize = NAME_MAX_BYTES;

/// Longest message to a Durable Object. One that wants a token has its scope, the name of its
/// credential and claims; the rest has some hundred bytes.
pub const OBJECT_MESSAGE_MAX_BYTES: usize = 16 * 1024;
const _: () = assert!(
    CLAIMS_MAX_BYTES + SCOPE_MAX_BYTES + NAME_MAX_BYTES + REQUEST_ID_MAX_CHARS + SEAL_MAX_BYTES
        < OBJECT_MESSAGE_MAX_BYTES,
    "the longest message of the broker's own must fit"
);
