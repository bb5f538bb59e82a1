//! The numbers of coordinators, of renewals, and of isolates without a coordinator.

use super::{
    EXPIRES_IN_MAX_SECS, FLIGHT_MAX, KV_CACHE_TTL_SECS, KV_TOKEN_MAX_BYTES, KV_TTL_MIN_SECS,
    KV_WRITE_SPACING, UPSTREAM_BODY_MAX_BYTES,
};
use crate::base::time::Millis;

/// How long an isolate waits for a sign of life from a coordinator. Then it fetches the token itself:
/// the coordinator saves requests, and is never the reason for having no token.
pub const COORDINATOR_TIMEOUT: Millis = Millis::from_secs(5);
/// How long an isolate leaves an object alone that did not answer in time. Then one request tries it
/// again. The others do without it at once.
pub const OBJECT_SILENCE: Millis = Millis::from_secs(30);
const _: () = assert!(
    COORDINATOR_TIMEOUT.0 < OBJECT_SILENCE.0,
    "an object must have time to answer the request that tries it again"
);
/// Longest answer of a Durable Object: a sealed token of at most [`UPSTREAM_BODY_MAX_BYTES`], and 64 kB
/// for its response fields in ASCII, its seal and the traces of its flight, which have some hundred bytes.
pub const OBJECT_BODY_MAX_BYTES: usize = UPSTREAM_BODY_MAX_BYTES + 64 * 1024;
const _: () = assert!(KV_TOKEN_MAX_BYTES < OBJECT_BODY_MAX_BYTES, "the longest token must fit");
/// A coordinator whose flight takes longer sends a sign of life, and the isolate calls again.
pub const COORDINATOR_SIGN_OF_LIFE: Millis = Millis::from_secs(4);
const _: () = assert!(
    COORDINATOR_SIGN_OF_LIFE.0 < COORDINATOR_TIMEOUT.0,
    "the sign of life must have time to arrive"
);
/// How many times an isolate calls for one token: its calls outlast the longest flight.
pub const COORDINATOR_ATTEMPTS_MAX: u64 = FLIGHT_MAX.0 / COORDINATOR_SIGN_OF_LIFE.0 + 1;
const _: () = assert!(
    COORDINATOR_ATTEMPTS_MAX * COORDINATOR_SIGN_OF_LIFE.0 > FLIGHT_MAX.0,
    "no isolate must give up while a flight is under way"
);
/// When an alarm looks for a flight that was lost with the object's memory.
pub const FLIGHT_WATCH: Millis = Millis::from_secs(75);
const _: () =
    assert!(FLIGHT_WATCH.0 > FLIGHT_MAX.0, "the alarm must come after the longest flight");
/// Minimum time between two renewals of a token: upstream may have none with a longer lifetime, and
/// requests must not ask for it one after the other. A quarter of the lifetime or upstream's
/// `refresh_in` takes its place where that is shorter, but not less than [`RENEWAL_SPACING_MIN`].
pub const RENEWAL_SPACING: Millis = Millis::from_secs(60);
/// Divisor of the lifetime for the renewal spacing of short-lived tokens.
pub const RENEWAL_SPACING_LIFETIME_DIVISOR: u64 = 4;
/// Upstream's `refresh_in` counts as no less than this: readers of KV see a renewed token after
/// [`KV_CACHE_TTL_SECS`] at the earliest, and all locations share the one write a second of its KV
/// key.
pub const REFRESH_IN_MIN: Millis = Millis::from_secs(30);
const _: () = assert!(
    REFRESH_IN_MIN.0 >= KV_CACHE_TTL_SECS * 1000,
    "a token must not be renewed before anybody sees it"
);
/// Divisor of the lifetime for that floor, where a token is short-lived.
pub const REFRESH_IN_MIN_LIFETIME_DIVISOR: u64 = 16;
/// Minimum time between two renewals of a token however short-lived it is.
pub const RENEWAL_SPACING_MIN: Millis = KV_WRITE_SPACING;
const _: () = assert!(
    KV_TTL_MIN_SECS * 1000 / REFRESH_IN_MIN_LIFETIME_DIVISOR > RENEWAL_SPACING_MIN.0,
    "the floor of a token that KV keeps must be above that"
);
/// How long an isolate answers with a failure that it remembers before it calls the coordinator
/// again. Hundreds of isolates with thousands of callers must not overload one object.
pub const FAILURE_REUSE: Millis = Millis::from_secs(2);
/// Divisor of the renew-ahead for the jitter of renewals, so that tokens do not all renew together.
pub const RENEWAL_JITTER_DIVISOR: u64 = 10;
/// Precision of the stored time of last use. Each update costs a storage write.
pub const ASKED_AT_PRECISION: Millis = Millis::from_secs(5 * 60);
/// How long an isolate waits for its renewal behind a response before it starts another one. The
/// platform ends such work after this time (Workers docs, `waitUntil`). A short-lived token's
/// spacing of renewals takes its place where that is shorter, also in [`FETCH_CLAIM`].
pub const RENEWAL_CLAIM: Millis = Millis::from_secs(30);
/// How long the log line of a hit waits for the renewal behind its response. The platform ends such
/// work after 30 s (Workers docs, "Limits"); a flight goes on in its coordinator.
pub const RENEWAL_WAIT: Millis = Millis::from_secs(28);
const _: () =
    assert!(RENEWAL_WAIT.0 < 30_000, "the line must be written before the platform ends it");

// An isolate without a coordinator.

/// How long an isolate that has a token waits for the one upstream request of another of its requests
/// before it sends a second one: the first may be lost with its caller. It serves the token meanwhile.
pub const FETCH_CLAIM: Millis = RENEWAL_CLAIM;
/// The same where it has no token.
pub const FETCH_CLAIM_COLD: Millis = Millis::from_secs(2);
const _: () =
    assert!(FETCH_CLAIM_COLD.0 < FETCH_CLAIM.0, "without a token the wait must be shorter");
/// Where no coordinator is in reach, an isolate renews a due token itself within this part of the
/// renew-ahead, and serves it meanwhile: the others find the new one in KV.
pub const RENEWAL_ALONE_DIVISOR: u64 = 2;
/// How many times the number of isolates that have renewed by themselves doubles in that part. Of a
/// thousand isolates one is early, and each doubling gives KV 45 s (of an hour's token) to show the
/// new token to the others; KV takes up to 60 s.
pub const RENEWAL_ALONE_DOUBLINGS: u64 = 10;
/// How often a request that waits looks for the token in isolate memory.
pub const FETCH_WAIT: Millis = Millis(50);
/// How many times it looks. Then it sends a request of its own.
pub const FETCH_WAITS_MAX: u64 = FLIGHT_MAX.0 / FETCH_WAIT.0;

// What an isolate tells a coordinator. The numbers are authentic; a bound keeps a bug of one isolate
// from being everybody's.

/// How far ahead of the coordinator's clock a generation may be. Generations are times in milliseconds.
pub const GENERATION_AHEAD_MAX: Millis = Millis::from_secs(60 * 60);
/// Longest `min_ttl`: no token lives longer.
pub const MIN_TTL_MAX: Millis = Millis::from_secs(EXPIRES_IN_MAX_SECS);
