//! What an answer of the token endpoint means: a token, or an error and what may help.

use super::aadsts::{self, Meaning};
use crate::error::{BrokerError, Outage};
use crate::limits::{THROTTLE_RETRY_AFTER_SECS, TRANSIENT_RETRY_AFTER_SECS};
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::{AnswerFault, IssuedToken};
use crate::policy::retry::{Remedy, retry_after_secs};
use crate::ports::{EndpointReply, TransportFailure};
use crate::time::UnixMillis;

/// One failed attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttemptFailure {
    /// What the request fails with where nothing helps.
    pub error: BrokerError,
    /// What may help.
    pub remedy: Remedy,
}

/// Reads an answer. `now` is for a `Retry-After` that is a date.
///
/// # Errors
/// [`AttemptFailure`] for anything but a token.
pub fn interpret(reply: &EndpointReply, now: UnixMillis) -> Result<IssuedToken, AttemptFailure> {
    let retry_after = reply.retry_after.as_deref().and_then(|value| retry_after_secs(value, now));
    match reply.status {
        // Throttled answers have a plain-text body.
        429 => Err(throttled(retry_after)),
        408 | 500.. => Err(transient(Outage::Failing, retry_after)),
        300..=399 => Err(not_a_token_response(AnswerFault::Redirect)),
        status => match (status, reply.body.as_ref()) {
            (_, None) => Err(not_a_token_response(AnswerFault::TooLarge)),
            (200, Some(body)) => IssuedToken::parse(body).map_err(not_a_token_response),
            (_, Some(body)) => Err(ErrorResponse::parse(body).map_or_else(
                || not_a_token_response(AnswerFault::UnexpectedStatus(status)),
                |response| refused(Box::new(response), retry_after),
            )),
        },
    }
}

/// Reads a failure to get any answer.
#[must_use]
pub const fn no_answer(failure: TransportFailure) -> AttemptFailure {
    match failure {
        TransportFailure::NoConnection => transient(Outage::NoConnection, None),
        // The caller has waited long enough; a second attempt would double it.
        TransportFailure::TimedOut => AttemptFailure {
            error: unavailable(Outage::TimedOut, TRANSIENT_RETRY_AFTER_SECS),
            remedy: Remedy::Nothing,
        },
    }
}

fn refused(response: Box<ErrorResponse>, retry_after: Option<u64>) -> AttemptFailure {
    let advice = aadsts::advice(&response);
    let (error, remedy) = match aadsts::meaning(&response) {
        Meaning::Throttled => return throttled(retry_after),
        Meaning::Transient => return transient(Outage::Failing, retry_after),
        Meaning::ScopeRefused => (BrokerError::ScopeRefused(response), Remedy::Nothing),
        Meaning::SecretRefused => {
            (BrokerError::CredentialRefused { response, advice }, Remedy::NextSecret)
        }
        Meaning::Refused => (BrokerError::CredentialRefused { response, advice }, Remedy::Nothing),
    };
    AttemptFailure { error, remedy }
}

const fn not_a_token_response(fault: AnswerFault) -> AttemptFailure {
    AttemptFailure { error: BrokerError::NotATokenResponse(fault), remedy: Remedy::Nothing }
}

fn throttled(retry_after: Option<u64>) -> AttemptFailure {
    let secs = retry_after.unwrap_or(THROTTLE_RETRY_AFTER_SECS);
    AttemptFailure { error: unavailable(Outage::Throttled, secs), remedy: Remedy::Nothing }
}

/// An upstream that says when to come back is not asked before.
const fn transient(cause: Outage, retry_after: Option<u64>) -> AttemptFailure {
    match retry_after {
        Some(secs) => AttemptFailure { error: unavailable(cause, secs), remedy: Remedy::Nothing },
        None => AttemptFailure {
            error: unavailable(cause, TRANSIENT_RETRY_AFTER_SECS),
            remedy: Remedy::RetryOnce,
        },
    }
}

const fn unavailable(cause: Outage, retry_after_secs: u64) -> BrokerError {
    BrokerError::UpstreamUnavailable { cause, retry_after_secs }
}
