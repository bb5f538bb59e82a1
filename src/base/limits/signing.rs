//! Numbers of the JWTs by which the broker proves its identity.

use super::UPSTREAM_TIMEOUT;
use crate::base::time::Millis;

/// From the making of a client assertion to `exp`. Entra documents five to ten minutes after `nbf`.
pub const CLIENT_ASSERTION_LIFETIME: Millis = Millis::from_secs(5 * 60);
/// `iat` and `nbf` lie this far in the past, because the server's clock may be behind.
pub const ASSERTION_BACKDATED: Millis = Millis::from_secs(30);
const _: () = assert!(
    UPSTREAM_TIMEOUT.0 + ASSERTION_BACKDATED.0 < CLIENT_ASSERTION_LIFETIME.0,
    "an assertion must outlive the request that has it"
);
/// How long a signature may take. One by RSA-2048 takes about a millisecond.
pub const SIGNING_TIMEOUT: Millis = Millis::from_secs(2);
