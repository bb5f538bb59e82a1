//! The words of errors, for the caller who reads nothing else.

use super::Dialect;
use crate::base::limits::NOT_UNDERSTOOD_ADVICE_FROM;
use crate::error::{BrokerError, PresentedIn, RequestFault};
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::AnswerFault;
use crate::upstream::error::{Outage, UpstreamError as U};

/// What happened, and what to do.
pub(super) fn describe(error: &BrokerError, dialect: Dialect) -> String {
    use BrokerError as E;
    match (error, dialect) {
        (E::InvalidClient(PresentedIn::Nothing), Dialect::ManagedIdentity) => {
            "X-IDENTITY-HEADER is missing: set IDENTITY_HEADER to the client key that the operator \
             gave you"
                .into()
        }
        (E::TargetNotGranted(_), Dialect::ManagedIdentity) => {
            "this client is not granted the requested resource: an operator must grant it the scope \
             that is the resource and /.default"
                .into()
        }
        (E::CredentialNotGranted, Dialect::ManagedIdentity) => {
            "this client is not granted the credential that client_id names, or without client_id the \
             credential default"
                .into()
        }
        (E::InvalidClient(PresentedIn::Nothing), Dialect::Call) => {
            "client authentication is missing: the service binding says no client_id in its props; it \
             is written in the configuration of the calling Worker"
                .into()
        }
        (
            E::InvalidRequest(RequestFault::SeveralClients),
            Dialect::ManagedIdentity | Dialect::Api,
        ) => {
            "this identity is good for several clients: use a client key".into()
        }
        _ => describe_alike(error),
    }
}

/// The words for all dialects.
fn describe_alike(error: &BrokerError) -> String {
    use BrokerError as E;
    match error {
        E::InvalidRequest(fault) => fault.to_string(),
        E::InvalidClient(PresentedIn::Nothing) => {
            "client authentication is missing: send the client key that the operator gave you"
                .into()
        }
        E::InvalidClient(PresentedIn::Platform(refusal)) => (*refusal).into(),
        E::InvalidClient(_) => {
            "client authentication failed: the client is unknown or its key is wrong".into()
        }
        E::JwtRefused(fault, _) => fault.description().into(),
        E::SecretsUnavailable => "a secret cannot be read from Secrets Store; retry later".into(),
        E::SlowDown(_) => "too many requests; retry after the time in Retry-After".into(),
        E::RegistryUnavailable => "the client registry cannot be read; retry later".into(),
        E::SearchFailed => "the token cannot be looked for; retry later".into(),
        E::IssuerUnavailable(_) => {
            "the keys of the JWT's issuer cannot be fetched; retry later".into()
        }
        E::AssertionUnderWay => {
            "another request with the same client assertion is under way; retry later, or make a \
             new one"
                .into()
        }
        E::UnsupportedGrantType => "grant_type must be client_credentials".into(),
        E::ScopeMalformed => "scope is malformed (RFC 6749 section 3.3)".into(),
        E::ScopeMissing => {
            "scope is missing, and this client has more than one grant of the credential".into()
        }
        E::ScopeNotGranted => "this client is not granted the requested scope".into(),
        E::CredentialNotGranted => "this client is not granted the requested credential".into(),
        E::TargetNotGranted(parameter) => format!(
            "parameter {parameter} names nothing that this client is granted with the requested \
             scope and credential: leave it out, or name the resource of a granted scope"
        ),
        E::ApiNotGranted => {
            "this client is not granted this API, or there is none of this name: check the name behind \
             /api/, or have an operator add a grant with it to allow"
                .into()
        }
        E::MethodNotGranted => {
            "this client is not granted this method at this API: an operator must add it to methods of \
             the grant"
                .into()
        }
        E::PathNotGranted => {
            "this client is not granted this path with this method: check the path, or have an operator \
             add it to paths of the grant"
                .into()
        }
        E::OriginNotListed => {
            "the page that sent this request is not of an origin that this client lists: an operator \
             must add it to origins of the client"
                .into()
        }
        E::ApiUnreachable => "the API cannot be reached; retry later".into(),
        E::ApiTimedOut => {
            "the API did not answer in time, and may have acted on the request; retry later".into()
        }
        // Upstream's text as it is: people look it up.
        E::Upstream(U::ScopeRefused(response)) => match &response.description {
            Some(text) => text.clone(),
            None => format!(
                "the authorization server refused the scope ({})",
                response.advice.as_deref().unwrap_or(&response.error)
            ),
        },
        E::Misconfigured => {
            "the broker's configuration has a fault: an operator finds it in the broker's log"
                .into()
        }
        E::Upstream(U::CredentialRefused(response)) => refused(response),
        E::Upstream(U::NotATokenResponse { fault, in_a_row, .. }) => {
            not_understood(*fault, *in_a_row)
        }
        E::Upstream(error @ U::Unavailable { cause, .. }) => {
            let words = error.response().and_then(|response| response.advice.as_deref());
            match words {
                Some(words) => [unavailable(*cause), " (", words, ")"].concat(),
                None => unavailable(*cause).into(),
            }
        }
    }
}

/// The text says that the client key is fine, so that it is not rotated for this error.
fn refused(response: &ErrorResponse) -> String {
    let number = response
        .aadsts()
        .map_or_else(|| response.error.clone(), |number| format!("AADSTS{number}"));
    let which = match (number.as_str(), response.trace.trace_id.as_deref()) {
        ("", _) => String::new(),
        (error, None) => format!(" ({error})"),
        (error, Some(trace_id)) => format!(" ({error}, trace id {trace_id})"),
    };
    format!(
        "the authorization server refused the broker's own credential{which}; the client key is fine. An \
         operator must act: {}",
        response.advice.as_deref().unwrap_or("check the credential in the configuration")
    )
}

/// One such answer passes, and the caller retries. Several in a row are for an operator.
fn not_understood(fault: AnswerFault, in_a_row: u32) -> String {
    let advice = if in_a_row < NOT_UNDERSTOOD_ADVICE_FROM {
        "retry after the time in Retry-After"
    } else {
        "this has happened several times in a row, so an operator should check the server of the \
         credential: tenant and authority host, issuer, or token_endpoint"
    };
    format!("the authorization server's answer is not a token response ({fault}); {advice}")
}

const fn unavailable(cause: Outage) -> &'static str {
    match cause {
        Outage::Throttled => {
            "the authorization server throttles the broker; retry after the time in Retry-After"
        }
        Outage::Failing => "the authorization server fails; retry later",
        Outage::NoConnection => "the authorization server cannot be reached; retry later",
        Outage::TimedOut => "the authorization server did not answer in time; retry later",
        Outage::ExpiredOnArrival => {
            "the authorization server's token had expired on arrival; retry later"
        }
        Outage::NoSignature => "the broker cannot sign its assertion; retry later",
        Outage::SecretChanged => "a secret has just changed in Secrets Store; retry later",
        Outage::NoMetadata => {
            "the metadata of the authorization server cannot be fetched; retry later"
        }
    }
}
