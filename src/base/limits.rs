//! Every number of the broker, with its unit, its reason and its source.
//!
//! A relation between numbers that the code relies on is an assertion beside them, which the
//! compiler checks.

mod assertions;

use crate::base::time::Millis;

pub use assertions::*;

// A token's life.

/// The serve floor: the broker serves no token with this much time left, or less. It covers clock
/// skew and the caller's own request. For a short-lived token it is a tenth of the lifetime.
pub const SERVE_FLOOR: Millis = Millis::from_secs(60);
/// Divisor of the lifetime for the serve floor of short-lived tokens.
pub const SERVE_FLOOR_LIFETIME_DIVISOR: u64 = 10;
/// Lifetimes up to this are short. Their tokens are renewed [`RENEW_AHEAD_SHORT`] before expiry.
pub const SHORT_LIFETIME: Millis = Millis::from_secs(20 * 60);
/// Lifetimes from this on are long. Their tokens are renewed [`RENEW_AHEAD_LONG`] before expiry.
pub const LONG_LIFETIME: Millis = Millis::from_secs(90 * 60);
const _: () =
    assert!(SHORT_LIFETIME.0 < LONG_LIFETIME.0, "usual lifetimes must be between the two");
/// Renew-ahead of short lifetimes: the buffer that every MSAL keeps for itself.
pub const RENEW_AHEAD_SHORT: Millis = Millis::from_secs(5 * 60);
const _: () =
    assert!(SERVE_FLOOR.0 < RENEW_AHEAD_SHORT.0, "a token must be due before its serve floor");
/// Renew-ahead of usual lifetimes: enough to survive an outage of the authorization server.
pub const RENEW_AHEAD: Millis = Millis::from_secs(15 * 60);
const _: () = assert!(RENEW_AHEAD.0 < SHORT_LIFETIME.0, "a usual token must be fresh at first");
/// Renew-ahead of long lifetimes.
pub const RENEW_AHEAD_LONG: Millis = Millis::from_secs(60 * 60);
const _: () =
    assert!(RENEW_AHEAD_LONG.0 < LONG_LIFETIME.0, "a long-lived token must be fresh at first");
/// Longest lifetime that a token response may promise: a year.
pub const EXPIRES_IN_MAX_SECS: u64 = 365 * 24 * 60 * 60;
/// Lifetime of a token whose response has no `expires_in`, which RFC 6749 §5.1 only recommends. The
/// value is MSAL Python's.
pub const EXPIRES_IN_ABSENT_SECS: u64 = 600;

// Tiers.

/// Tokens in the memory of one isolate (128 MB, Workers limits); at 1.5 kB each about 1.5 MB.
pub const ISOLATE_TOKENS_MAX: usize = 1000;
/// KV refuses an `expirationTtl` below this (KV docs, "Expiring keys").
pub const KV_TTL_MIN_SECS: u64 = 60;
/// `cacheTtl` of a KV read: KV's minimum, so that isolates see a renewed token soon.
pub const KV_CACHE_TTL_SECS: u64 = 30;
/// A KV operation that takes longer counts as failed. Reads across an ocean take some hundred
/// milliseconds. The authorization server itself usually answers within a second.
pub const KV_TIMEOUT: Millis = Millis::from_secs(2);

// The registry of clients in KV.

/// How long an isolate remembers an entry, or that an entry does not exist.
pub const REGISTRY_MEMORY: Millis = Millis::from_secs(25);
const _: () = assert!(
    REGISTRY_MEMORY.0 + KV_CACHE_TTL_SECS * 1000 <= 60_000,
    "an isolate must see a changed or removed client within a minute"
);
/// While KV does not answer, an entry stays good for this long after it was read.
pub const REGISTRY_MEMORY_WHILE_DOWN: Millis = Millis::from_secs(10 * 60);
const _: () = assert!(
    REGISTRY_MEMORY.0 < REGISTRY_MEMORY_WHILE_DOWN.0,
    "an entry must outlive its memory while KV is down"
);
/// Entries in the memory of one isolate, including those that do not exist.
pub const REGISTRY_ENTRIES_MAX: usize = 2000;

// The authorization server.

/// Most client secrets of one credential. A rotation needs two.
pub const CLIENT_SECRETS_MAX: usize = 4;
const _: () = assert!(CLIENT_SECRETS_MAX >= 2, "a rotation must be possible");
/// One upstream request: connection, headers and body together.
pub const UPSTREAM_TIMEOUT: Millis = Millis::from_secs(10);
/// Longest body of a response. A token response has about 2 kB.
pub const UPSTREAM_BODY_MAX_BYTES: usize = 256 * 1024;
/// How long to wait for an error body once the status has decided the outcome.
pub const ERROR_BODY_WAIT: Millis = Millis::from_secs(1);
const _: () =
    assert!(ERROR_BODY_WAIT.0 < UPSTREAM_TIMEOUT.0, "the wait must end before the request does");
/// Shortest pause before the one retry.
pub const RETRY_PAUSE_MIN: Millis = Millis(500);
/// Longest pause before the one retry.
pub const RETRY_PAUSE_MAX: Millis = Millis(1500);
const _: () =
    assert!(RETRY_PAUSE_MIN.0 <= RETRY_PAUSE_MAX.0, "the shortest must not be above the longest");
/// Longest time for one token: each secret once, and one retry after its pause.
pub const FLIGHT_MAX: Millis =
    Millis((CLIENT_SECRETS_MAX as u64 + 1) * UPSTREAM_TIMEOUT.0 + RETRY_PAUSE_MAX.0);
/// Longest `Retry-After` that the broker takes over from upstream (as MSAL.NET does).
pub const RETRY_AFTER_MAX_SECS: u64 = 3600;
/// `Retry-After` for callers while upstream throttles and names no time.
pub const THROTTLE_RETRY_AFTER_SECS: u64 = 60;
const _: () = assert!(
    THROTTLE_RETRY_AFTER_SECS <= RETRY_AFTER_MAX_SECS,
    "the default must not be above the maximum"
);
/// `Retry-After` for callers after a transient failure without one.
pub const TRANSIENT_RETRY_AFTER_SECS: u64 = 1;
/// `Retry-After` for callers while the configuration has a fault. A person has to act.
pub const MISCONFIGURED_RETRY_AFTER_SECS: u64 = 60;

// Failure memory: one request for a broken secret or a tenant that is down, not one for each caller.

/// After a refused credential or scope, or an answer that is no token response.
pub const REFUSAL_MEMORY: Millis = Millis::from_secs(60);
/// After the first of several transient failures in a row. Each further one doubles it.
pub const TRANSIENT_MEMORY_MIN: Millis = Millis::from_secs(1);
const _: () = assert!(
    TRANSIENT_RETRY_AFTER_SECS * 1000 <= TRANSIENT_MEMORY_MIN.0,
    "the default must not prolong the first failure"
);
/// After any number of transient failures in a row.
pub const TRANSIENT_MEMORY_MAX: Millis = Millis::from_secs(60);
const _: () = assert!(TRANSIENT_MEMORY_MIN.0 < TRANSIENT_MEMORY_MAX.0, "the memory must grow");

// The coordinator.

/// How long an isolate waits for a sign of life from a coordinator. Then it fetches the token itself:
/// the coordinator saves requests, and is never the reason for having no token.
pub const COORDINATOR_TIMEOUT: Millis = Millis::from_secs(5);
/// Longest answer of a Durable Object: a sealed token of at most [`UPSTREAM_BODY_MAX_BYTES`], and 64 kB
/// for its seal and the traces of its flight, which have some hundred bytes.
pub const OBJECT_BODY_MAX_BYTES: usize = UPSTREAM_BODY_MAX_BYTES + 64 * 1024;
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
pub const FLIGHT_WATCH: Millis = Millis::from_secs(60);
const _: () =
    assert!(FLIGHT_WATCH.0 > FLIGHT_MAX.0, "the alarm must come after the longest flight");
/// Minimum time between two renewals of a token: upstream may have none with a longer lifetime, and
/// requests must not ask for it one after the other. A quarter of the lifetime or upstream's
/// `refresh_in` takes its place where that is shorter.
pub const RENEWAL_SPACING: Millis = Millis::from_secs(60);
/// Divisor of the lifetime for the renewal spacing of short-lived tokens.
pub const RENEWAL_SPACING_LIFETIME_DIVISOR: u64 = 4;
/// How long an isolate answers with a failure that it remembers before it calls the coordinator
/// again. Hundreds of isolates with thousands of callers must not overload one object.
pub const FAILURE_REUSE: Millis = Millis::from_secs(2);
/// Divisor of the renew-ahead for the jitter of renewals, so that tokens do not all renew together.
pub const RENEWAL_JITTER_DIVISOR: u64 = 10;
/// Precision of the stored time of last use. Each update costs a storage write.
pub const ASKED_AT_PRECISION: Millis = Millis::from_secs(5 * 60);
/// How long an isolate waits for its renewal behind a response before it starts another one. The
/// platform ends such work after this time (Workers docs, `waitUntil`).
pub const RENEWAL_CLAIM: Millis = Millis::from_secs(30);
/// How long the log line of a hit waits for the renewal behind its response. The platform ends such
/// work after 30 s (Workers docs, "Limits"); a flight goes on in its coordinator.
pub const RENEWAL_WAIT: Millis = Millis::from_secs(28);
const _: () =
    assert!(RENEWAL_WAIT.0 < 30_000, "the line must be written before the platform ends it");

// Rate limiting.

/// How long to wait for a rate limiting binding. Without an answer in time the request goes on.
pub const RATE_LIMIT_TIMEOUT: Millis = Millis(500);
/// `Retry-After` for a caller over its limit. The binding names no time; its periods are 10 and 60 s.
pub const RATE_LIMIT_RETRY_AFTER_SECS: u64 = 10;

// Requests.

/// Longest IP address (RFC 4291 §2.2, with an embedded IPv4 address).
pub const ADDRESS_MAX_BYTES: usize = 45;
/// How long a browser may remember the answer to a preflight: Chromium's maximum.
pub const PREFLIGHT_SECS: u64 = 2 * 60 * 60;
/// Longest request body. A token request has a few hundred bytes.
pub const REQUEST_BODY_MAX_BYTES: usize = 16 * 1024;
/// Longest query of `GET /token`. A scope and the name of a credential have a few hundred bytes.
pub const QUERY_MAX_BYTES: usize = 32 * 1024;
/// Longest request id that the broker takes over from a caller. A UUID has 36 characters.
pub const REQUEST_ID_MAX_CHARS: usize = 64;
/// Longest scope. Entra's have less than 100 bytes.
pub const SCOPE_MAX_BYTES: usize = 2048;
/// Longest client id, credential name, tenant or application id.
pub const NAME_MAX_BYTES: usize = 253;
const _: () = assert!(
    3 * (SCOPE_MAX_BYTES + NAME_MAX_BYTES) < REQUEST_BODY_MAX_BYTES
        && REQUEST_BODY_MAX_BYTES < QUERY_MAX_BYTES,
    "the longest scope and name must fit, with each byte percent-encoded"
);
/// Longest `claims` of a rejected token. A challenge has some hundred bytes.
pub const CLAIMS_MAX_BYTES: usize = 4 * 1024;
/// Most KV reads for one rejected token: one for each grant of its client until it is found.
pub const REVOCATION_KV_READS_MAX: usize = 32;
/// Longest text that the broker relays from an upstream `error_description`.
pub const RELAYED_TEXT_MAX_BYTES: usize = 1024;
/// Longest upstream `trace_id`, `correlation_id`, `timestamp`.
pub const RELAYED_ID_MAX_BYTES: usize = 64;
/// Most `error_codes` that the broker relays. Entra sends one or two.
pub const RELAYED_CODES_MAX: usize = 8;

// JWTs that callers present (RFC 7519).

/// Longest JWT in compact form. Those of GitHub Actions have 2 kB, Entra's with many groups 8 kB.
pub const JWT_MAX_BYTES: usize = 16 * 1024;
/// Most members of a JWT's header or claims. Issuers send about 40. The parser compares each name
/// with all others.
pub const JWT_MEMBERS_MAX: usize = 128;
/// Longest `kid` of a JWT or a JWK. Issuers use digests or UUIDs.
pub const JWT_KEY_ID_MAX_BYTES: usize = 256;
/// Longest `sub`, which goes to the log. `OpenID` Connect Core §2 allows 255 characters. GitHub's
/// with an environment may be longer.
pub const JWT_SUBJECT_MAX_BYTES: usize = 1024;
/// Longest `jti`. A UUID has 36 characters.
pub const JWT_ID_MAX_BYTES: usize = 256;
/// Tolerance for `exp`, `nbf` and `iat`, because clocks differ (RFC 7519 §4.1.4: "a few minutes" at
/// most).
pub const JWT_SKEW: Millis = Millis::from_secs(60);
/// The end of the year 9999: no issuer means a later instant.
pub const NUMERIC_DATE_MAX_SECS: u64 = 253_402_300_799;
/// Verified JWTs in the memory of one isolate; with the JWT subject about 200 bytes each.
pub const VERIFIED_JWTS_MAX: usize = 1000;
/// How long an isolate accepts a verified JWT without verifying it again. A withdrawn key or a
/// changed configuration takes effect that much later.
pub const VERIFIED_JWT_MEMORY: Millis = Millis::from_secs(5 * 60);

// The key sets of issuers (RFC 7517).

/// Longest URL of a key set.
pub const URL_MAX_BYTES: usize = 2048;
/// Longest response of an issuer. Entra's key sets, with certificates, have 20 kB.
pub const ISSUER_BODY_MAX_BYTES: usize = 64 * 1024;
/// Most keys of one issuer. The largest issuers have about 10.
pub const KEY_SET_KEYS_MAX: usize = 64;
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
/// One request to an issuer: connection, headers and body together.
pub const ISSUER_TIMEOUT: Millis = Millis::from_secs(5);
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
/// Longest wait for another request of the isolate that fetches a key set. That request reads the
/// shared tier, then the metadata and the keys of the issuer.
pub const KEY_SET_CLAIM: Millis = Millis(KV_TIMEOUT.0 + 2 * ISSUER_TIMEOUT.0);
/// The same where no key is known: then a second request fetches as well, because the first may be
/// slow, or lost with its caller.
pub const KEY_SET_CLAIM_COLD: Millis = Millis::from_secs(2);
const _: () =
    assert!(KEY_SET_CLAIM_COLD.0 < KEY_SET_CLAIM.0, "without keys the wait must be shorter");
/// How often a request that waits looks for the keys.
pub const KEY_SET_WAIT: Millis = Millis(100);
/// How many times it looks.
pub const KEY_SET_WAITS_MAX: u32 = 120;
const _: () = assert!(
    KEY_SET_WAIT.0 * KEY_SET_WAITS_MAX as u64 == KEY_SET_CLAIM.0,
    "a request must wait as long as the fetching may take"
);
