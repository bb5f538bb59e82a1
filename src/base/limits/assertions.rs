//! Client assertions, and the ledgers of used ones (RFC 7523).

use super::{
    COORDINATOR_ATTEMPTS_MAX, COORDINATOR_TIMEOUT, FETCH_WAIT, FETCH_WAITS_MAX, FLIGHT_MAX,
    JWT_SKEW, KV_TIMEOUT, RATE_LIMIT_TIMEOUT,
};
use crate::base::time::Millis;

/// How far ahead a client assertion may expire. Its `jti` is remembered until then.
pub const ASSERTION_LIFETIME_MAX: Millis = Millis::from_secs(60 * 60);
/// Used client assertions in the memory of one isolate; at 60 bytes each about 1.2 MB.
pub const USED_ASSERTIONS_MAX: usize = 20_000;
/// Used assertions of one client in that memory.
pub const USED_ASSERTIONS_OF_CLIENT_MAX: usize = 5000;
const _: () = assert!(
    USED_ASSERTIONS_OF_CLIENT_MAX < USED_ASSERTIONS_MAX,
    "one client must not take all the memory"
);
/// How long a request may work with a client assertion. Then another one may: its owner has vanished.
pub const ASSERTION_LEASE: Millis = Millis::from_secs(5 * 60);
const _: () = assert!(
    RATE_LIMIT_TIMEOUT.0
        + KV_TIMEOUT.0
        + COORDINATOR_ATTEMPTS_MAX * COORDINATOR_TIMEOUT.0
        + FETCH_WAITS_MAX * FETCH_WAIT.0
        + FLIGHT_MAX.0
        + 2 * COORDINATOR_TIMEOUT.0
        < ASSERTION_LEASE.0,
    "the longest request must end before its reservation does, with both calls of the ledger"
);
/// An assertion that comes again within this time after its reservation came twice at once. Later,
/// its owner may have vanished: a request that is lost by a panic is noticed after this time.
pub const ASSERTION_AT_ONCE: Millis = Millis::from_secs(4);
const _: () =
    assert!(ASSERTION_AT_ONCE.0 < ASSERTION_LEASE.0, "a reservation must outlast what is at once");
/// How long a request that ends waits for a ledger that did not answer it before. Its message has to
/// arrive, and no more.
pub const LEDGER_LAST_WORD: Millis = Millis(500);
/// `Retry-After` where another request with the same assertion is under way.
pub const ASSERTION_RETRY_AFTER_SECS: u64 = 5;
/// How long a use may matter at most: until the assertion expires, with the skew that its check
/// allows and the one of its expiry, and a minute for the difference between two clocks of Cloudflare.
pub const ASSERTION_USE_MAX: Millis = Millis(ASSERTION_LIFETIME_MAX.0 + 2 * JWT_SKEW.0 + 60 * 1000);
/// One in so many first uses makes a client's ledger delete expired uses.
pub const LEDGER_PURGE_ONE_IN: u16 = 50;
/// Uses that the ledger then looks at, and the most keys that the storage of a Durable Object deletes
/// in one call (Durable Objects docs, "Storage API").
pub const LEDGER_PURGE_MAX: usize = 128;
const _: () = assert!(
    LEDGER_PURGE_MAX > LEDGER_PURGE_ONE_IN as usize,
    "a ledger must be able to delete more than it records"
);
