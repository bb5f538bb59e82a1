//! Interprets a response of the token endpoint: a token, or an error and what may help.

use super::aadsts::{self, Meaning};
use crate::base::time::UnixMillis;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::{AnswerFault, IssuedToken};
use crate::upstream::attempt::AttemptFailure;
use crate::upstream::error::{Outage, UpstreamError};
use crate::upstream::exchange::EndpointResponse;
use crate::upstream::retry::{Remedy, retry_after_secs};

/// Reads a response. `now` is for a `Retry-After` that is a date.
///
/// # Errors
/// [`AttemptFailure`] for anything but a token.
pub fn interpret(
    response: &EndpointResponse,
    now: UnixMillis,
) -> Result<IssuedToken, AttemptFailure> {
    let retry_after =
        response.retry_after.as_deref().and_then(|value| retry_after_secs(value, now));
    let error_response =
        || response.body.as_ref().and_then(|body| ErrorResponse::parse(body)).map(Box::new);
    Err(match (response.status, response.body.as_ref()) {
        // Entra's 429 has a plain-text body. The status is enough.
        (429, _) => AttemptFailure::throttled(retry_after, error_response()),
        (408 | 500.., _) => {
            AttemptFailure::transient(Outage::Failing, retry_after, error_response())
        }
        (300..=399, _) => AttemptFailure::not_a_token_response(AnswerFault::Redirect),
        (_, None) => AttemptFailure::not_a_token_response(AnswerFault::TooLarge),
        (200, Some(body)) => {
            return IssuedToken::parse(body).map_err(AttemptFailure::not_a_token_response);
        }
        (status, Some(_)) => match error_response() {
            Some(response) => refused(response, retry_after),
            None => AttemptFailure::not_a_token_response(AnswerFault::UnexpectedStatus(status)),
        },
    })
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
