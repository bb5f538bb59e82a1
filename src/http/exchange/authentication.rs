//! Authentication with I/O (3 and 4), and what becomes of a client assertion at the end.

use std::rc::Rc;

use super::Exchange;
use crate::base::ports::Clock;
use crate::callers::ledger::Owner;
use crate::callers::presented::Presented;
use crate::callers::proofs::Caller;
use crate::callers::{Attempt, Recognition};
use crate::error::{BrokerError, Limit};
use crate::http::ports::{HttpPorts, PlatformRequest, RateLimiter};

impl<P: HttpPorts> Exchange<P> {
    /// 3, with the I/O that it needs, and 4.
    pub(super) async fn authenticate(
        &mut self,
        presented: &Presented,
    ) -> Result<Caller, BrokerError> {
        let isolate = Rc::clone(&self.isolate);
        let config = isolate.config()?;
        let caller = match self.recognize(config, presented) {
            Recognition::Known(caller) => caller,
            Recognition::Refused(error) => return Err(error),
            Recognition::NeedsIo => {
                let now = isolate.broker.clock.now();
                let attempt = Attempt { config, presented, now };
                let owner = || Owner::of(&self.request.nonce());
                let known = isolate.callers.authenticate(&attempt, owner, &mut self.line).await?;
                self.assertion.clone_from(&known.assertion);
                known
            }
        };
        self.line.client_id = Some(caller.client.id.clone());
        if isolate.client_limit.admits(&caller.client.id).await {
            Ok(caller)
        } else {
            Err(BrokerError::SlowDown(Limit::Client))
        }
    }

    /// Spends the client assertion if the request was worth it, and gives it back if not, before the
    /// answer: the same request may come again at once. Without an assertion there is nothing to do.
    ///
    /// # Errors
    /// The assertion was used meanwhile.
    pub(super) async fn settle(&mut self, was_worth_it: bool) -> Result<(), BrokerError> {
        let Some(assertion) = self.assertion.take() else { return Ok(()) };
        let isolate = Rc::clone(&self.isolate);
        let at = (isolate.config()?, isolate.broker.clock.now());
        isolate.callers.settle(&assertion, was_worth_it, at, &mut self.line).await
    }
}
