//! The port to the authorization server.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::upstream::exchange::{EndpointRequest, EndpointResponse, TransportFailure};

/// The authorization server's token endpoint.
pub trait TokenEndpoint {
    /// Sends one request, follows no redirect, and reads the answer to its end, all within
    /// [`crate::base::limits::UPSTREAM_TIMEOUT`].
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure>;
}
