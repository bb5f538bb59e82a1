//! Why the authorization server gave no token.

use crate::base::cbor::{self, Cbor, Value};
use crate::base::limits::TRANSIENT_RETRY_AFTER_SECS;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::AnswerFault;

/// Why the authorization server gave no token. A coordinator passes it on to its waiters.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UpstreamError {
    /// The authorization server refuses the scope itself: the caller or its grant must change.
    #[error("authorization server refused the scope")]
    ScopeRefused(Box<ErrorResponse>),
    /// It refuses the broker: secret, application, tenant, or policy. An operator must act.
    #[error("authorization server refused the broker's credential")]
    CredentialRefused(Box<ErrorResponse>),
    /// The answer is neither a token nor an error that the broker understands. One such answer is a
    /// passing fault, as of a load balancer in between. After several in a row an operator must act.
    #[error("authorization server's answer is not a token response: {fault}")]
    NotATokenResponse {
        /// What is wrong with it.
        fault: AnswerFault,
        /// As in [`Self::Unavailable`]. Earlier versions did not have this and the next two.
        retry_after_secs: u64,
        /// The number of such answers in a row.
        in_a_row: u32,
        /// The ids in the body, if it has any.
        response: Option<Box<ErrorResponse>>,
    },
    /// It throttles, fails, or does not answer in time: retry later.
    #[error("authorization server unavailable: {cause}{}", reason(response.as_deref()))]
    Unavailable {
        /// What happened.
        cause: Outage,
        /// The time until a retry: upstream's `Retry-After` up to a maximum, or the broker's default.
        retry_after_secs: u64,
        /// The body, if it was an error response.
        response: Option<Box<ErrorResponse>>,
    },
}

/// Why the authorization server gave no usable answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Outage {
    /// HTTP 429, or an AADSTS number that means the same.
    #[error("throttled")]
    Throttled,
    /// HTTP 408 or 5xx, or an AADSTS number that means the same.
    #[error("failing")]
    Failing,
    /// No answer: connection refused or reset, or DNS failure.
    #[error("no connection")]
    NoConnection,
    /// No complete answer in time.
    #[error("timed out")]
    TimedOut,
    /// The token was already too old to be served when it arrived.
    #[error("token expired on arrival")]
    ExpiredOnArrival,
    /// The broker could not sign its assertion. Earlier versions did not have this and the next one.
    #[error("no signature")]
    NoSignature,
    /// The server's metadata, which name its token endpoint, are not there.
    #[error("no metadata")]
    NoMetadata,
    /// A secret has changed in Secrets Store. The broker begins anew with it.
    #[error("a secret has changed")]
    SecretChanged,
}

cbor::names!(Outage {
    0 => Throttled,
    1 => Failing,
    2 => NoConnection,
    3 => TimedOut,
    4 => ExpiredOnArrival,
    5 => NoSignature,
    6 => NoMetadata,
    7 => SecretChanged,
});

impl Cbor for UpstreamError {
    fn to_value(&self) -> Value {
        match self {
            Self::ScopeRefused(response) => Value::variant(0, vec![response.to_value()]),
            Self::CredentialRefused(response) => Value::variant(1, vec![response.to_value()]),
            Self::NotATokenResponse { fault, retry_after_secs, in_a_row, response } => {
                let (secs, in_a_row) = (retry_after_secs.to_value(), in_a_row.to_value());
                Value::variant(2, vec![fault.to_value(), secs, in_a_row, response.to_value()])
            }
            Self::Unavailable { cause, retry_after_secs, response } => {
                let (secs, response) = (retry_after_secs.to_value(), response.to_value());
                Value::variant(3, vec![cause.to_value(), secs, response])
            }
        }
    }

    fn of_value(value: Value) -> Option<Self> {
        let (number, mut fields) = value.into_variant()?;
        Some(match number {
            0 => Self::ScopeRefused(fields.take()?),
            1 => Self::CredentialRefused(fields.take()?),
            2 => Self::NotATokenResponse {
                fault: fields.take()?,
                retry_after_secs: fields.take::<Option<_>>()?.unwrap_or_default(),
                in_a_row: fields.take::<Option<_>>()?.unwrap_or_default(),
                response: fields.take()?,
            },
            3 => Self::Unavailable {
                cause: fields.take()?,
                retry_after_secs: fields.take()?,
                response: fields.take()?,
            },
            _ => return None,
        })
    }
}

/// The broker's own words about an outage, if there are any.
fn reason(response: Option<&ErrorResponse>) -> String {
    let words = response.and_then(|response| response.advice.as_deref());
    words.map_or_else(String::new, |words| [": ", words].concat())
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
