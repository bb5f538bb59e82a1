//! Maps a [`BrokerError`] to status, body and headers.

use crate::base::json_object::JsonObject;
use crate::base::limits::{
    ASSERTION_RETRY_AFTER_SECS, MISCONFIGURED_RETRY_AFTER_SECS, NOT_UNDERSTOOD_ADVICE_FROM,
    RATE_LIMIT_RETRY_AFTER_SECS, SECRETS_RETRY_AFTER_SECS, TRANSIENT_RETRY_AFTER_SECS,
};
use crate::error::{BrokerError, Limit, PresentedIn, RequestFault};
use crate::oauth::error_response::{ErrorResponse, Trace};
use crate::oauth::token_response::AnswerFault;
use crate::upstream::error::{Outage, UpstreamError as U};

/// The standard that a route's errors follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// RFC 6749 §5.2.
    TokenEndpoint,
    /// RFC 6750 §3, with the same body.
    Bearer,
}

/// An error as the caller gets it.
#[derive(Debug, Eq, PartialEq)]
pub struct WireError {
    /// HTTP status.
    pub status: u16,
    /// RFC 6749 §5.2 or RFC 6750 §3.1 error code.
    pub error: &'static str,
    /// What happened and what to do, in words for people.
    pub error_description: String,
    /// The numbers of Entra's response, if it is the cause.
    pub trace: Trace,
    /// `WWW-Authenticate`.
    pub challenge: Option<&'static str>,
    /// `Retry-After`, in seconds.
    pub retry_after_secs: Option<u64>,
    /// `RateLimit`.
    pub rate_limit: Option<&'static str>,
}

const BASIC: &str = r#"Basic realm="edge-token-broker""#;
const BEARER: &str = r#"Bearer realm="edge-token-broker""#;
const BEARER_INVALID: &str = r#"Bearer realm="edge-token-broker", error="invalid_token""#;
const BEARER_SCOPE: &str = r#"Bearer realm="edge-token-broker", error="insufficient_scope""#;

impl WireError {
    /// The body.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = JsonObject::default();
        json.text("error", self.error);
        json.text("error_description", &self.error_description);
        self.trace.write(&mut json);
        json.finish()
    }

    /// The one mapping. Faults of callers differ between the dialects, and other errors do not.
    #[must_use]
    pub fn new(error: &BrokerError, dialect: Dialect) -> Self {
        let (status, code) = status_and_code(error, dialect);
        let upstream = match error {
            BrokerError::Upstream(error) => Some(error),
            _ => None,
        };
        Self {
            status,
            error: code,
            error_description: describe(error),
            trace: upstream
                .and_then(U::response)
                .map(|response| response.trace.clone())
                .unwrap_or_default(),
            challenge: challenge(error, dialect, status),
            rate_limit: rate_limit(error),
            retry_after_secs: match error {
                BrokerError::Misconfigured => Some(MISCONFIGURED_RETRY_AFTER_SECS),
                BrokerError::SecretsUnavailable => Some(SECRETS_RETRY_AFTER_SECS),
                BrokerError::SlowDown(_) => Some(RATE_LIMIT_RETRY_AFTER_SECS),
                BrokerError::RegistryUnavailable | BrokerError::SearchFailed => {
                    Some(TRANSIENT_RETRY_AFTER_SECS)
                }
                BrokerError::IssuerUnavailable(outage) => Some(outage.retry_after_secs),
                BrokerError::AssertionUnderWay => Some(ASSERTION_RETRY_AFTER_SECS),
                // A refusal has none: it passes when an operator has acted.
                BrokerError::Upstream(
                    U::Unavailable { retry_after_secs, .. }
                    | U::NotATokenResponse { retry_after_secs, .. },
                ) => Some(*retry_after_secs),
                _ => None,
            },
        }
    }
}

fn status_and_code(error: &BrokerError, dialect: Dialect) -> (u16, &'static str) {
    use BrokerError as E;
    use Dialect::{Bearer, TokenEndpoint};
    match (error, dialect) {
        (E::InvalidRequest(RequestFault::BodyTooLarge), _) => (413, "invalid_request"),
        (E::InvalidRequest(_), _) | (E::ScopeMalformed | E::ScopeMissing, Bearer) => {
            (400, "invalid_request")
        }
        (E::InvalidClient(_) | E::JwtRefused(..), TokenEndpoint) => (401, "invalid_client"),
        (E::InvalidClient(_) | E::JwtRefused(..), Bearer) => (401, "invalid_token"),
        (E::TargetNotGranted(_), _) => (400, "invalid_target"),
        (E::SlowDown(_), _) => (429, "slow_down"),
        (E::UnsupportedGrantType, _) => (400, "unsupported_grant_type"),
        (
            E::ScopeMalformed
            | E::ScopeMissing
            | E::ScopeNotGranted
            | E::Upstream(U::ScopeRefused(_)),
            TokenEndpoint,
        ) => (400, "invalid_scope"),
        (E::CredentialNotGranted, TokenEndpoint) => (400, "unauthorized_client"),
        (
            E::ScopeNotGranted | E::Upstream(U::ScopeRefused(_)) | E::CredentialNotGranted,
            Bearer,
        ) => (403, "insufficient_scope"),
        (E::Upstream(U::CredentialRefused(_) | U::NotATokenResponse { .. }), _) => {
            (502, "server_error")
        }
        (
            E::Misconfigured
            | E::SecretsUnavailable
            | E::RegistryUnavailable
            | E::SearchFailed
            | E::IssuerUnavailable(_)
            | E::AssertionUnderWay
            | E::Upstream(U::Unavailable { .. }),
            _,
        ) => (503, "temporarily_unavailable"),
    }
}

/// Every 401 has a challenge (RFC 9110 §15.5.2).
fn challenge(error: &BrokerError, dialect: Dialect, status: u16) -> Option<&'static str> {
    use BrokerError::{InvalidClient, JwtRefused};
    match (status, dialect, error) {
        // RFC 6750 §3.1: no error code for a request without any authentication.
        (401, Dialect::Bearer, InvalidClient(PresentedIn::Nothing)) => Some(BEARER),
        // Also for the JWT of Cloudflare Access at the token endpoint: for a `Basic` challenge the
        // browser of a person would open a dialog.
        (401, Dialect::Bearer, _) | (401, _, JwtRefused(_, PresentedIn::Header)) => {
            Some(BEARER_INVALID)
        }
        (401, Dialect::TokenEndpoint, _) => Some(BASIC),
        (403, Dialect::Bearer, _) => Some(BEARER_SCOPE),
        _ => None,
    }
}

/// The policy that has nothing left (draft-ietf-httpapi-ratelimit-headers-10 §4). The platform says
/// neither its quota nor when there is more, so there is no `t` and no `RateLimit-Policy`, which needs
/// the quota.
const fn rate_limit(error: &BrokerError) -> Option<&'static str> {
    match error {
        BrokerError::SlowDown(Limit::Client) => Some(r#""client";r=0"#),
        BrokerError::SlowDown(Limit::FailedAuthentication) => {
            Some(r#""failed-authentication";r=0"#)
        }
        _ => None,
    }
}

fn describe(error: &BrokerError) -> String {
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
