//! What a token's life needs from outside.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::ports::{Loaded, TierError};
use crate::base::request_id::RequestId;
use crate::base::time::{Millis, UnixMillis};
use crate::config::Grant;
use crate::oauth::claims::Claims;
use crate::tokens::coordinator::{Handout, Want};
use crate::tokens::token::CachedToken;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::Failure;
use crate::upstream::token_key::TokenKey;
use crate::upstream::trail::UpstreamTrail;

/// The memory of this isolate: synchronous, never fails, holds values only.
pub trait TokenMemory {
    /// The token under `key`, if it is still here.
    fn recall(&self, key: &TokenKey) -> Option<CachedToken>;
    /// Keeps `token` until there is no room for it, unless the one here may still be served and is
    /// not superseded.
    fn remember(&self, key: TokenKey, token: CachedToken, now: UnixMillis);
    /// Whether a background renewal may start now: one at a time for a key. A claim lapses after
    /// [`crate::base::limits::RENEWAL_CLAIM`], for a renewal that was lost with its request.
    fn claim_renewal(&self, key: &TokenKey, now: UnixMillis) -> bool;
    /// Whether `token`, which was rejected, may be renewed for that reason now: once for each, and
    /// not at a pace that a caller sets ([`crate::tokens::token::forced_spacing`]).
    fn claim_forced(&self, key: &TokenKey, token: &CachedToken, now: UnixMillis) -> bool;
    /// Notes that upstream has answered for `token`, which was rejected.
    fn note_forced(&self, key: &TokenKey, token: &CachedToken);
    /// Takes the claim back: upstream fails, which has its own time to pass.
    fn release_forced(&self, key: &TokenKey);
    /// Notes that upstream has just been asked for a better token than the one here, and gave none.
    fn note_best(&self, key: &TokenKey, now: UnixMillis);
    /// Whether that has been so within [`crate::base::limits::RENEWAL_SPACING`].
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

/// A shared tier of sealed records. An optimisation, never an authority: callers treat every
/// [`TierError`] as a miss and write it to the log.
pub trait TokenTier {
    /// What is under `key`.
    async fn load(&self, key: &TokenKey) -> Loaded;
    /// Keeps `record` for `ttl_secs`, at least [`crate::base::limits::KV_TTL_MIN_SECS`].
    async fn store(&self, key: &TokenKey, record: &[u8], ttl_secs: u64) -> Result<(), TierError>;
}

/// The coordinator of each token key: one for the whole network. It saves requests; callers go on
/// without it.
pub trait Coordination {
    /// Whether there are coordinators at all.
    fn is_bound(&self) -> bool;
    /// The token, or why upstream gives none, within [`crate::base::limits::COORDINATOR_TIMEOUT`].
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
