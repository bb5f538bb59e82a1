//! What the core needs from outside. Each port says what its failure means; adapters only translate.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::config::Grant;
use crate::coordinator::{Handout, Want};
use crate::entra::exchange::{EndpointReply, EndpointRequest, TransportFailure};
use crate::error::UpstreamError;
use crate::event::{Event, UpstreamTrail};
use crate::jwt::key::VerificationKey;
use crate::keys::TokenKey;
use crate::oauth::claims::Claims;
use crate::policy::failure_memory::Failure;
use crate::record::CachedToken;
use crate::request_id::RequestId;
use crate::time::{Millis, UnixMillis};

/// The memory of this isolate: synchronous, never fails, holds values only.
pub trait TokenMemory {
    /// The token under `key`, if it is still here.
    fn recall(&self, key: &TokenKey) -> Option<CachedToken>;
    /// Keeps `token` until there is no room for it, unless the one here may still be served and is
    /// not superseded.
    fn remember(&self, key: TokenKey, token: CachedToken, now: UnixMillis);
    /// Whether a background renewal may start now: one at a time for a key. A claim lapses after
    /// [`crate::limits::RENEWAL_CLAIM`], for a renewal that was lost with its request.
    fn claim_renewal(&self, key: &TokenKey, now: UnixMillis) -> bool;
    /// Whether `token`, which was rejected, may be renewed for that reason now: once for each, and
    /// not at a pace that a caller sets ([`crate::policy::freshness::forced_spacing`]).
    fn claim_forced(&self, key: &TokenKey, token: &CachedToken, now: UnixMillis) -> bool;
    /// Notes that upstream has answered for `token`, which was rejected.
    fn note_forced(&self, key: &TokenKey, token: &CachedToken);
    /// Takes the claim back: upstream fails, which has its own time to pass.
    fn release_forced(&self, key: &TokenKey);
    /// Notes that upstream has just been asked for a better token than the one here, and gave none.
    fn note_best(&self, key: &TokenKey, now: UnixMillis);
    /// Whether that has been so within [`crate::limits::RENEWAL_SPACING`].
    fn is_best(&self, key: &TokenKey, now: UnixMillis) -> bool;
    /// The newest failure of upstream, unless a token came after it, and whether to ask again.
    fn failure(&self, key: &TokenKey) -> Option<RecalledFailure>;
    /// Keeps `failure` until a token comes.
    fn remember_failure(&self, key: TokenKey, failure: RecalledFailure);
}

/// A failure as an isolate remembers it.
#[derive(Clone, Debug)]
pub struct RecalledFailure {
    /// What upstream said, and for how long.
    pub failure: Failure,
    /// From then on the coordinator is asked again, which may know better.
    pub ask_again_at: UnixMillis,
}

/// What a shared tier says it has: a sealed record, or none; a miss is not an error.
pub type Loaded = Result<Option<Vec<u8>>, TierError>;

/// A shared tier of sealed records. An optimisation, never an authority: callers treat every
/// [`TierError`] as a miss and write it to the log.
pub trait TokenTier {
    /// What is under `key`.
    async fn load(&self, key: &TokenKey) -> Loaded;
    /// Keeps `record` for `ttl_secs`, at least [`crate::limits::KV_TTL_MIN_SECS`].
    async fn store(&self, key: &TokenKey, record: &[u8], ttl_secs: u64) -> Result<(), TierError>;
}

/// The entries of the client registry.
pub trait ClientEntries {
    /// Whether there is a registry at all.
    fn is_bound(&self) -> bool;
    /// The entry called `name`; `Ok(None)` is that there is none.
    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, TierError>;
}

/// Why a tier did not do what it was asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TierError {
    /// The binding does not exist.
    Unbound,
    /// More operations than the tier takes (KV: one write a second for a key).
    Throttled,
    /// No answer within [`crate::limits::KV_TIMEOUT`].
    TimedOut,
    /// Anything else.
    Failed,
}

impl TierError {
    /// The failure's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::Throttled => "throttled",
            Self::TimedOut => "timeout",
            Self::Failed => "failed",
        }
    }
}

/// The coordinator of each token key: one for the whole network. It saves requests; callers go on
/// without it.
pub trait Coordination {
    /// Whether there are coordinators at all.
    fn is_bound(&self) -> bool;
    /// The token, or why upstream gives none, within [`crate::limits::COORDINATOR_TIMEOUT`].
    async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError>;
    /// The token that takes the place of the rejected one that `want` names, likewise. `claims` go
    /// upstream with the request that gets it.
    async fn replace(
        &self,
        grant: &Grant,
        want: Want,
        claims: Option<Claims>,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError>;
}

/// A coordinator's answer.
#[derive(Clone, Debug)]
pub struct Coordinated {
    /// The token, or why there is none.
    pub reply: Result<Handout, UpstreamError>,
    /// The traces of the flight that was waited for.
    pub trail: Option<UpstreamTrail>,
    /// For how long a failure in `reply` lasts: longer than it takes, it is not worth asking again.
    pub failing_for: Millis,
}

/// Why the coordinator did not answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CoordinationError {
    /// The binding does not exist: this broker runs without a coordinator.
    Unbound,
    /// No answer in time.
    TimedOut,
    /// Anything else.
    Failed,
}

impl CoordinationError {
    /// The failure's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unbound => "unbound",
            Self::TimedOut => "timeout",
            Self::Failed => "failed",
        }
    }
}

/// Which client assertions were used, anywhere in the network.
pub trait AssertionLedger {
    /// Notes the use of the assertion `id` until `until`, and says whether it is the first. Whoever
    /// gets no answer knows of the uses in its own isolate alone.
    async fn use_once(
        &self,
        client_id: &str,
        id: &[u8; 32],
        until: UnixMillis,
    ) -> Result<bool, CoordinationError>;
}

/// The authorization server's token endpoint.
pub trait TokenEndpoint {
    /// Sends one request, follows no redirect, and reads the answer to its end, all within
    /// [`crate::limits::UPSTREAM_TIMEOUT`].
    async fn post(&self, request: &EndpointRequest<'_>) -> Result<EndpointReply, TransportFailure>;
}

/// Whoever serves the metadata and the keys of issuers.
pub trait IssuerEndpoint {
    /// The body behind `url`, within [`crate::limits::ISSUER_TIMEOUT`]. Anything but status 200 is a
    /// failure, redirects too, and so is a body over [`crate::limits::ISSUER_BODY_MAX_BYTES`].
    async fn get(&self, url: &str) -> Result<Vec<u8>, IssuerUnreachable>;
}

/// An issuer gave no answer that can be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IssuerUnreachable;

/// A shared tier of sealed key sets. An optimisation, never an authority: every [`TierError`] is a
/// miss.
pub trait KeySetTier {
    /// `Ok(None)` is a miss, not an error.
    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, TierError>;
    /// Keeps `bytes` for `ttl_secs`, at least [`crate::limits::KV_TTL_MIN_SECS`].
    async fn store(&self, name: &str, bytes: &[u8], ttl_secs: u64) -> Result<(), TierError>;
}

/// Signatures of public keys.
pub trait SignatureVerifier {
    /// Whether `signature` is of `key` over `signed`. A key that cannot be used signed nothing.
    async fn verify(&self, key: &VerificationKey, signed: &[u8], signature: &[u8]) -> bool;
}

/// The time.
pub trait Clock {
    /// Now.
    fn now(&self) -> UnixMillis;
    /// Comes back after `span`.
    async fn sleep(&self, span: Millis);
}

/// Randomness fit for cryptography.
pub trait Entropy {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N];
}

/// Where the request log goes.
pub trait EventSink {
    /// Writes `event`, once for each request, at its end.
    fn record(&self, event: &Event);
}
