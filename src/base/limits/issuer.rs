//! The key sets of issuers (RFC 7517).

use super::{KV_TIMEOUT, TRANSIENT_RETRY_AFTER_SECS};
use crate::base::time::Millis;

/// Longest URL of a key set.
pub const URL_MAX_BYTES: usize = 2048;
/// Longest response of an issuer. Entra's key sets, with certificates, have 20 kB; those of an issuer
/// with a chain of certificates for each key, or a key for each tenant, are over 64 KiB.
pub const ISSUER_BODY_MAX_BYTES: usize = 256 * 1024;
/// Most keys of one issuer. The largest issuers have about 10.
pub const KEY_SET_KEYS_MAX: usize = 64;
/// Most keys with which one JWT is verified: the JWT names no key and several fit, or several keys have
/// the name. While an issuer replaces a key, two fit.
pub const KEYS_TRIED_MAX: usize = 4;
/// Keys that are left out of a key set, and that one line of the log names.
pub const KEYS_LEFT_OUT_LOGGED_MAX: usize = 16;
/// Longest `kid` in such a line. Longer ones are left out: the place of the key says which it is.
pub const KEY_ID_LOGGED_MAX_BYTES: usize = 64;
/// Shortest RSA modulus: weaker keys are not used (RFC 7518 §3.3).
pub const RSA_MODULUS_MIN_BITS: usize = 2048;
/// Longest RSA modulus: larger keys cost more time to verify than they are worth.
pub const RSA_MODULUS_MAX_BITS: usize = 8192;
const _: () =
    assert!(RSA_MODULUS_MIN_BITS < RSA_MODULUS_MAX_BITS, "the shortest must be below the longest");
/// Longest RSA exponent: `BoringSSL`, which verifies, takes 33 bits.
pub const RSA_EXPONENT_MAX_BYTES: usize = 4;
/// Bytes of a coordinate, and of each half of a signature, on P-256 and Ed25519.
pub const CURVE_BYTES: usize = 32;
/// The requests to an issuer for one key set, metadata and keys together: connections, headers and
/// bodies. Issuers answer within a second. Anybody can make a request wait for this, without a proof.
pub const ISSUER_TIMEOUT: Millis = Millis::from_secs(3);
/// Key sets in the memory of one isolate. Usual ones have 3 kB, the largest 90 kB.
pub const KEY_SETS_MAX: usize = 256;
/// How long a key set is used without a new request to the issuer. A withdrawn key works that long.
pub const KEY_SET_FRESH: Millis = Millis::from_secs(60 * 60);
/// How long a key set is used while the issuer cannot be reached. Issuers announce keys, and keep old
/// ones, for days; Cloudflare Access for seven.
pub const KEY_SET_GOOD: Millis = Millis::from_secs(7 * 24 * 60 * 60);
const _: () =
    assert!(KEY_SET_FRESH.0 < KEY_SET_GOOD.0, "a key set must outlive an outage of its issuer");
/// Minimum time between two requests to an issuer whose keys are known: a made-up `kid` in each JWT
/// must not become a request each.
pub const ISSUER_ASK_SPACING: Millis = Millis::from_secs(60);
/// Minimum time between two requests to an issuer that failed and of which no key is known. None of
/// its callers is served meanwhile.
pub const ISSUER_FAILURE_MEMORY: Millis = Millis::from_secs(10);
const _: () = assert!(
    ISSUER_FAILURE_MEMORY.0 < ISSUER_ASK_SPACING.0,
    "an issuer without known keys must be tried sooner"
);
const _: () = assert!(
    TRANSIENT_RETRY_AFTER_SECS * 1000 <= ISSUER_FAILURE_MEMORY.0,
    "a caller must not wait longer than the failure is remembered"
);
/// Longest wait for another request of the isolate that fetches a key set. That request reads the
/// shared tier, then the metadata and the keys of the issuer.
pub const KEY_SET_CLAIM: Millis = Millis(KV_TIMEOUT.0 + ISSUER_TIMEOUT.0);
/// The same where no key is known: then a second request fetches as well, because the first may be
/// slow, or lost with its caller.
pub const KEY_SET_CLAIM_COLD: Millis = Millis::from_secs(2);
const _: () =
    assert!(KEY_SET_CLAIM_COLD.0 < KEY_SET_CLAIM.0, "without keys the wait must be shorter");
/// How often a request that waits looks for the keys.
pub const KEY_SET_WAIT: Millis = Millis(100);
/// How many times it looks.
pub const KEY_SET_WAITS_MAX: u32 = 50;
const _: () = assert!(
    KEY_SET_WAIT.0 * KEY_SET_WAITS_MAX as u64 == KEY_SET_CLAIM.0,
    "a request must wait as long as the fetching may take"
);
