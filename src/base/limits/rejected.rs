//! The numbers of granted scopes and of rejected tokens.

use super::{KV_CACHE_TTL_SECS, KV_TIMEOUT};
use crate::base::time::Millis;

/// Longest scope that upstream grants and callers are told. It is kept beside the token.
pub const GRANTED_SCOPE_MAX_BYTES: usize = 8 * 1024;
/// Most KV reads for one rejected token: one for each grant of its client until it is found. KV
/// allows 1000 operations for each request (KV docs, "Limits").
pub const REVOCATION_KV_READS_MAX: usize = 500;
/// KV reads for a rejected token at the same time. The platform lets six connections of a request
/// wait for an answer (Workers docs, "Simultaneous open connections").
pub const REVOCATION_KV_READS_AT_ONCE: usize = 6;
/// Longest search for a rejected token: with usual reads of 20 ms, the grants of a client are done
/// in two seconds.
pub const REVOCATION_SEARCH_MAX: Millis = Millis::from_secs(10);
const _: () =
    assert!(REVOCATION_SEARCH_MAX.0 > KV_TIMEOUT.0, "one slow read must not end the search");
/// How long an isolate remembers that a text was no token of a client.
pub const NO_TOKEN_MEMORY: Millis = Millis::from_secs(30);
const _: () = assert!(
    NO_TOKEN_MEMORY.0 <= KV_CACHE_TTL_SECS * 1000,
    "a further read of KV would return the same until then"
);
/// Such texts in the memory of one isolate; at 100 bytes each about 100 kB.
pub const NO_TOKENS_MAX: usize = 1000;
