//! Replaces a token that an API has rejected and that a caller reports (RFC 7009).

use std::rc::Rc;

use super::broker::{Broker, note_fault};
use crate::base::limits::{FETCH_CLAIM, FETCH_CLAIM_COLD};
use crate::base::ports::Clock;
use crate::base::secret::AccessToken;
use crate::base::time::Millis;
use crate::config::Grant;
use crate::error::BrokerError;
use crate::log::Line;
use crate::oauth::claims::Claims;
use crate::tokens::coordinator::{Handout, Source, Want};
use crate::tokens::fetch::fetch;
use crate::tokens::forced::Forced;
use crate::tokens::ports::{Coordinated, Coordination, CoordinationError, TokenPorts};
use crate::tokens::token::CachedToken;
use crate::upstream::Upstream;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::{is_refusal, is_true_for_all};

/// A report of a rejected token.
#[derive(Debug)]
pub struct Rejected {
    /// The grants where the token may be: those of the client that reports, or some of them.
    pub grants: Vec<Rc<Grant>>,
    /// What the client sent, if it can be a token.
    pub token: Option<AccessToken>,
    /// What a challenge demands of the next token.
    pub claims: Option<Claims>,
}

/// What became of a rejected token. Only the log says it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Revocation {
    /// A new token has replaced it.
    Revoked,
    /// It had been replaced before.
    AlreadyRenewed,
    /// It is no token of the client, or an old one.
    NotCurrent,
    /// Upstream gives the same token again.
    Unchanged,
    /// An upstream request for it, or for a rejected token before it, is under way or was made a
    /// moment ago.
    NotYet,
}

impl Revocation {
    /// The outcome's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::AlreadyRenewed => "already_renewed",
            Self::NotCurrent => "not_current",
            Self::Unchanged => "unchanged",
            Self::NotYet => "not_yet",
        }
    }
}

impl<P: TokenPorts> Broker<P> {
    /// Replaces a rejected token, if it is the current token of one of the client's grants.
    ///
    /// # Errors
    /// The authorization server's. The broker then still serves the token: one caller must not be
    /// able to take it away from the others. [`crate::error::RequestFault::TooManyGrants`];
    /// [`BrokerError::SearchFailed`].
    pub async fn revoke(
        &self,
        rejected: &Rejected,
        line: &mut Line,
    ) -> Result<Revocation, BrokerError> {
        let Some((grant, token)) = self.find(rejected, line).await? else {
            return Ok(Revocation::NotCurrent);
        };
        line.credential = Some(grant.credential.name.clone());
        line.scope = Some(grant.scope.shown().to_owned());
        self.replace(&grant, &token, rejected.claims.as_ref(), line)
            .await
            .map_err(BrokerError::Upstream)
    }

    /// The token in place of `token`, which an API has rejected, and what became of that one. There is none
    /// if the limits do not allow a renewal now. An API may reject every token, so a report that has changed
    /// nothing is not made again for a moment.
    ///
    /// # Errors
    /// The authorization server's.
    pub async fn in_place_of(
        &self,
        grant: &Grant,
        token: &CachedToken,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<(Option<CachedToken>, Revocation), UpstreamError> {
        let (key, now) = (&grant.token_key, self.clock.now());
        if let Some(newer) = self.newer_than(grant, token) {
            return Ok((Some(newer), Revocation::AlreadyRenewed));
        }
        if self.memory.report_was_in_vain(key, claims.is_some(), now) {
            return Ok((None, Revocation::NotYet));
        }
        let revocation = self.replace(grant, token, claims, line).await?;
        let newer = self.newer_than(grant, token);
        if newer.is_none() {
            self.memory.note_report_in_vain(key, claims.is_some(), self.clock.now());
        }
        Ok((newer, revocation))
    }

    /// Another token of a later generation, if memory has one.
    fn newer_than(&self, grant: &Grant, token: &CachedToken) -> Option<CachedToken> {
        self.memory.recall(&grant.token_key).filter(|newest| {
            newest.generation > token.generation
                && newest.access_token != token.access_token
                && self.is_servable(newest)
        })
    }

    async fn replace(
        &self,
        grant: &Grant,
        token: &CachedToken,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<Revocation, UpstreamError> {
        let want = Want {
            rejected: Some(token.digest()),
            known_generation: token.generation,
            ..Want::default()
        };
        match self.report(grant, want, claims, line).await? {
            Ok(handout) => Ok(self.replaced_by(grant, token, handout)),
            Err(fault) => {
                note_fault(fault, line);
                self.replace_here(grant, token, claims, line).await
            }
        }
    }

    /// Tells the coordinator that a token was rejected, and returns its answer, or why there is
    /// none. A failure that this isolate has met, or was told, a moment ago is the answer as well.
    pub(super) async fn report(
        &self,
        grant: &Grant,
        want: Want,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<Result<Handout, CoordinationError>, UpstreamError> {
        let now = self.clock.now();
        if let Some(recalled) = self.memory.failure(&grant.token_key)
            && now < recalled.ask_again_at
        {
            return Err(recalled.failure.at(now));
        }
        match self.coordinator.acquire(grant, want, claims, &line.request_id).await {
            Ok(Coordinated { handed, trail, failing_for }) => {
                line.upstream = trail.unwrap_or_default();
                let remembered = failing_for > Millis(0);
                handed.map(Ok).inspect_err(|error| {
                    if remembered {
                        self.echo_failure(grant, error, failing_for);
                    }
                })
            }
            Err(fault) => Ok(Err(fault)),
        }
    }

    fn replaced_by(&self, grant: &Grant, token: &CachedToken, handout: Handout) -> Revocation {
        let Handout { token: newest, source } = handout;
        // The token that is served from now on counts: the coordinator's may be older than the
        // rejected one.
        let newest = self.keep(grant, newest);
        let same = newest.access_token == token.access_token;
        match (same, source) {
            (true, Source::Held | Source::HeldWhileFailing) => Revocation::NotYet,
            (true, Source::Flight | Source::Collapsed) => Revocation::Unchanged,
            (false, Source::Held | Source::HeldWhileFailing) => Revocation::AlreadyRenewed,
            (false, Source::Flight | Source::Collapsed) => Revocation::Revoked,
        }
    }

    /// Replaces the token without a coordinator. A second report meanwhile gets `NotYet` and does
    /// not wait: a request cannot wait for the I/O of another one.
    async fn replace_here(
        &self,
        grant: &Grant,
        token: &CachedToken,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<Revocation, UpstreamError> {
        let newest = self.memory.recall(&grant.token_key);
        if newest.is_some_and(|newest| newest.generation > token.generation) {
            return Ok(Revocation::AlreadyRenewed);
        }
        let Some(newest) = self.force(grant, Some(token), claims, line).await? else {
            return Ok(Revocation::NotYet);
        };
        let handout = Handout { token: newest.clone(), source: Source::Flight };
        let revocation = self.replaced_by(grant, token, handout);
        self.write_behind(grant, &newest, line).await;
        Ok(revocation)
    }

    /// Fetches a token in place of the rejected one, `held` if there is one in hand. `None` if the
    /// limits do not allow it now.
    pub(super) async fn force(
        &self,
        grant: &Grant,
        held: Option<&CachedToken>,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<Option<CachedToken>, UpstreamError> {
        let (key, now) = (&grant.token_key, self.clock.now());
        if let Some(recalled) = self.memory.failure(key)
            && !recalled.failure.is_over(now)
        {
            return Err(recalled.failure.at(now));
        }
        // One upstream request at a time, also beside an ordinary one.
        let lapse = if held.is_some() { FETCH_CLAIM } else { FETCH_CLAIM_COLD };
        if !self.memory.under_way.claim_fetch(*key, now, lapse) {
            return Ok(None);
        }
        let forced = self.memory.claim_replacement(key, held, claims.is_some(), now);
        let Some(forced) = forced else {
            self.memory.under_way.release_fetch(key);
            return Ok(None);
        };
        let claims = claims.filter(|_| forced == Forced::Challenge);
        let Self { servers, clock, entropy, .. } = self;
        let upstream = Upstream { servers, clock, entropy, claims };
        let fetched = fetch(upstream, grant, &line.request_id, &mut line.upstream).await;
        self.memory.under_way.release_fetch(key);
        let new = fetched.map_err(|error| {
            // Upstream may still grant an ordinary renewal, one without the claims of this caller:
            // the spacing delays the next forced one. Any other failure goes to the failure memory,
            // which has its own time.
            let is_ours = is_refusal(&error) || claims.is_some();
            if is_ours && !is_true_for_all(&error) {
                return error;
            }
            self.memory.release_replacement(key, forced);
            self.remember_failure(grant, error, now)
        })?;
        if let Some(held) = held.filter(|_| claims.is_none()) {
            self.memory.note_replacement(key, held);
        }
        let next = held.map_or(0, |held| held.generation.saturating_add(1));
        let generation = next.max(new.requested_at.0);
        Ok(Some(new.with_generation(generation)))
    }
}
