//! The ports to authorization servers.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use super::proof::SigningKey;
use crate::base::ports::Ports;
use crate::base::time::Millis;
use crate::jwt::IssuerUnreachable;
use crate::upstream::exchange::{EndpointRequest, EndpointResponse, TransportFailure};

/// The ports of this room.
pub trait UpstreamPorts: Ports {
    /// Token endpoints.
    type Endpoint: TokenEndpoint;
    /// The metadata of servers.
    type Documents: Documents;
    /// Signs with the broker's private keys.
    type Signer: Signer;
}

/// The authorization server's token endpoint.
pub trait TokenEndpoint {
    /// Sends one request, follows no redirect, and reads the answer to its end, all within
    /// [`crate::base::limits::UPSTREAM_TIMEOUT`].
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure>;
}

/// The servers that publish metadata and keys.
pub trait Documents {
    /// The body behind `url`, `within` this time. Any status but 200 is a failure, redirects too, and so
    /// is a body over [`crate::base::limits::ISSUER_BODY_MAX_BYTES`].
    async fn get(&self, url: &str, within: Millis) -> Result<Vec<u8>, IssuerUnreachable>;
}

/// Signs with the broker's private keys.
pub trait Signer {
    /// The signature of `key` over `input`. The first call imports the key, so that nobody can read it any
    /// more, and [wipes](SigningKey::forget) its material.
    async fn sign(&self, key: &SigningKey, input: &[u8]) -> Result<Vec<u8>, SigningFailed>;
}

/// There is no signature: the key cannot be imported, or the platform failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SigningFailed;
