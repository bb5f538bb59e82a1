//! What a token's life needs from the platform.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::request_id::RequestId;
use crate::base::time::Millis;
use crate::config::Grant;
use crate::log::LogSink;
use crate::oauth::claims::Claims;
use crate::tokens::coordinator::{Handout, Want};
use crate::upstream::error::UpstreamError;
use crate::upstream::ports::UpstreamPorts;
use crate::upstream::trail::UpstreamTrail;

/// The ports of this room.
pub trait TokenPorts: UpstreamPorts {
    /// The tokens' coordinators.
    type Coordination: Coordination;
    /// The request log.
    type Log: LogSink;
}

/// The coordinators: one for each token key, for the whole network. They save upstream requests. An
/// isolate goes on without them.
pub trait Coordination {
    /// Whether the binding exists.
    fn is_bound(&self) -> bool;
    /// A token that is good enough for `want`, or why upstream gives none. `claims` go upstream
    /// with the request that replaces a rejected token.
    async fn acquire(
        &self,
        grant: &Grant,
        want: Want,
        claims: Option<&Claims>,
        request_id: &RequestId,
    ) -> Result<Coordinated, CoordinationError>;
}

/// A coordinator's answer.
#[derive(Clone, Debug)]
pub struct Coordinated {
    /// The token, or why there is none.
    pub handed: Result<Handout, UpstreamError>,
    /// The trail of the flight, if the call waited for one.
    pub trail: Option<UpstreamTrail>,
    /// How long a failure in `handed` still lasts.
    pub failing_for: Millis,
}

/// Why the coordinator did not answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CoordinationError {
    /// The binding does not exist: the broker runs without coordinators.
    Unbound,
    /// No answer in time.
    TimedOut,
    /// It did not answer this isolate a moment ago, so it was not called.
    Silent,
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
            Self::Silent => "silent",
            Self::Failed => "failed",
        }
    }
}
