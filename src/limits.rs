//! Every number of the broker: its unit in the name, its reason and source beside it.

use crate::time::Millis;

// A token's life.

/// Below this many milliseconds left a token is never served: it covers clock skew
/// and the caller's own request. A short-lived token has a tenth of its lifetime instead.
pub const SERVE_FLOOR: Millis = Millis::from_secs(60);
/// Divisor of the lifetime for the serve floor of short-lived tokens.
pub const SERVE_FLOOR_LIFETIME_DIVISOR: u64 = 10;
/// Lifetimes up to this are renewed [`RENEW_AHEAD_SHORT`] before expiry.
pub const SHORT_LIFETIME: Millis = Millis::from_secs(20 * 60);
/// Lifetimes from this on are renewed [`RENEW_AHEAD_LONG`] before expiry.
pub const LONG_LIFETIME: Millis = Millis::from_secs(90 * 60);
/// Renew-ahead of short lifetimes: the buffer that every MSAL keeps for itself.
pub const RENEW_AHEAD_SHORT: Millis = Millis::from_secs(5 * 60);
/// Renew-ahead of usual lifetimes: enough to ride out an outage of the authorization server.
pub const RENEW_AHEAD: Millis = Millis::from_secs(15 * 60);
/// Renew-ahead of long lifetimes.
pub const RENEW_AHEAD_LONG: Millis = Millis::from_secs(60 * 60);
/// A token response that promises more than a year is a fault of the authorization server.
pub const EXPIRES_IN_MAX_SECS: u64 = 365 * 24 * 60 * 60;
/// Lifetime assumed where a token response has no `expires_in`, which RFC 6749 §5.1 only
/// recommends. The value is MSAL Python's.
pub const EXPIRES_IN_ABSENT_SECS: u64 = 600;

// Tiers.

/// Tokens kept in the memory of one isolate (128 MB, Workers limits); at 1.5 kB each about 2 MB.
pub const ISOLATE_TOKENS_MAX: usize = 1000;
/// KV refuses an `expirationTtl` below this (KV docs, "Expiring keys").
pub const KV_TTL_MIN_SECS: u64 = 60;
/// `cacheTtl` of a KV read: KV's minimum, so that a renewed token is seen soon.
pub const KV_CACHE_TTL_SECS: u64 = 30;
/// A KV operation that takes longer counts as failed. Reads across an ocean take some
/// hundred milliseconds; the authorization server itself answers within a second.
pub const KV_TIMEOUT: Millis = Millis::from_secs(2);

// The authorization server.

/// One attempt: connection, headers and body together.
pub const UPSTREAM_TIMEOUT: Millis = Millis::from_secs(10);
/// Answers are read up to this many bytes. A token response is about 2 kB.
pub const UPSTREAM_BODY_MAX_BYTES: usize = 256 * 1024;
/// How long the body of an answer is waited for whose status has decided already.
pub const UPSTREAM_QUICK_BODY: Millis = Millis::from_secs(1);
/// Shortest pause before the one retry.
pub const RETRY_PAUSE_MIN: Millis = Millis(500);
/// Longest pause before the one retry.
pub const RETRY_PAUSE_MAX: Millis = Millis(1500);
/// `Retry-After` from upstream is capped here (as MSAL.NET does).
pub const RETRY_AFTER_MAX_SECS: u64 = 3600;
/// What a throttled caller is told where upstream sent no `Retry-After`.
pub const THROTTLE_RETRY_AFTER_SECS: u64 = 60;
/// What a caller is told after a transient failure without `Retry-After`.
pub const TRANSIENT_RETRY_AFTER_SECS: u64 = 1;
/// What a caller is told while the configuration has a fault; a person has to act.
pub const MISCONFIGURED_RETRY_AFTER_SECS: u64 = 60;

// Failure memory: a broken secret or a tenant that is down is asked once, not once per request.

/// A refused credential or scope, or an answer that is no token response.
pub const REFUSAL_MEMORY: Millis = Millis::from_secs(60);
/// The first passing fault.
pub const TRANSIENT_MEMORY_MIN: Millis = Millis::from_secs(1);
/// However many passing faults.
pub const TRANSIENT_MEMORY_MAX: Millis = Millis::from_secs(60);

// The coordinator.

/// The coordinator saves requests; it must never be why there is no token. After this long without
/// a sign of life from it, upstream is asked directly.
pub const COORDINATOR_TIMEOUT: Millis = Millis::from_secs(5);
/// A flight that takes longer than this gives its waiters a sign of life, and they ask again.
pub const COORDINATOR_SIGN_OF_LIFE: Millis = Millis::from_secs(4);
/// How often they ask again: together longer than any flight, which takes 22 s at most.
pub const COORDINATOR_ASKS_MAX: u32 = 7;
/// After one renewal a token is not renewed again before this has passed, or a quarter of its
/// lifetime if that is less, or upstream's own `refresh_in`: an upstream that gives no longer token
/// must not be asked for one by every request.
pub const RENEWAL_SPACING: Millis = Millis::from_secs(60);
/// Divisor of the lifetime for the renewal spacing of short-lived tokens.
pub const RENEWAL_SPACING_LIFETIME_DIVISOR: u64 = 4;
/// For how long an isolate passes a failure on that it knows of, before it asks the coordinator
/// again: some hundred isolates with some thousand callers must not overload one object.
pub const FAILURE_ECHO: Millis = Millis::from_secs(2);
/// Divisor of the renew-ahead for the most that a renewal is moved forward, so that token keys
/// do not renew together.
pub const RENEWAL_JITTER_DIVISOR: u64 = 10;
/// A flight takes 22 s at most; an alarm looks after one that was lost with the object's memory.
pub const FLIGHT_WATCH: Millis = Millis::from_secs(60);
/// How exactly it is stored when somebody last asked; each store costs a write.
pub const ASKED_AT_PRECISION: Millis = Millis::from_secs(5 * 60);
/// How long an isolate waits for its background renewal before it starts another one.
pub const RENEWAL_CLAIM: Millis = Millis::from_secs(30);

// Requests.

/// Longest request body; a token request is a few hundred bytes.
pub const REQUEST_BODY_MAX_BYTES: usize = 16 * 1024;
/// Longest request id taken over from a caller; a UUID has 36 characters.
pub const REQUEST_ID_MAX_CHARS: usize = 64;
/// Longest scope value. Entra's are below 100 bytes.
pub const SCOPE_MAX_BYTES: usize = 2048;
/// Longest `claims` of a rejected token. A challenge's are some hundred bytes.
pub const CLAIMS_MAX_BYTES: usize = 4 * 1024;
/// KV reads for one rejected token, at most: one for each grant of its client until it is found.
pub const REVOCATION_KV_READS_MAX: usize = 32;
/// Longest client id, credential name, tenant or application id.
pub const NAME_MAX_BYTES: usize = 253;
/// Longest text that is relayed from an upstream `error_description`.
pub const RELAYED_TEXT_MAX_BYTES: usize = 1024;
/// Longest upstream `trace_id`, `correlation_id`, `timestamp`.
pub const RELAYED_ID_MAX_BYTES: usize = 64;
/// Most `error_codes` that are relayed; Entra sends one or two.
pub const RELAYED_CODES_MAX: usize = 8;
