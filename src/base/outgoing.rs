//! What the broker says of itself, and of what it reads, in each request to another server.
//!
//! Some servers refuse a request without `User-Agent`, and some serve a document under one of its
//! media types only. So each `Accept` ends with everything else: the parser decides, not the label.

/// `User-Agent` (RFC 9110 §10.1.5).
pub const USER_AGENT: (&str, &str) =
    ("user-agent", concat!("edge-token-broker/", env!("CARGO_PKG_VERSION")));

/// `Accept` for a token response (RFC 6749 §5.1).
pub const ACCEPT_JSON: (&str, &str) = ("accept", "application/json, */*;q=0.1");

/// `Accept` for what issuers publish: a key set (RFC 7517 §8.5), often served as plain JSON, or
/// metadata, which is plain JSON (RFC 8414 §3.2).
pub const ACCEPT_ISSUER: (&str, &str) =
    ("accept", "application/jwk-set+json, application/json, */*;q=0.1");
