//! A client assertion from its verification to the end of its request: reserved, then spent if the
//! request was worth it, else released.

use crate::base::time::UnixMillis;
use crate::callers::ledger::{
    AssertionLedger, LedgerError, Owner, ReservedAssertion, Step, Verdict,
};
use crate::callers::ports::CallerPorts;
use crate::callers::{Attempt, Callers};
use crate::config::{Client, Config};
use crate::error::{BrokerError, PresentedIn};
use crate::jwt::{JwtFault, JwtSubject};
use crate::log::Line;

impl<P: CallerPorts> Callers<P> {
    /// Reserves a verified assertion: in this isolate, and in all of them while the ledger answers.
    pub(super) async fn reserve(
        &self,
        client: &Client,
        subject: &JwtSubject,
        owner: Owner,
        attempt: &Attempt<'_>,
        line: &mut Line,
    ) -> Result<ReservedAssertion, JwtFault> {
        let jti = subject.jti.as_deref().ok_or(JwtFault::AssertionId)?;
        let mut assertion = ReservedAssertion::new(&client.id, jti, subject.expires_at, owner);
        self.used.reserve(&assertion, attempt.now).into_result()?;
        let told = self.tell(Step::Reserve, &assertion, attempt.config, line).await;
        assertion.is_in_ledger = told.is_some();
        let verdict = told.unwrap_or(Verdict::Granted);
        match verdict {
            Verdict::Granted => {}
            // The next replay needs no call.
            Verdict::Used => {
                self.used.spend(&assertion, attempt.now);
            }
            _ => self.used.release(&assertion),
        }
        verdict.into_result().map(|()| assertion)
    }

    /// Ends the reservation. The assertion is spent if the request was worth it, before its answer is
    /// sent; otherwise it is as good as before.
    ///
    /// # Errors
    /// It was used since it was reserved. No token must be handed out.
    pub async fn settle(
        &self,
        assertion: &ReservedAssertion,
        was_worth_it: bool,
        attempt: (&Config, UnixMillis),
        line: &mut Line,
    ) -> Result<(), BrokerError> {
        let (config, now) = attempt;
        let mut verdict = Verdict::Granted;
        if was_worth_it {
            verdict = self.used.spend(assertion, now);
        } else {
            self.used.release(assertion);
        }
        if assertion.is_in_ledger && verdict == Verdict::Granted {
            let step = if was_worth_it { Step::Spend } else { Step::Release };
            verdict = self.tell(step, assertion, config, line).await.unwrap_or(verdict);
        }
        // A request that met another one at the end was late, whatever the other one came to.
        let late = BrokerError::JwtRefused(JwtFault::Replayed, PresentedIn::Body);
        if verdict == Verdict::Granted { Ok(()) } else { Err(late) }
    }

    /// What the ledger says, if it answers.
    async fn tell(
        &self,
        step: Step,
        assertion: &ReservedAssertion,
        config: &Config,
        line: &mut Line,
    ) -> Option<Verdict> {
        match self.ledger.tell(step, assertion, config.sealing_key()).await {
            Ok(verdict) => Some(verdict),
            Err(LedgerError::Unbound) => None,
            Err(error) => {
                line.coordinator_failed(error.name());
                None
            }
        }
    }
}
