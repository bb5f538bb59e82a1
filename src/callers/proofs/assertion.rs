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
        assertion.has_ledger = told != Err(LedgerError::Unbound);
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
        if assertion.has_ledger && verdict == Verdict::Granted {
            let step = if was_worth_it { Step::Spend } else { Step::Release };
            let mut told = self.tell(step, assertion, config, line).await;
            if told == Err(LedgerError::Failed) {
                // An object fails while a deployment replaces it, and the next call finds the new one.
                told = self.tell(step, assertion, config, line).await;
            }
            verdict = told.unwrap_or(verdict);
        }
        // A request that met another one at the end was late, whatever the other one came to.
        let late = BrokerError::JwtRefused(JwtFault::Replayed, PresentedIn::Body);
        if verdict == Verdict::Granted { Ok(()) } else { Err(late) }
    }

    /// What the ledger says. The log has the reason if it does not answer.
    async fn tell(
        &self,
        step: Step,
        assertion: &ReservedAssertion,
        config: &Config,
        line: &mut Line,
    ) -> Result<Verdict, LedgerError> {
        let told = self.ledger.tell(step, assertion, config.sealing_key()).await;
        if let Err(error) = told
            && error != LedgerError::Unbound
        {
            line.coordinator_failed(error.name());
        }
        told
    }
}
