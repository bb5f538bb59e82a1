//! What an isolate remembers of upstream's failures.

use super::broker::Broker;
use super::ports::TokenPorts;
use crate::base::limits::FAILURE_REUSE;
use crate::base::ports::{Clock, Entropy};
use crate::base::time::{Millis, UnixMillis};
use crate::config::Grant;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::{Failure, RecalledFailure};

impl<P: TokenPorts> Broker<P> {
    /// Remembers a failure of upstream, of an attempt that began at `began`. Returns what callers are
    /// told: with the time for which it is remembered.
    pub(super) fn remember_failure(
        &self,
        grant: &Grant,
        error: UpstreamError,
        began: UnixMillis,
    ) -> UpstreamError {
        let previous = self.memory.failure(&grant.token_key).map(|recalled| recalled.failure);
        let (now, random) = (self.clock.now(), u32::from_be_bytes(self.entropy.bytes()));
        let failure = Failure::new(error, previous.as_ref(), began, now, random);
        let told = failure.at(now);
        self.remember(grant, failure, now);
        told
    }

    /// Remembers a failure that the coordinator has passed on. It lasts for `left`.
    pub(super) fn echo_failure(&self, grant: &Grant, error: &UpstreamError, left: Millis) {
        let now = self.clock.now();
        let failure = Failure { error: error.clone(), until: now.plus(left), count: 1 };
        self.remember(grant, failure, now);
    }

    /// The next call to the coordinator comes before the failure is over: it may know more.
    fn remember(&self, grant: &Grant, failure: Failure, now: UnixMillis) {
        let ask_again_at = failure.until.min(now.plus(FAILURE_REUSE));
        self.memory.remember_failure(grant.token_key, RecalledFailure { failure, ask_again_at });
    }
}
