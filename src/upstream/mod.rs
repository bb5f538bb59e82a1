//! Fetches a token from the authorization server: with which proof, and whether with a retry.

pub mod answer;
pub mod assertion;
pub mod attempt;
pub mod credential;
pub mod entra;
pub mod entry;
pub mod error;
pub mod exchange;
pub mod failure;
pub mod federation;
pub mod form;
pub mod github;
pub mod google;
pub mod kinds;
pub mod metadata;
pub mod oauth;
pub mod ports;
pub mod proof;
pub mod proof_settings;
pub mod retry;
pub mod secrets;
pub mod server;
pub mod servers;
pub mod token_key;
pub mod trail;

use attempt::AttemptFailure;
use credential::Credential;
use error::UpstreamError;
use exchange::EndpointRequest;
use ports::{TokenEndpoint, UpstreamPorts};
use proof::Proof;
use retry::Remedy;
use secrets::Why;
use server::Order;
use servers::Servers;
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
pub struct Upstream<'a, P: UpstreamPorts> {
    /// The way to authorization servers.
    pub servers: &'a Servers<P>,
    /// The time.
    pub clock: &'a P::Clock,
    /// Randomness for assertions, and for the pause before a retry.
    pub entropy: &'a P::Entropy,
    /// What an API's challenge demands of the token.
    pub claims: Option<&'a Claims>,
}

/// One token, as it is requested.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    credential: &'a Credential,
    scope: &'a ScopeSet,
    claims: Option<&'a str>,
    request_id: &'a RequestId,
}

impl<P: UpstreamPorts> Upstream<'_, P> {
    /// Fetches a token for `scope`, with the credential's proofs in turn and one retry in all. With
    /// `capability` the request has the client capability. This takes
    /// [`crate::base::limits::FLIGHT_MAX`] at most.
    ///
    /// # Errors
    /// The error of the last attempt. If every proof is refused, the error of the first one, which
    /// should work. [`UpstreamError::SECRET_CHANGED`] if the credential is out of date.
    pub async fn token(
        &self,
        credential: &Credential,
        scope: &ScopeSet,
        capability: bool,
        request_id: &RequestId,
        trail: &mut UpstreamTrail,
    ) -> Result<FetchedToken, UpstreamError> {
        let started = self.clock.now();
        let secrets = &self.servers.secrets;
        if secrets.have_changed(self.clock, Why::Routine, trail).await {
            return Err(UpstreamError::SECRET_CHANGED);
        }
        let claims = claims::for_upstream(self.claims, capability);
        let wanted = Wanted { credential, scope, claims: claims.as_deref(), request_id };
        let mut result = self.attempts(wanted, trail).await;
        let is_refused = matches!(result, Err(UpstreamError::CredentialRefused(_)));
        if is_refused && secrets.have_changed(self.clock, Why::Refusal, trail).await {
            result = Err(UpstreamError::SECRET_CHANGED);
        }
        trail.ms = Some(started.until(self.clock.now()).0);
        if let Err(error) = &result {
            note_refusal(trail, error);
        }
        result
    }

    async fn attempts(
        &self,
        wanted: Wanted<'_>,
        trail: &mut UpstreamTrail,
    ) -> Result<FetchedToken, UpstreamError> {
        let credential = wanted.credential;
        let endpoint = self.servers.token_endpoint(&*credential.server, self.clock, trail).await;
        let endpoint = endpoint.map_err(|failure| failure.error)?;
        // An expired certificate would only be refused, unless the server's clock says otherwise.
        let now = self.clock.now();
        let mut others = credential.proofs().filter(|proof| !proof.is_expired(now));
        let mut proof = others.next().unwrap_or(&credential.proof);
        let mut first_refusal = None;
        let mut may_retry = true;
        loop {
            let failure = match self.attempt(wanted, &endpoint, proof, trail).await {
                Ok(fetched) => return Ok(fetched),
                Err(failure) => failure,
            };
            match failure.remedy {
                Remedy::RetryOnce | Remedy::RetryThenNextProof if may_retry => {
                    may_retry = false;
                    let random = u32::from_be_bytes(self.entropy.bytes());
                    self.clock.sleep(retry::pause(random)).await;
                }
                Remedy::NextProof | Remedy::RetryThenNextProof => {
                    let refusal = first_refusal.get_or_insert(failure.error);
                    match others.next() {
                        Some(next) => proof = next,
                        None => return Err(refusal.clone()),
                    }
                }
                Remedy::RetryOnce | Remedy::Nothing => return Err(failure.error),
            }
        }
    }

    async fn attempt(
        &self,
        wanted: Wanted<'_>,
        endpoint: &str,
        proof: &Proof,
        trail: &mut UpstreamTrail,
    ) -> Result<FetchedToken, AttemptFailure> {
        let Wanted { credential, scope, claims, request_id } = wanted;
        let server = &*credential.server;
        let order = Order {
            endpoint,
            client_id: &credential.client_id,
            scope,
            claims,
            parameters: &credential.parameters,
        };
        let proved = self.prove(server, &order, proof).await?;
        trail.note_certificate(proof, self.clock.now());
        let presented = proved.presented();
        let draft = server.request(&order, &presented);
        let request = EndpointRequest {
            url: endpoint,
            headers: draft.headers,
            authorization: draft.authorization,
            request_id,
            body: draft.body,
        };
        let requested_at = self.clock.now();
        trail.requests = trail.requests.saturating_add(1);
        trail.status = None;
        let answer = self.servers.endpoint.post(&request).await;
        let response = answer.map_err(AttemptFailure::no_answer)?;
        trail.status = Some(response.status);
        let header = request.authorization.as_deref().map_or("", String::as_str);
        let sent = [presented.text(), header.split_once(' ').map_or("", |(_, value)| value)];
        let issued = answer::interpret(server, &response, &sent, self.clock.now())
            .inspect_err(|failure| note_refusal(trail, &failure.error))?;
        Ok(FetchedToken { issued, requested_at })
    }
}

/// Puts upstream's numbers into the trail. The reply has them too, so that both are found together.
fn note_refusal(trail: &mut UpstreamTrail, error: &UpstreamError) {
    if let Some(response) = error.response() {
        trail.aadsts = response.aadsts();
        trail.trace_id.clone_from(&response.trace.trace_id);
    }
}
