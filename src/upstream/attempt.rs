//! One failed attempt to get a token.

use super::error::{Outage, UpstreamError};
use super::exchange::TransportFailure;
use super::retry::Remedy;
use crate::base::limits::{THROTTLE_RETRY_AFTER_SECS, TRANSIENT_RETRY_AFTER_SECS};
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::AnswerFault;

/// One failed attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttemptFailure {
    /// The error, if nothing helps.
    pub error: UpstreamError,
    /// What may help.
    pub remedy: Remedy,
}

impl AttemptFailure {
    /// No response came.
    #[must_use]
    pub fn no_answer(failure: TransportFailure) -> Self {
        match failure {
            TransportFailure::NoConnection => Self::transient(Outage::NoConnection, None, None),
            // The caller has waited long enough. A second attempt would double the wait.
            TransportFailure::TimedOut => Self::unavailable(
                Outage::TimedOut,
                TRANSIENT_RETRY_AFTER_SECS,
                None,
                Remedy::Nothing,
            ),
        }
    }

    /// The answer is not a token response.
    #[must_use]
    pub fn not_a_token_response(fault: AnswerFault) -> Self {
        Self { error: UpstreamError::NotATokenResponse(fault), remedy: Remedy::Nothing }
    }

    /// Too many requests.
    #[must_use]
    pub fn throttled(retry_after: Option<u64>, response: Option<Box<ErrorResponse>>) -> Self {
        let secs = retry_after.unwrap_or(THROTTLE_RETRY_AFTER_SECS);
        Self::unavailable(Outage::Throttled, secs, response, Remedy::Nothing)
    }

    /// A transient failure. There is no retry before a time that upstream names.
    #[must_use]
    pub fn transient(
        cause: Outage,
        retry_after: Option<u64>,
        response: Option<Box<ErrorResponse>>,
    ) -> Self {
        let remedy = if retry_after.is_some() { Remedy::Nothing } else { Remedy::RetryOnce };
        Self::unavailable(
            cause,
            retry_after.unwrap_or(TRANSIENT_RETRY_AFTER_SECS),
            response,
            remedy,
        )
    }

    fn unavailable(
        cause: Outage,
        retry_after_secs: u64,
        response: Option<Box<ErrorResponse>>,
        remedy: Remedy,
    ) -> Self {
        let error = UpstreamError::Unavailable { cause, retry_after_secs, response };
        Self { error, remedy }
    }
}
