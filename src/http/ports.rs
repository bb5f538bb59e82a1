//! What an exchange needs from the platform, in addition to the ports of `callers` and `tokens`.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::callers::ports::CallerPorts;
use crate::callers::presented::PlatformIdentity;
use crate::tokens::ports::TokenPorts;

/// The ports of this room.
pub trait HttpPorts: TokenPorts + CallerPorts {
    /// A request of the platform.
    type Request: PlatformRequest;
    /// Rate limits.
    type Limiter: RateLimiter;
}

/// What the platform knows of a request. Each read is a call into JavaScript, so an exchange reads
/// only what it needs.
pub trait PlatformRequest: 'static {
    /// What the platform says of the caller.
    fn identity(&self) -> PlatformIdentity;
    /// The caller's address (`CF-Connecting-IP`), not checked: a Worker that calls over a service
    /// binding can send any text.
    fn address(&self) -> Option<String>;
    /// The client key of `GET /msi/token` (`X-IDENTITY-HEADER`).
    fn identity_header(&self) -> Option<String>;
    /// Whether the caller says that it is an MSAL (`x-client-SKU`).
    fn is_msal(&self) -> bool;
    /// Whether the caller says that it is an Azure SDK (`User-Agent: azsdk-…`).
    fn is_azure_sdk(&self) -> bool;
    /// The origin of the page that makes the request (`Origin`).
    fn origin(&self) -> Option<String>;
    /// The header `name`.
    fn header(&self, name: &str) -> Option<String>;
    /// The names of all headers, in lower case, one a line.
    fn header_names(&self) -> String;
    /// A text that is random, and the same for this request as long as it lives, also if it begins
    /// anew after a panic. No caller chooses it.
    fn nonce(&self) -> String;
}

/// A rate limiting binding. It damps and does not lock: it admits a few requests too many.
pub trait RateLimiter {
    /// Whether the binding exists. Without it every request is admitted.
    fn is_bound(&self) -> bool;
    /// Counts one request for `key`, and returns whether it is within the limit. A limiter that
    /// fails, or takes longer than [`crate::base::limits::RATE_LIMIT_TIMEOUT`], admits.
    async fn admits(&self, key: &str) -> bool;
}
