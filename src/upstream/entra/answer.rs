//! Interprets a response of the token endpoint: a token, or an error and what may help.

use super::aadsts::{self, Meaning};
use crate::base::time::UnixMillis;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::{AnswerFault, IssuedToken, ResponseRules};
use crate::upstream::attempt::AttemptFailure;
use crate::upstream::error::{Outage, UpstreamError};
use crate::upstream::exchange::{BodyFault, EndpointResponse};
use crate::upstream::retry::{Remedy, told_secs};

/// Reads a response. `now` is for a `Retry-After` that is a date.
///
/// # Errors
/// [`AttemptFailure`] for anything but a token.
pub fn interpret(
    response: &EndpointResponse,
    now: UnixMillis,
) -> Result<IssuedToken, AttemptFailure> {
    let retry_after = told_secs(response, now);
    // A token's body is parsed once: a search for an error would leave a copy of the token behind.
    let fault = match (response.status, response.body.as_ref()) {
        (300..=399, _) => AnswerFault::Redirect,
        (200, Ok(body)) => match IssuedToken::parse(body, &ResponseRules::USUAL) {
            Ok(issued) => return Ok(issued),
            Err(fault) => fault,
        },
        (_, Err(BodyFault::CutOff)) => AnswerFault::CutOff,
        (_, Err(BodyFault::TooLarge)) => AnswerFault::TooLarge,
        (status, _) => AnswerFault::UnexpectedStatus(status),
    };
    let body = response.body.as_ref().ok().filter(|_| fault != AnswerFault::Redirect);
    let error = body.and_then(|body| ErrorResponse::parse(body)).map(Box::new);
    Err(failure(response.status, fault, retry_after, error))
}

/// Why there is no token: as the error response says, whatever the status, else as the status says.
fn failure(
    status: u16,
    fault: AnswerFault,
    retry_after: Option<u64>,
    error: Option<Box<ErrorResponse>>,
) -> AttemptFailure {
    match (status, error) {
        // Entra's 429 has a plain-text body. The status is enough.
        (429, error) => AttemptFailure::throttled(retry_after, error),
        // A server that fails may say so in any words, but a number is Entra's own.
        (408 | 500.., error) => match error {
            Some(error) if aadsts::meaning_of_number(&error).is_some() => {
                refused(error, retry_after)
            }
            error => AttemptFailure::transient(Outage::Failing, retry_after, error),
        },
        (_, Some(error)) if error.is_error() => refused(error, retry_after),
        (_, error) => AttemptFailure::not_understood(fault, retry_after, error),
    }
}

fn refused(response: Box<ErrorResponse>, retry_after: Option<u64>) -> AttemptFailure {
    let (error, remedy) = match aadsts::meaning(&response) {
        Meaning::Throttled => return AttemptFailure::throttled(retry_after, Some(response)),
        Meaning::Transient => {
            return AttemptFailure::transient(Outage::Failing, retry_after, Some(response));
        }
        Meaning::ScopeRefused => (UpstreamError::ScopeRefused(response), Remedy::Nothing),
        Meaning::SecretRefused => (UpstreamError::CredentialRefused(response), Remedy::NextSecret),
        Meaning::Refused => (UpstreamError::CredentialRefused(response), Remedy::Nothing),
    };
    AttemptFailure { error, remedy }
}
