//! Interprets an answer of a token endpoint: a token, or an error and what may help. The kind of
//! server says what its words mean.

use super::attempt::AttemptFailure;
use super::error::{Outage, UpstreamError};
use super::exchange::{BodyFault, EndpointResponse};
use super::retry::{Remedy, told_secs};
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

/// Reads an answer, which came `now`. Its words do not come through if they repeat a text that was `sent`.
///
/// # Errors
/// [`AttemptFailure`] for anything but a token.
pub fn interpret(
    kind: &dyn Kind,
    response: &EndpointResponse,
    sent: &[&str],
    now: UnixMillis,
) -> Result<IssuedToken, AttemptFailure> {
    let retry_after = told_secs(response, now);
    // A token's body is parsed once: a search for an error would leave a copy of the token behind.
    let fault = match (response.status, response.body.as_ref()) {
        (300..=399, _) => AnswerFault::Redirect,
        (200 | 201, Ok(body)) => match kind.token(response.status, body, now) {
            Ok(issued) => return Ok(issued),
            Err(fault) => fault,
        },
        (_, Err(BodyFault::CutOff)) => AnswerFault::CutOff,
        (_, Err(BodyFault::TooLarge)) => AnswerFault::TooLarge,
        (status, _) => AnswerFault::UnexpectedStatus(status),
    };
    let body = response.body.as_ref().ok().filter(|_| fault != AnswerFault::Redirect);
    let error = body.and_then(|body| Some(ErrorResponse::parse(body)?.without(sent, body)));
    let mut error = error.map(Box::new);
    if let Some(error) = &mut error
        && !kind.has_numbers()
    {
        error.trace.error_codes.clear();
    }
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
    // Many a 429 has a plain-text body. The status is enough. With a time, so it is of a 403 that names
    // no error.
    let is_error = error.as_ref().is_some_and(|error| error.is_error());
    if status == 429 || (status == 403 && retry_after.is_some() && !is_error) {
        return AttemptFailure::throttled(retry_after, error);
    }
    let nothing = ErrorResponse::default();
    match (kind.meaning(status, error.as_deref().unwrap_or(&nothing)), error) {
        (Some(meaning), error) => {
            refused(kind, (status, meaning), retry_after, error.unwrap_or_default())
        }
        (_, error) if matches!(status, 408 | 500..) => {
            AttemptFailure::transient(Outage::Failing, retry_after, error)
        }
        (_, error) => AttemptFailure::not_understood(fault, retry_after, error),
    }
}

fn refused(
    kind: &dyn Kind,
    (status, meaning): (u16, Meaning),
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
        response.advice = Some(kind.advice(status, &response).into_owned());
    }
    let error = match meaning {
        Meaning::ScopeRefused => UpstreamError::ScopeRefused(response),
        _ => UpstreamError::CredentialRefused(response),
    };
    AttemptFailure { error, remedy }
}
