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

    /// The answer is neither a token nor an error that the broker understands. The next one may be.
    #[must_use]
    pub fn not_understood(
        fault: AnswerFault,
        retry_after: Option<u64>,
        response: Option<Box<ErrorResponse>>,
    ) -> Self {
        // A redirect is meant: the same request has the same answer.
        let remedy = match fault {
            AnswerFault::Redirect => Remedy::Nothing,
            _ => retry_unless_told(retry_after),
        };
        let retry_after_secs = retry_after.unwrap_or(TRANSIENT_RETRY_AFTER_SECS);
        let error =
            UpstreamError::NotATokenResponse { fault, retry_after_secs, in_a_row: 1, response };
        Self { error, remedy }
    }

    /// Too many requests.
    #[must_use]
    pub fn throttled(retry_after: Option<u64>, response: Option<Box<ErrorResponse>>) -> Self {
        let secs = retry_after.unwrap_or(THROTTLE_RETRY_AFTER_SECS);
        Self::unavailable(Outage::Throttled, secs, response, Remedy::Nothing)
    }

    /// A transient failure.
    #[must_use]
    pub fn transient(
        cause: Outage,
        retry_after: Option<u64>,
        response: Option<Box<ErrorResponse>>,
    ) -> Self {
        let secs = retry_after.unwrap_or(TRANSIENT_RETRY_AFTER_SECS);
        Self::unavailable(cause, secs, response, retry_unless_told(retry_after))
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

/// There is no retry before a time that upstream names.
const fn retry_unless_told(retry_after: Option<u64>) -> Remedy {
    if retry_after.is_some() { Remedy::Nothing } else { Remedy::RetryOnce }
}
