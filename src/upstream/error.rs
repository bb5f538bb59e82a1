//! Why the authorization server gave no token.

use minicbor::{Decode, Encode};

use crate::base::limits::TRANSIENT_RETRY_AFTER_SECS;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::AnswerFault;

/// Why the authorization server gave no token. A coordinator passes it on to its waiters.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, thiserror::Error)]
pub enum UpstreamError {
    /// The authorization server refuses the scope itself: the caller or its grant must change.
    #[error("authorization server refused the scope")]
    #[n(0)]
    ScopeRefused(#[n(0)] Box<ErrorResponse>),
    /// It refuses the broker: secret, application, tenant, or policy. An operator must act.
    #[error("authorization server refused the broker's credential")]
    #[n(1)]
    CredentialRefused(#[n(0)] Box<ErrorResponse>),
    /// The answer is neither a token nor an error that the broker understands. One such answer is a
    /// passing fault, as of a load balancer in between. After several in a row an operator must act.
    #[error("authorization server's answer is not a token response: {fault}")]
    #[n(2)]
    NotATokenResponse {
        /// What is wrong with it.
        #[n(0)]
        fault: AnswerFault,
        /// As in [`Self::Unavailable`]. Earlier versions did not have this and the next two.
        #[cbor(n(1), default)]
        retry_after_secs: u64,
        /// The number of such answers in a row.
        #[cbor(n(2), default)]
        in_a_row: u32,
        /// The ids in the body, if it has any.
        #[n(3)]
        response: Option<Box<ErrorResponse>>,
    },
    /// It throttles, fails, or does not answer in time: retry later.
    #[error("authorization server unavailable: {cause}")]
    #[n(3)]
    Unavailable {
        /// What happened.
        #[n(0)]
        cause: Outage,
        /// The time until a retry: upstream's `Retry-After` up to a maximum, or the broker's default.
        #[n(1)]
        retry_after_secs: u64,
        /// The body, if it was an error response.
        #[n(2)]
        response: Option<Box<ErrorResponse>>,
    },
}

/// Why the authorization server gave no usable answer.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, PartialEq, thiserror::Error)]
#[cbor(index_only)]
pub enum Outage {
    /// HTTP 429, or an AADSTS number that means the same.
    #[error("throttled")]
    #[n(0)]
    Throttled,
    /// HTTP 408 or 5xx, or an AADSTS number that means the same.
    #[error("failing")]
    #[n(1)]
    Failing,
    /// No answer: connection refused or reset, or DNS failure.
    #[error("no connection")]
    #[n(2)]
    NoConnection,
    /// No complete answer in time.
    #[error("timed out")]
    #[n(3)]
    TimedOut,
    /// The token was already too old to be served when it arrived.
    #[error("token expired on arrival")]
    #[n(4)]
    ExpiredOnArrival,
    /// The broker could not sign its assertion. Earlier versions did not have this and the next one.
    #[error("no signature")]
    #[n(5)]
    NoSignature,
    /// The server's metadata, which name its token endpoint, are not there.
    #[error("no metadata")]
    #[n(6)]
    NoMetadata,
    /// A secret has changed in Secrets Store. The broker begins anew with it.
    #[error("a secret has changed")]
    #[n(7)]
    SecretChanged,
}

impl UpstreamError {
    /// The token was too old to be served when it arrived.
    pub const EXPIRED_ON_ARRIVAL: Self = Self::Unavailable {
        cause: Outage::ExpiredOnArrival,
        retry_after_secs: TRANSIENT_RETRY_AFTER_SECS,
        response: None,
    };

    /// The credential is out of date.
    pub const SECRET_CHANGED: Self = Self::Unavailable {
        cause: Outage::SecretChanged,
        retry_after_secs: TRANSIENT_RETRY_AFTER_SECS,
        response: None,
    };

    /// The failure's name in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ScopeRefused(_) => "scope_refused",
            Self::CredentialRefused(_) => "credential_refused",
            Self::NotATokenResponse { .. } => "not_a_token_response",
            Self::Unavailable { .. } => "upstream_unavailable",
        }
    }

    /// How many answers in a row were not understood. Zero for any other error.
    #[must_use]
    pub const fn not_understood_in_a_row(&self) -> u32 {
        match self {
            Self::NotATokenResponse { in_a_row, .. } => *in_a_row,
            _ => 0,
        }
    }

    /// The authorization server's own error response, where there was one.
    #[must_use]
    pub fn response(&self) -> Option<&ErrorResponse> {
        match self {
            Self::ScopeRefused(response) | Self::CredentialRefused(response) => Some(response),
            Self::Unavailable { response, .. } | Self::NotATokenResponse { response, .. } => {
                response.as_deref()
            }
        }
    }
}
