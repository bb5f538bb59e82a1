//! Replaces a token that an API has rejected and that a caller reports (RFC 7009).

use std::rc::Rc;

use super::broker::Broker;
use crate::base::limits::REVOCATION_KV_READS_MAX;
use crate::base::ports::{Clock, Store};
use crate::base::secret::AccessToken;
use crate::config::Grant;
use crate::error::BrokerError;
use crate::log::Line;
use crate::oauth::claims::Claims;
use crate::tokens::coordinator::{Handout, Source, Want};
use crate::tokens::fetch::fetch;
use crate::tokens::ports::{Coordinated, Coordination, CoordinationError, TokenPorts};
use crate::tokens::shared_tier;
use crate::tokens::token::CachedToken;
use crate::upstream::Upstream;
use crate::upstream::error::UpstreamError;
use crate::upstream::failure::is_refusal;

/// A report of a rejected token.
#[derive(Debug)]
pub struct Rejected {
    /// The grants of the client that reports.
    pub grants: Vec<Rc<Grant>>,
    /// What the client sent, if it can be a token.
    pub token: Option<AccessToken>,
    /// The claims that the next token must have.
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
    /// able to take it away from the others.
    pub async fn revoke(
        &self,
        rejected: &Rejected,
        line: &mut Line,
    ) -> Result<Revocation, BrokerError> {
        let Some((grant, token)) = self.find(rejected, line).await else {
            return Ok(Revocation::NotCurrent);
        };
        line.credential = Some(grant.credential.name.clone());
        line.scope = Some(grant.scope.as_str().to_owned());
        self.replace(&grant, &token, rejected.claims.as_ref(), line)
            .await
            .map_err(BrokerError::Upstream)
    }

    /// The grant of the token, found in isolate memory, else in KV.
    async fn find(&self, rejected: &Rejected, line: &mut Line) -> Option<(Rc<Grant>, CachedToken)> {
        let presented = rejected.token.as_ref()?;
        let is_it = |token: &CachedToken| token.access_token.matches(presented);
        let mut found = None;
        for grant in &rejected.grants {
            let held = self.memory.recall(&grant.token_key).filter(is_it);
            found = held.map(|token| (Rc::clone(grant), token)).or(found);
        }
        if found.is_some() {
            return found;
        }
        for grant in rejected.grants.iter().take(REVOCATION_KV_READS_MAX) {
            let loaded = self.kv.load(&grant.token_key.kv_name()).await;
            let loaded = shared_tier::open(grant, loaded, line);
            if let Some(token) = loaded.filter(is_it) {
                // This isolate may have a newer one.
                let newest = self.keep(grant, token);
                return is_it(&newest).then(|| (Rc::clone(grant), newest));
            }
            // KV fails: further reads would cost time for nothing.
            if line.kv_read.is_some() {
                return None;
            }
        }
        None
    }

    async fn replace(
        &self,
        grant: &Grant,
        token: &CachedToken,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<Revocation, UpstreamError> {
        let now = self.clock.now();
        if let Some(recalled) = self.memory.failure(&grant.token_key)
            && now < recalled.ask_again_at
        {
            return Err(recalled.failure.at(now));
        }
        let want = Want {
            rejected: Some(token.digest()),
            known_generation: token.generation,
            ..Want::default()
        };
        let answer = self.coordinator.acquire(grant, want, claims, &line.request_id).await;
        let fault = match answer {
            Ok(Coordinated { handed, trail, failing_for }) => {
                line.upstream = trail.unwrap_or_default();
                return match handed {
                    Ok(handout) => Ok(self.replaced_by(grant, token, handout)),
                    Err(error) => {
                        self.echo_failure(grant, &error, failing_for);
                        Err(error)
                    }
                };
            }
            Err(fault) => fault,
        };
        if fault != CoordinationError::Unbound {
            line.coordinator_failed(fault.name());
        }
        self.replace_here(grant, token, claims, line).await
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
        let (key, now) = (&grant.token_key, self.clock.now());
        let newest = self.memory.recall(key);
        if newest.is_some_and(|newest| newest.generation > token.generation) {
            return Ok(Revocation::AlreadyRenewed);
        }
        if let Some(recalled) = self.memory.failure(key)
            && !recalled.failure.is_over(now)
        {
            return Err(recalled.failure.at(now));
        }
        if !self.memory.claim_replacement(key, token, now) {
            return Ok(Revocation::NotYet);
        }
        let new = self.force(grant, claims, line).await?;
        self.memory.note_replacement(key, token);
        let generation = token.generation.saturating_add(1).max(new.requested_at.0);
        let handout = Handout { token: new.with_generation(generation), source: Source::Flight };
        let newest = handout.token.clone();
        let revocation = self.replaced_by(grant, token, handout);
        self.write_behind(grant, &newest, line).await;
        Ok(revocation)
    }

    async fn force(
        &self,
        grant: &Grant,
        claims: Option<&Claims>,
        line: &mut Line,
    ) -> Result<CachedToken, UpstreamError> {
        let Self { endpoint, clock, entropy, .. } = self;
        let upstream = Upstream { endpoint, clock, entropy, claims };
        let began = clock.now();
        let fetched = fetch(upstream, grant, &line.request_id, &mut line.upstream).await;
        fetched.map_err(|error| {
            // Upstream may still grant an ordinary renewal: the spacing delays the next forced one.
            if is_refusal(&error) {
                return error;
            }
            // Any other failure goes to the failure memory, which has its own time.
            self.memory.release_replacement(&grant.token_key);
            self.remember_failure(grant, error, began)
        })
    }
}
