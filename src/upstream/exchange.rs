//! What goes to the token endpoint and what comes back, before it is understood.

use zeroize::Zeroizing;

use crate::base::request_id::RequestId;

/// The headers that every token request to one kind of server has.
#[derive(Clone, Copy, Debug)]
pub struct RequestHeaders {
    /// Names and values.
    pub fixed: &'static [(&'static str, &'static str)],
    /// The header that carries the request id.
    pub request_id: &'static str,
}

/// One token request, ready to be sent.
pub struct EndpointRequest<'a> {
    /// Token endpoint.
    pub url: &'a str,
    /// The headers beside the request id, and in which header that goes.
    pub headers: RequestHeaders,
    /// One name for a request in the broker's log and in the authorization server's.
    pub request_id: &'a RequestId,
    /// Form body, with the secret.
    pub body: Zeroizing<String>,
}

/// What the token endpoint answered. No `Debug`: the body holds the token.
#[derive(Clone, Default)]
pub struct EndpointResponse {
    /// HTTP status.
    pub status: u16,
    /// The `Retry-After` header as it came.
    pub retry_after: Option<String>,
    /// The body as far as [`BodyUse`] asks for it; nothing where it was not read, or is over
    /// [`crate::base::limits::UPSTREAM_BODY_MAX_BYTES`].
    pub body: Option<Zeroizing<Vec<u8>>>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TransportFailure {
    /// Refused, reset, or not resolved.
    NoConnection,
    /// Not complete in time.
    TimedOut,
}

/// How much of an answer's body is worth waiting for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyUse {
    /// The status says it all.
    Unread,
    /// The status decides; the body may have numbers for an operator, if it comes at once.
    IfQuick,
    /// The body decides.
    Whole,
}

impl BodyUse {
    /// By HTTP status.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            300..=399 => Self::Unread,
            408 | 429 | 500.. => Self::IfQuick,
            _ => Self::Whole,
        }
    }
}
