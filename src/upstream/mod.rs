//! Fetches a token from the authorization server: with which secret, and whether with a retry.

pub mod attempt;
pub mod credential;
pub mod entra;
pub mod error;
pub mod exchange;
pub mod failure;
pub mod ports;
pub mod retry;
pub mod server;
pub mod token_key;
pub mod trail;

use attempt::AttemptFailure;
use credential::Credential;
use error::UpstreamError;
use exchange::EndpointRequest;
use ports::TokenEndpoint;
use retry::Remedy;
use server::Server;
use trail::UpstreamTrail;

use crate::base::ports::{Clock, Entropy};
use crate::base::request_id::RequestId;
use crate::base::time::UnixMillis;
use crate::oauth::claims::{self, Claims};
use crate::oauth::scope::ScopeSet;
use crate::oauth::token_response::IssuedToken;

/// A token, and the time of its request. Lifetimes count from the request, so that no token expires
/// earlier than the broker believes.
#[derive(Debug)]
pub struct FetchedToken {
    /// The token.
    pub issued: IssuedToken,
    /// Just before the request was sent.
    pub requested_at: UnixMillis,
}

/// What it takes to fetch a token.
pub struct Upstream<'a, E, C, R> {
    /// The token endpoint.
    pub endpoint: &'a E,
    /// The time.
    pub clock: &'a C,
    /// Randomness for the pause before a retry.
    pub entropy: &'a R,
    /// What an API's challenge demands of the token.
    pub claims: Option<&'a Claims>,
}

impl<E: TokenEndpoint, C: Clock, R: Entropy> Upstream<'_, E, C, R> {
    /// Fetches a token for `scope`, with the credential's secrets in turn and one retry in all. With
    /// `capability` the request has the client capability. This takes
    /// [`crate::base::limits::FLIGHT_MAX`] at most.
    ///
    /// # Errors
    /// The error of the last attempt. If every secret is refused, the error of the first one, which
    /// should work.
    pub async fn token(
        &self,
        credential: &Credential,
        scope: &ScopeSet,
        capability: bool,
        request_id: &RequestId,
        trail: &mut UpstreamTrail,
    ) -> Result<FetchedToken, UpstreamError> {
        let started = self.clock.now();
        let claims = claims::for_upstream(self.claims, capability);
        let result = self.attempts(credential, scope, claims.as_deref(), request_id, trail).await;
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
        claims: Option<&str>,
        request_id: &RequestId,
        trail: &mut UpstreamTrail,
    ) -> Result<FetchedToken, UpstreamError> {
        let server = &credential.server;
        let (mut secret, mut others) = (&credential.secret, credential.other_secrets.iter());
        let mut first_refusal = None;
        let mut may_retry = true;
        loop {
            let request = EndpointRequest {
                url: server.token_endpoint(),
                headers: server.headers(),
                request_id,
                body: server.body(&credential.client_id, secret, scope, claims),
            };
            let requested_at = self.clock.now();
            let failure = match self.attempt(server, &request, trail).await {
                Ok(issued) => return Ok(FetchedToken { issued, requested_at }),
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
        server: &Server,
        request: &EndpointRequest<'_>,
        trail: &mut UpstreamTrail,
    ) -> Result<IssuedToken, AttemptFailure> {
        trail.requests = trail.requests.saturating_add(1);
        trail.status = None;
        let response = self.endpoint.post(request).await.map_err(AttemptFailure::no_answer)?;
        trail.status = Some(response.status);
        server
            .interpret(&response, self.clock.now())
            .inspect_err(|failure| note_refusal(trail, &failure.error))
    }
}

/// Puts upstream's numbers into the trail. The reply has them too, so that both are found together.
fn note_refusal(trail: &mut UpstreamTrail, error: &UpstreamError) {
    if let Some(response) = error.response() {
        trail.aadsts = response.aadsts();
        trail.trace_id.clone_from(&response.trace.trace_id);
    }
}
