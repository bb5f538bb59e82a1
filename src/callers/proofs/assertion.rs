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
        self.used.reserve(&assertion, attempt.now)?;
        let told = self.tell(Step::Reserve, &assertion, attempt.config, line).await;
        assertion.is_in_ledger = told.is_some();
        match told.unwrap_or(Verdict::Granted) {
            Verdict::Granted => Ok(assertion),
            // The next replay needs no call.
            Verdict::Used => {
                self.used.spend(&assertion, attempt.now)?;
                Err(JwtFault::Replayed)
            }
            refused => {
                self.used.release(&assertion);
                refused.into_result().map(|()| assertion)
            }
        }
    }

    /// Spends an assertion, before a token is handed out for it.
    ///
    /// # Errors
    /// It was used since it was reserved. The token must not be handed out.
    pub async fn spend(
        &self,
        assertion: &ReservedAssertion,
        config: &Config,
        now: UnixMillis,
        line: &mut Line,
    ) -> Result<(), BrokerError> {
        let spent = self.used.spend(assertion, now);
        let spent = match spent {
            Ok(()) if assertion.is_in_ledger => {
                let told = self.tell(Step::Spend, assertion, config, line).await;
                told.unwrap_or(Verdict::Granted).into_result()
            }
            known => known,
        };
        // A request that met another one at the end was late, whatever the other one came to.
        spent.map_err(|_| BrokerError::JwtRefused(JwtFault::Replayed, PresentedIn::Body))
    }

    /// Gives an assertion back, because its request has ended without a token.
    pub async fn release(&self, assertion: &ReservedAssertion, config: &Config, line: &mut Line) {
        self.used.release(assertion);
        if assertion.is_in_ledger {
            self.tell(Step::Release, assertion, config, line).await;
        }
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
