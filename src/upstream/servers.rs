//! The way to authorization servers: their token endpoints, their metadata, and the broker's signatures.

use secrecy::{ExposeSecret, SecretString};

use super::Upstream;
use super::assertion;
use super::attempt::AttemptFailure;
use super::error::Outage;
use super::metadata::MetadataMemory;
use super::ports::{Signer, UpstreamPorts};
use super::proof::{Proof, SigningKey};
use super::retry::Remedy;
use super::secrets::Secrets;
use super::server::{AssertionClaims, Endpoint, Kind, Order, Presented};
use super::trail::UpstreamTrail;
use crate::base::deadline::within;
use crate::base::limits::SIGNING_TIMEOUT;
use crate::base::ports::{Clock, Entropy};
use crate::base::secret::ClientSecret;
use crate::jwt::signing;

/// The way to authorization servers.
pub struct Servers<P: UpstreamPorts> {
    /// Token endpoints.
    pub endpoint: P::Endpoint,
    /// The metadata of servers.
    pub documents: P::Documents,
    /// Signs with the broker's private keys.
    pub signer: P::Signer,
    /// The broker's secrets in Secrets Store.
    pub secrets: Secrets,
    /// The metadata that this isolate knows.
    pub metadata: MetadataMemory,
}

/// A proof that is ready to be sent.
pub(super) enum Proved<'a> {
    /// The secret itself.
    Secret(&'a ClientSecret),
    /// An assertion.
    Assertion(SecretString),
}

impl Proved<'_> {
    pub(super) fn presented(&self) -> Presented<'_> {
        match self {
            Self::Secret(secret) => Presented::Secret(secret.expose()),
            Self::Assertion(jwt) => Presented::Assertion(jwt.expose_secret()),
        }
    }
}

impl<P: UpstreamPorts> Servers<P> {
    /// The URL to which token requests for `server` go.
    pub(super) async fn token_endpoint(
        &self,
        server: &dyn Kind,
        clock: &P::Clock,
        trail: &mut UpstreamTrail,
    ) -> Result<String, AttemptFailure> {
        match server.endpoint() {
            Endpoint::Url(url) => Ok(url.to_owned()),
            endpoint => Ok(self.metadata(endpoint, clock, trail).await?.token_endpoint),
        }
    }
}

impl<P: UpstreamPorts> Upstream<'_, P> {
    /// Makes `proof` ready. An assertion is made for one upstream request.
    pub(super) async fn prove<'a>(
        &self,
        server: &dyn Kind,
        order: &Order<'_>,
        proof: &'a Proof,
    ) -> Result<Proved<'a>, AttemptFailure> {
        match proof {
            Proof::Secret(secret) => Ok(Proved::Secret(secret)),
            Proof::Key(key) => self.signed(key, server.assertion(order)).await,
            Proof::Federated(federated) => {
                self.signed(&federated.issuer.key, federated.claims()).await
            }
        }
    }

    async fn signed(
        &self,
        key: &SigningKey,
        claims: AssertionClaims,
    ) -> Result<Proved<'static>, AttemptFailure> {
        let input = assertion::signing_input(key, claims, self.clock.now(), self.entropy.bytes());
        let signature = self.servers.signer.sign(key, input.as_bytes());
        match within(self.clock, SIGNING_TIMEOUT, signature).await {
            Some(Ok(signature)) => Ok(Proved::Assertion(signing::finish(&input, &signature))),
            // The platform may fail for a moment, or it does not take this key.
            _ => Err(AttemptFailure {
                remedy: Remedy::RetryThenNextProof,
                ..AttemptFailure::transient(Outage::NoSignature, None, None)
            }),
        }
    }
}
