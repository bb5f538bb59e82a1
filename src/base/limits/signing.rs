//! The private keys with which the broker signs, and the JWTs that it signs.

use super::{RSA_MODULUS_MAX_BITS, RSA_MODULUS_MIN_BITS, UPSTREAM_TIMEOUT};
use crate::base::time::Millis;

/// Longest text of a private key with its certificates: the longest value of Secrets Store. A key of 4096
/// bits with a chain of three has 10 kB.
pub const SIGNING_TEXT_MAX_BYTES: usize = 64 * 1024;
/// Longest modulus of an RSA key that signs. A longer one costs many milliseconds of CPU time for each
/// signature, and a Worker of the free plan has ten.
pub const SIGNING_MODULUS_MAX_BITS: usize = 4096;
const _: () = assert!(
    RSA_MODULUS_MIN_BITS <= SIGNING_MODULUS_MAX_BITS
        && SIGNING_MODULUS_MAX_BITS <= RSA_MODULUS_MAX_BITS,
    "the broker must be able to verify what it signs"
);
/// From the making of a client assertion to `exp`. Entra documents five to ten minutes after `nbf`.
pub const CLIENT_ASSERTION_LIFETIME: Millis = Millis::from_secs(5 * 60);
/// The same of an assertion that is a grant. Salesforce may refuse more than three minutes.
pub const BEARER_ASSERTION_LIFETIME: Millis = Millis::from_secs(3 * 60);
/// `iat` and `nbf` lie this far in the past, because the server's clock may be behind. GitHub documents a
/// minute.
pub const ASSERTION_BACKDATED: Millis = Millis::from_secs(60);
const _: () = assert!(
    UPSTREAM_TIMEOUT.0 + ASSERTION_BACKDATED.0 < BEARER_ASSERTION_LIFETIME.0
        && BEARER_ASSERTION_LIFETIME.0 < CLIENT_ASSERTION_LIFETIME.0,
    "an assertion must outlive the request that has it"
);
/// How long a signature may take. One by RSA-2048 takes about a millisecond.
pub const SIGNING_TIMEOUT: Millis = Millis::from_secs(2);
/// A certificate with less time left than this is in the log.
pub const CERTIFICATE_WARNING: Millis = Millis::from_secs(30 * 24 * 60 * 60);
/// Longest subject or audience of a federated credential, in characters. Entra takes no longer ones.
pub const FEDERATED_TEXT_MAX: usize = 600;
/// How long everybody may keep the broker's metadata and public keys, in seconds. A key that
/// is to sign is published that long before.
pub const DOCUMENT_SECS: u64 = 60 * 60;
const _: () = assert!(
    CLIENT_ASSERTION_LIFETIME.0 < DOCUMENT_SECS * 1000,
    "the steps of a rotation wait for copies of the keys, and so for the last assertion as well"
);
/// Imported private keys of one isolate. A key that a changed secret has replaced makes way for others.
pub const IMPORTED_KEYS_MAX: usize = 256;
