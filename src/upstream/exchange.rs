//! A token request, and the response before it is interpreted.

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
    /// The headers, and the name of the one for the request id.
    pub headers: RequestHeaders,
    /// `Authorization`. It may hold the secret.
    pub authorization: Option<Zeroizing<String>>,
    /// The same in the broker's log and in the authorization server's.
    pub request_id: &'a RequestId,
    /// The body. It may hold the secret.
    pub body: Zeroizing<String>,
}

/// What the token endpoint answered. No `Debug`: the body holds the token.
#[derive(Clone)]
pub struct EndpointResponse {
    /// HTTP status.
    pub status: u16,
    /// The `Retry-After` header as it came.
    pub retry_after: Option<String>,
    /// `x-ratelimit-reset` or `x-rate-limit-reset` of a 403 or 429 as it came, if the limit is used up.
    pub rate_limit_reset: Option<String>,
    /// The body, read as [`BodyUse`] says, or why there is none, or not all of it.
    pub body: Result<Zeroizing<Vec<u8>>, BodyFault>,
}

/// Why a body is not there as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyFault {
    /// It was not read, because the status says enough.
    Unread,
    /// It is longer than [`crate::base::limits::UPSTREAM_BODY_MAX_BYTES`].
    TooLarge,
    /// The connection broke within it.
    CutOff,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TransportFailure {
    /// Refused, reset, or not resolved.
    NoConnection,
    /// The response was not complete in time.
    TimedOut,
}

/// How long to wait for the body of a response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyUse {
    /// Not at all: the status says everything.
    Unread,
    /// For [`crate::base::limits::ERROR_BODY_WAIT`]. The status has decided the outcome, and the body
    /// may have error numbers for an operator.
    IfQuick,
    /// To its end: the body decides the outcome.
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
