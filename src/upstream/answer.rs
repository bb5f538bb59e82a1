//! Interprets an answer of a token endpoint: a token, or an error and what may help. The kind of
//! server says what its words mean.

use super::attempt::AttemptFailure;
use super::error::{Outage, UpstreamError};
use super::exchange::{BodyFault, EndpointResponse};
use super::retry::{Remedy, retry_after_secs};
use super::server::Kind;
use crate::base::time::UnixMillis;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::{AnswerFault, IssuedToken};

/// What a refusal is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Meaning {
    /// Too many requests; come back later.
    Throttled,
    /// A transient failure of the server.
    Transient,
    /// The server refuses this proof. Another one of the application may be good.
    ProofRefused,
    /// The server refuses this proof now. The same one, or a new assertion, may be good in a moment.
    NotYet,
    /// The server refuses the scope, or the resource that it names.
    ScopeRefused,
    /// The server refuses the application, the tenant, or the request. No retry and no other proof
    /// helps.
    Refused,
}

/// Reads an answer. `now` is for a `Retry-After` that is a date.
///
/// # Errors
/// [`AttemptFailure`] for anything but a token.
pub fn interpret(
    kind: &dyn Kind,
    response: &EndpointResponse,
    now: UnixMillis,
) -> Result<IssuedToken, AttemptFailure> {
    let retry_after =
        response.retry_after.as_deref().and_then(|value| retry_after_secs(value, now));
    // A token's body is parsed once: a search for an error would leave a copy of the token behind.
    let fault = match (response.status, response.body.as_ref()) {
        (300..=399, _) => AnswerFault::Redirect,
        (200 | 201, Ok(body)) => match kind.token(response.status, body) {
            Ok(issued) => return Ok(issued),
            Err(fault) => fault,
        },
        (_, Err(BodyFault::CutOff)) => AnswerFault::CutOff,
        (_, Err(BodyFault::TooLarge)) => AnswerFault::TooLarge,
        (status, _) => AnswerFault::UnexpectedStatus(status),
    };
    let body = response.body.as_ref().ok().filter(|_| fault != AnswerFault::Redirect);
    let error = body.and_then(|body| ErrorResponse::parse(body)).map(Box::new);
    Err(failure(kind, response.status, fault, retry_after, error))
}

/// Why there is no token: as the error response says, whatever the status, else as the status says.
fn failure(
    kind: &dyn Kind,
    status: u16,
    fault: AnswerFault,
    retry_after: Option<u64>,
    error: Option<Box<ErrorResponse>>,
) -> AttemptFailure {
    // Many a 429 has a plain-text body. The status is enough.
    if status == 429 {
        return AttemptFailure::throttled(retry_after, error);
    }
    let meaning = error.as_ref().and_then(|error| kind.meaning(status, error));
    match (meaning, error) {
        (Some(meaning), Some(error)) => refused(kind, meaning, retry_after, error),
        (_, error) if matches!(status, 408 | 500..) => {
            AttemptFailure::transient(Outage::Failing, retry_after, error)
        }
        (_, error) => AttemptFailure::not_understood(fault, retry_after, error),
    }
}

fn refused(
    kind: &dyn Kind,
    meaning: Meaning,
    retry_after: Option<u64>,
    mut response: Box<ErrorResponse>,
) -> AttemptFailure {
    let remedy = match meaning {
        Meaning::Throttled => return AttemptFailure::throttled(retry_after, Some(response)),
        Meaning::Transient => {
            return AttemptFailure::transient(Outage::Failing, retry_after, Some(response));
        }
        Meaning::ProofRefused => Remedy::NextProof,
        Meaning::NotYet => Remedy::RetryThenNextProof,
        Meaning::ScopeRefused | Meaning::Refused => Remedy::Nothing,
    };
    if meaning != Meaning::ScopeRefused || response.aadsts().is_some() {
        response.advice = Some(kind.advice(&response).into_owned());
    }
    let error = match meaning {
        Meaning::ScopeRefused => UpstreamError::ScopeRefused(response),
        _ => UpstreamError::CredentialRefused(response),
    };
    AttemptFailure { error, remedy }
}
