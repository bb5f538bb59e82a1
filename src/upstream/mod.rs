//! Asking the authorization server for a token: with which secret, and whether once more.

pub mod entra;
pub mod error;
pub mod exchange;
pub mod failure;
pub mod ports;
pub mod retry;
pub mod token_key;
pub mod trail;

use crate::base::ports::{Clock, Entropy};
use crate::base::request_id::RequestId;
use crate::config::Credential;
use crate::oauth::claims::Claims;
use crate::oauth::scope::ScopeSet;
use crate::oauth::token_response::IssuedToken;
use crate::tokens::token::CachedToken;
use crate::tokens::token::{Freshness, assess};
use crate::upstream::entra::answer;
use crate::upstream::entra::answer::AttemptFailure;
use crate::upstream::entra::request;
use crate::upstream::error::UpstreamError;
use crate::upstream::exchange::EndpointRequest;
use crate::upstream::ports::TokenEndpoint;
use crate::upstream::retry::Remedy;
use crate::upstream::trail::UpstreamTrail;

/// The way to the authorization server.
pub struct Upstream<'a, E, C, R> {
    /// Where requests are sent.
    pub endpoint: &'a E,
    /// When.
    pub clock: &'a C,
    /// For the pause before a retry.
    pub entropy: &'a R,
    /// What the token has to have as well, where a resource has said so.
    pub claims: Option<&'a Claims>,
}

impl<E: TokenEndpoint, C: Clock, R: Entropy> Upstream<'_, E, C, R> {
    /// Gets a token for `scope`: the credential's secrets in turn, one retry in all.
    ///
    /// # Errors
    /// That of the last attempt; where every secret is refused, that of the first secret, which
    /// is the one that should work.
    pub async fn token(
        &self,
        credential: &Credential,
        scope: &ScopeSet,
        request_id: &RequestId,
        trail: &mut UpstreamTrail,
    ) -> Result<CachedToken, UpstreamError> {
        let started = self.clock.now();
        let result = self.attempts(credential, scope, request_id, trail).await.and_then(|token| {
            let expired = assess(&token, self.clock.now()) == Freshness::Expired;
            if expired { Err(UpstreamError::EXPIRED_ON_ARRIVAL) } else { Ok(token) }
        });
        trail.ms = Some(started.until(self.clock.now()).0);
        if let Err(error) = &result {
            note_refusal(trail, error);
        }
        result
    }

    async fn attempts(
        &self,
        credential: &Credential,
        scope: &ScopeSet,
        request_id: &RequestId,
        trail: &mut UpstreamTrail,
    ) -> Result<CachedToken, UpstreamError> {
        let (mut secret, mut others) = (&credential.secret, credential.other_secrets.iter());
        let mut first_refusal = None;
        let mut may_retry = true;
        loop {
            let body = request::body(&credential.client_id, secret, scope, self.claims);
            let request = EndpointRequest { url: &credential.token_endpoint, request_id, body };
            // Lifetimes count from before the request: the token is never older than believed.
            let requested_at = self.clock.now();
            let failure = match self.attempt(&request, trail).await {
                Ok(issued) => return Ok(CachedToken::new(issued, requested_at)),
                Err(failure) => failure,
            };
            match failure.remedy {
                Remedy::RetryOnce if may_retry => {
                    may_retry = false;
                    let random = u32::from_be_bytes(self.entropy.bytes());
                    self.clock.sleep(retry::pause(random)).await;
                }
                Remedy::NextSecret => {
                    let refusal = first_refusal.get_or_insert(failure.error);
                    match others.next() {
                        Some(next) => secret = next,
                        None => return Err(refusal.clone()),
                    }
                }
                Remedy::RetryOnce | Remedy::Nothing => return Err(failure.error),
            }
        }
    }

    async fn attempt(
        &self,
        request: &EndpointRequest<'_>,
        trail: &mut UpstreamTrail,
    ) -> Result<IssuedToken, AttemptFailure> {
        trail.requests = trail.requests.saturating_add(1);
        trail.status = None;
        let reply = self.endpoint.post(request).await.map_err(answer::no_answer)?;
        trail.status = Some(reply.status);
        answer::interpret(&reply, self.clock.now())
            .inspect_err(|failure| note_refusal(trail, &failure.error))
    }
}

/// Notes in the log what the caller reads in the reply, so that the two can be found together.
fn note_refusal(trail: &mut UpstreamTrail, error: &UpstreamError) {
    if let Some(response) = error.response() {
        trail.aadsts = response.aadsts();
        trail.trace_id.clone_from(&response.trace.trace_id);
    }
}
