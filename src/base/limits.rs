//! Every number of the broker: its unit in the name, its reason and source beside it.

use crate::base::time::Millis;

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

// The registry of clients in KV.

/// An entry is remembered for this long in an isolate. Together with [`KV_CACHE_TTL_SECS`] a client
/// that is removed or changed is so within a minute. Also for an entry that is not there.
pub const REGISTRY_MEMORY: Millis = Millis::from_secs(25);
/// While KV does not answer, an entry stays good for this long after it was read.
pub const REGISTRY_MEMORY_WHILE_DOWN: Millis = Millis::from_secs(10 * 60);
/// Entries remembered in one isolate, those that are not there included.
pub const REGISTRY_ENTRIES_MAX: usize = 2000;

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

// Rate limiting.

/// A rate limiting binding that takes longer does not count: it damps, it is not a lock.
pub const RATE_LIMIT_TIMEOUT: Millis = Millis(500);
/// What a caller over its limit is told. The binding does not say; its periods are 10 and 60 s.
pub const RATE_LIMIT_RETRY_AFTER_SECS: u64 = 10;

// Requests.

/// Longest IP address (RFC 4291 §2.2, with an embedded IPv4 address).
pub const ADDRESS_MAX_BYTES: usize = 45;
/// For how long a browser may remember what a preflight said (Chromium's most).
pub const PREFLIGHT_SECS: u64 = 2 * 60 * 60;
/// Longest request body; a token request is a few hundred bytes.
pub const REQUEST_BODY_MAX_BYTES: usize = 16 * 1024;
/// Longest query of `GET /token`; a scope and a credential's name are a few hundred bytes.
pub const QUERY_MAX_BYTES: usize = 32 * 1024;
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

// JWTs that callers present (RFC 7519).

/// Longest JWT in compact form. Those of GitHub Actions have 2 kB, Entra's with many groups 8 kB.
pub const JWT_MAX_BYTES: usize = 16 * 1024;
/// Most members of a JWT's header or claims. Issuers send about 40; each name is held against all
/// others.
pub const JWT_MEMBERS_MAX: usize = 128;
/// Longest `kid`, of a JWT or a key. Issuers' are digests or UUIDs.
pub const JWT_KEY_ID_MAX_BYTES: usize = 256;
/// Longest `sub`, which goes to the log. `OpenID` Connect Core §2 allows 255; GitHub's with an
/// environment may be longer.
pub const JWT_SUBJECT_MAX_BYTES: usize = 1024;
/// Longest `jti`; a UUID has 36.
pub const JWT_ID_MAX_BYTES: usize = 256;
/// What `exp`, `nbf` and `iat` may be off: clocks differ (RFC 7519 §4.1.4, "a few minutes" at most).
pub const JWT_SKEW: Millis = Millis::from_secs(60);
/// The end of the year 9999: no issuer means a later instant.
pub const NUMERIC_DATE_MAX_SECS: u64 = 253_402_300_799;
/// How far ahead a client assertion may expire: its `jti` is remembered for as long.
pub const ASSERTION_LIFETIME_MAX: Millis = Millis::from_secs(60 * 60);
/// Verified JWTs that an isolate remembers; with the caller's identity about 200 bytes each.
pub const VERIFIED_JWTS_MAX: usize = 1000;
/// For how long: a key that its issuer withdraws, or a changed configuration, takes effect within
/// the life of the keys and this.
pub const VERIFIED_JWT_MEMORY: Millis = Millis::from_secs(5 * 60);
/// Used client assertions that an isolate remembers; at 60 bytes each about 1.2 MB.
pub const USED_ASSERTIONS_MAX: usize = 20_000;
/// Of one client: it cannot crowd out the others.
pub const USED_ASSERTIONS_OF_CLIENT_MAX: usize = 5000;

// Their issuers' keys (RFC 7517).

/// Longest URL that keys are fetched from.
pub const URL_MAX_BYTES: usize = 2048;
/// Longest answer of an issuer. Entra's key sets, with certificates, have 20 kB.
pub const ISSUER_BODY_MAX_BYTES: usize = 64 * 1024;
/// Most keys of an issuer that are kept; the largest issuers have about 10.
pub const KEY_SET_KEYS_MAX: usize = 64;
/// Weaker RSA keys are not used (RFC 7518 §3.3).
pub const RSA_MODULUS_MIN_BITS: usize = 2048;
/// Larger ones cost more to verify than they are worth.
pub const RSA_MODULUS_MAX_BITS: usize = 8192;
/// Longest RSA exponent: `BoringSSL`, which verifies, takes 33 bits.
pub const RSA_EXPONENT_MAX_BYTES: usize = 4;
/// Bytes of a coordinate, and of each half of a signature, on P-256 and Ed25519.
pub const CURVE_BYTES: usize = 32;
/// One request to an issuer: connection, headers and body together. Discovery takes two.
pub const ISSUER_TIMEOUT: Millis = Millis::from_secs(5);
/// Key sets in the memory of one isolate; usual ones have 3 kB, the largest 90 kB.
pub const KEY_SETS_MAX: usize = 256;
/// How long keys are used without asking the issuer: that long a withdrawn key works.
pub const KEY_SET_FRESH: Millis = Millis::from_secs(60 * 60);
/// How long keys are used whose issuer cannot be reached. Issuers announce keys, and keep old ones,
/// for days; Cloudflare Access for seven.
pub const KEY_SET_GOOD: Millis = Millis::from_secs(7 * 24 * 60 * 60);
/// An issuer whose keys are known is asked at most this often: a made-up `kid` must not become a
/// request each.
pub const ISSUER_ASK_SPACING: Millis = Millis::from_secs(60);
/// An issuer that failed and of which no key is known is not asked again before this: nobody is
/// served meanwhile, so it is shorter.
pub const ISSUER_FAILURE_MEMORY: Millis = Millis::from_secs(10);
/// Where no key is known, another request may ask after this long: the one that went first may be
/// slow, or lost with its caller.
pub const KEY_SET_CLAIM_COLD: Millis = Millis::from_secs(2);
/// Where keys are known, nobody waits longer than this for whoever asks for newer ones: the tier
/// and two requests to the issuer.
pub const KEY_SET_CLAIM: Millis = Millis::from_secs(12);
/// How often a request that waits looks whether the keys have come.
pub const KEY_SET_WAIT: Millis = Millis(100);
/// How many times it looks: together [`KEY_SET_CLAIM`].
pub const KEY_SET_WAITS_MAX: u32 = 120;
