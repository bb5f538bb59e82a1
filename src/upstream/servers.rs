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

/// Where a token request goes.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) endpoint: String,
    pub(super) issuer: Option<String>,
}

/// A proof that is ready to be sent.
pub(super) enum Proved {
    /// The secret itself.
    Secret,
    /// An assertion.
    Assertion(SecretString),
}

impl Proved {
    pub(super) fn presented<'a>(&'a self, proof: &'a Proof) -> Presented<'a> {
        match (self, proof) {
            (Self::Assertion(jwt), _) => Presented::Assertion(jwt.expose_secret()),
            (Self::Secret, Proof::Secret(secret)) => Presented::Secret(secret.expose()),
            (Self::Secret, Proof::Key(_) | Proof::Federated(_)) => Presented::Secret(""),
        }
    }
}

impl<P: UpstreamPorts> Servers<P> {
    /// Where token requests to `server` go.
    pub(super) async fn place(
        &self,
        server: &dyn Kind,
        clock: &P::Clock,
        trail: &mut UpstreamTrail,
    ) -> Result<Place, AttemptFailure> {
        match server.endpoint() {
            Endpoint::Url(url) => Ok(Place { endpoint: url.to_owned(), issuer: None }),
            endpoint => {
                let metadata = self.metadata(endpoint, clock, trail).await?;
                Ok(Place { endpoint: metadata.token_endpoint, issuer: Some(metadata.issuer) })
            }
        }
    }
}

impl<P: UpstreamPorts> Upstream<'_, P> {
    /// Makes `proof` ready. An assertion is made for one upstream request.
    pub(super) async fn prove(
        &self,
        server: &dyn Kind,
        order: &Order<'_>,
        proof: &Proof,
    ) -> Result<Proved, AttemptFailure> {
        match proof {
            Proof::Secret(_) => Ok(Proved::Secret),
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
    ) -> Result<Proved, AttemptFailure> {
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
