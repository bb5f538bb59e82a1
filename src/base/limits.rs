//! Every number of the broker, with its unit, its reason and its source.
//!
//! A relation between numbers that the code relies on is an assertion beside them, which the
//! compiler checks.

mod apis;
mod assertions;
mod coordinator;
mod failures;
mod issuer;
mod metadata;
mod rejected;
mod secrets;
mod signing;
mod stored;

pub use apis::*;
pub use assertions::*;
pub use coordinator::*;
pub use failures::*;
pub use issuer::*;
pub use metadata::*;
pub use rejected::*;
pub use secrets::*;
pub use signing::*;
pub use stored::*;

use crate::base::time::Millis;

// A token's life.

/// The serve floor: the broker serves no token with this much time left, or less. It covers clock
/// skew and the caller's own request. For a short-lived token it is a tenth of the lifetime.
pub const SERVE_FLOOR: Millis = Millis::from_secs(60);
/// Divisor of the lifetime for the serve floor of short-lived tokens.
pub const SERVE_FLOOR_LIFETIME_DIVISOR: u64 = 10;
/// The floor for callers that keep a token until 5 minutes before its end, as every MSAL does (MSAL Python,
/// `_MIN_ACCESS_TOKEN_LIFETIME`), with a minute for the way and for clocks that differ. For a short-lived
/// token it is half the lifetime.
pub const KEPT_FLOOR: Millis = Millis::from_secs(360);
/// Divisor of the lifetime for the floor of short-lived tokens.
pub const KEPT_FLOOR_LIFETIME_DIVISOR: u64 = 2;
const _: () = assert!(
    SERVE_FLOOR.0 < KEPT_FLOOR.0 && KEPT_FLOOR_LIFETIME_DIVISOR < SERVE_FLOOR_LIFETIME_DIVISOR,
    "the floor for callers that keep tokens must be above the serve floor"
);
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
/// Divisor of the lifetime for the most that the renew-ahead may be. A token of a minute, such as
/// Keycloak's, would be due from its start, and upstream would be asked for it four times a minute.
pub const RENEW_AHEAD_LIFETIME_DIVISOR: u64 = 2;
const _: () = assert!(
    SERVE_FLOOR_LIFETIME_DIVISOR > RENEW_AHEAD_LIFETIME_DIVISOR,
    "a short-lived token must be due before its serve floor"
);
/// Renew-ahead of usual lifetimes: enough to survive an outage of the authorization server.
pub const RENEW_AHEAD: Millis = Millis::from_secs(15 * 60);
const _: () = assert!(RENEW_AHEAD.0 < SHORT_LIFETIME.0, "a usual token must be fresh at first");
/// Renew-ahead of long lifetimes.
pub const RENEW_AHEAD_LONG: Millis = Millis::from_secs(60 * 60);
const _: () =
    assert!(RENEW_AHEAD_LONG.0 < LONG_LIFETIME.0, "a long-lived token must be fresh at first");
/// Longest lifetime that the broker believes, a year; a longer one counts as this. KV takes TTLs of 32
/// bits (workerd), and added to the present its expirations of 32 bits end in 2038.
pub const EXPIRES_IN_MAX_SECS: u64 = 365 * 24 * 60 * 60;
const _: () = assert!(EXPIRES_IN_MAX_SECS <= i32::MAX as u64, "KV must take it as a TTL");
/// Lifetime of a token whose response has no `expires_in`, which RFC 6749 §5.1 only recommends. The
/// value is MSAL Python's.
pub const EXPIRES_IN_ABSENT_SECS: u64 = 600;

// Tiers.

/// Tokens in the memory of one isolate (128 MB, Workers limits); at 1.5 kB each about 1.5 MB.
pub const ISOLATE_TOKENS_MAX: usize = 1000;

/// Minimum time between two writes of one isolate to one KV key. KV takes one a second for a key (KV
/// docs, "Limits").
pub const KV_WRITE_SPACING: Millis = Millis::from_secs(1);

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
/// Longest time for one token: Secrets Store before and after, the metadata of the server, then each proof
/// once, and one retry after its pause.
pub const FLIGHT_MAX: Millis = Millis(
    2 * SECRETS_TIMEOUT.0
        + METADATA_TIMEOUT.0
        + (CLIENT_SECRETS_MAX as u64 + 1) * (SIGNING_TIMEOUT.0 + UPSTREAM_TIMEOUT.0)
        + RETRY_PAUSE_MAX.0,
);
/// Longest `Retry-After` that the broker takes over from upstream (as MSAL.NET does).
pub const RETRY_AFTER_MAX_SECS: u64 = 3600;
/// The reset of a rate limit is a time in Unix seconds from this number on, which is in 2001. A smaller one
/// is the seconds until then, of at most thirty years.
pub const EPOCH_SECS_MIN: u64 = 1_000_000_000;
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

/// Longest `Retry-After` of `GET /msi/token`, and for MSAL and Azure SDKs. An Azure SDK sleeps for this long within its
/// user's call, up to five times (azure-core, `RetryPolicy`; `@azure/identity`, `defaultRetryPolicy`).
pub const SDK_RETRY_AFTER_MAX_SECS: u64 = 2;

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
/// Longest list of headers in a preflight that the answer repeats. Three vendors of tracing together
/// add some 400 bytes.
pub const PREFLIGHT_HEADERS_MAX_BYTES: usize = 2048;
/// Longest request body. A token request has a few hundred bytes.
pub const REQUEST_BODY_MAX_BYTES: usize = 16 * 1024;
/// Longest body of a proxied request that is sent on once more after a 401: it is in memory for as long as the
/// API takes to answer. A request for an API in JSON has some kilobytes.
pub const REPEATED_BODY_MAX_BYTES: usize = 64 * 1024;
/// Longest query of `GET /token`. A scope and the name of a credential have a few hundred bytes.
pub const QUERY_MAX_BYTES: usize = 32 * 1024;
/// Longest request id that the broker takes over from a caller. A UUID has 36 characters.
pub const REQUEST_ID_MAX_CHARS: usize = 64;
/// Longest name of an unknown member of a call's argument that the error repeats. A client key is longer.
pub const MEMBER_NAME_MAX_BYTES: usize = 32;
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
/// Longest text that the broker relays from an upstream `error_description`.
pub const RELAYED_TEXT_MAX_BYTES: usize = 1024;
/// Longest upstream `trace_id`, `correlation_id`, `timestamp`.
pub const RELAYED_ID_MAX_BYTES: usize = 64;
/// Longest members beyond RFC 6749 §5.1 that callers get of a token response. Salesforce's five have 600
/// bytes, and a GitHub App's list of repositories 5 kB for each.
pub const RESPONSE_FIELDS_MAX_BYTES: usize = 16 * 1024;
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
/// Longest `sub`, which goes to the log. GitHub's may be above `OpenID` Connect Core §2's 255 characters.
pub const JWT_SUBJECT_MAX_BYTES: usize = 1024;
/// Longest `jti`. A UUID has 36 characters.
pub const JWT_ID_MAX_BYTES: usize = 256;
/// Tolerance for `exp`, `nbf` and `iat`, because clocks differ (RFC 7519 §4.1.4: "a few minutes" at
/// most).
pub const JWT_SKEW: Millis = Millis::from_secs(60);
/// The end of the year 9999: no issuer means a later instant.
pub const NUMERIC_DATE_MAX_SECS: u64 = 253_402_300_799;
/// Largest number of the configuration: JavaScript hands over vars, and rounds larger ones (RFC 8259 §6).
pub const JSON_NUMBER_MAX: u64 = (1 << 53) - 1;
/// Verified JWTs in the memory of one isolate; with the JWT subject about 200 bytes each.
pub const VERIFIED_JWTS_MAX: usize = 1000;
/// How long an isolate accepts a verified JWT without verifying it again. A withdrawn key or a
/// changed configuration takes effect that much later.
pub const VERIFIED_JWT_MEMORY: Millis = Millis::from_secs(5 * 60);
