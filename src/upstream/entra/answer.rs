//! What an answer of the token endpoint means: a token, or an error and what may help.

use super::aadsts::{self, Meaning};
use crate::base::limits::{THROTTLE_RETRY_AFTER_SECS, TRANSIENT_RETRY_AFTER_SECS};
use crate::base::time::UnixMillis;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::{AnswerFault, IssuedToken};
use crate::upstream::error::{Outage, UpstreamError};
use crate::upstream::exchange::{EndpointReply, TransportFailure};
use crate::upstream::retry::{Remedy, retry_after_secs};

/// One failed attempt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttemptFailure {
    /// What the request fails with where nothing helps.
    pub error: UpstreamError,
    /// What may help.
    pub remedy: Remedy,
}

/// Reads an answer. `now` is for a `Retry-After` that is a date.
///
/// # Errors
/// [`AttemptFailure`] for anything but a token.
pub fn interpret(reply: &EndpointReply, now: UnixMillis) -> Result<IssuedToken, AttemptFailure> {
    let retry_after = reply.retry_after.as_deref().and_then(|value| retry_after_secs(value, now));
    let said = || reply.body.as_ref().and_then(|body| ErrorResponse::parse(body)).map(Box::new);
    Err(match (reply.status, reply.body.as_ref()) {
        // Throttled answers have a plain-text body; nothing but the status is needed.
        (429, _) => throttled(retry_after, said()),
        (408 | 500.., _) => transient(Outage::Failing, retry_after, said()),
        (300..=399, _) => not_a_token_response(AnswerFault::Redirect),
        (_, None) => not_a_token_response(AnswerFault::TooLarge),
        (200, Some(body)) => return IssuedToken::parse(body).map_err(not_a_token_response),
        (status, Some(_)) => match said() {
            Some(response) => refused(response, retry_after),
            None => not_a_token_response(AnswerFault::UnexpectedStatus(status)),
        },
    })
}

/// Reads a failure to get any answer.
#[must_use]
pub fn no_answer(failure: TransportFailure) -> AttemptFailure {
    match failure {
        TransportFailure::NoConnection => transient(Outage::NoConnection, None, None),
        // The caller has waited long enough; a second attempt would double it.
        TransportFailure::TimedOut => {
            unavailable(Outage::TimedOut, TRANSIENT_RETRY_AFTER_SECS, None, Remedy::Nothing)
        }
    }
}

fn refused(response: Box<ErrorResponse>, retry_after: Option<u64>) -> AttemptFailure {
    let (error, remedy) = match aadsts::meaning(&response) {
        Meaning::Throttled => return throttled(retry_after, Some(response)),
        Meaning::Transient => return transient(Outage::Failing, retry_after, Some(response)),
        Meaning::ScopeRefused => (UpstreamError::ScopeRefused(response), Remedy::Nothing),
        Meaning::SecretRefused => (UpstreamError::CredentialRefused(response), Remedy::NextSecret),
        Meaning::Refused => (UpstreamError::CredentialRefused(response), Remedy::Nothing),
    };
    AttemptFailure { error, remedy }
}

fn not_a_token_response(fault: AnswerFault) -> AttemptFailure {
    AttemptFailure { error: UpstreamError::NotATokenResponse(fault), remedy: Remedy::Nothing }
}

fn throttled(retry_after: Option<u64>, response: Option<Box<ErrorResponse>>) -> AttemptFailure {
    let secs = retry_after.unwrap_or(THROTTLE_RETRY_AFTER_SECS);
    unavailable(Outage::Throttled, secs, response, Remedy::Nothing)
}

/// An upstream that says when to come back is not asked before.
fn transient(
    cause: Outage,
    retry_after: Option<u64>,
    response: Option<Box<ErrorResponse>>,
) -> AttemptFailure {
    let remedy = if retry_after.is_some() { Remedy::Nothing } else { Remedy::RetryOnce };
    unavailable(cause, retry_after.unwrap_or(TRANSIENT_RETRY_AFTER_SECS), response, remedy)
}

fn unavailable(
    cause: Outage,
    retry_after_secs: u64,
    response: Option<Box<ErrorResponse>>,
    remedy: Remedy,
) -> AttemptFailure {
    let error = UpstreamError::Unavailable { cause, retry_after_secs, response };
    AttemptFailure { error, remedy }
}
