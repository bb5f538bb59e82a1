//! Maps a [`BrokerError`] to status, body and headers.

mod words;

use crate::base::json_object::JsonObject;
use crate::base::limits::{
    ASSERTION_RETRY_AFTER_SECS, MISCONFIGURED_RETRY_AFTER_SECS, RATE_LIMIT_RETRY_AFTER_SECS,
    SDK_RETRY_AFTER_MAX_SECS, SECRETS_RETRY_AFTER_SECS, TRANSIENT_RETRY_AFTER_SECS,
};
use crate::base::request_id::RequestId;
use crate::error::{BrokerError, Limit, PresentedIn, RequestFault};
use crate::http::call;
use crate::oauth::error_response::Trace;
use crate::upstream::error::UpstreamError as U;

/// The standard that a route's errors follow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// RFC 6749 §5.2.
    TokenEndpoint,
    /// The same for MSAL and the Azure SDKs. They retry each 5xx within their user's call, and MSAL for
    /// Python shows nothing of its body, so no refusal is one.
    Msal,
    /// RFC 6750 §3, with the same body.
    Bearer,
    /// The same for a request to an API. `Cache-Status` says that the broker itself answers.
    Api,
    /// App Service's managed identity. Azure SDKs retry 404, 408, 410, 429 and each 5xx, so no refusal is one
    /// of these.
    ManagedIdentity,
    /// A call by RPC. It has the codes of RFC 6750.
    Call,
}

/// An error as the caller gets it.
#[derive(Debug, Eq, PartialEq)]
pub struct WireError {
    /// The form of the body.
    pub dialect: Dialect,
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
/// The clients of Azure's Key Vault send each first request without proof and body, and go on only if the
/// challenge names an authority and a resource. They have the client key already, whatever it names.
const AUTHORITY: &str =
    r#", authorization="https://edge-token-broker/common", resource="https://edge-token-broker""#;

impl WireError {
    /// The body. That of a managed identity has the request id, and so has that of a call.
    #[must_use]
    pub fn to_json(&self, request_id: &RequestId) -> String {
        if self.dialect == Dialect::Call {
            return call::error_json(self, request_id);
        }
        let mut json = JsonObject::default();
        if self.dialect == Dialect::ManagedIdentity {
            json.number("statusCode", Some(self.status.into()));
            json.text("message", &self.error_description);
            json.text("correlationId", request_id.as_str());
            return json.finish();
        }
        json.text("error", self.error);
        json.text("error_description", &self.error_description);
        self.trace.write(&mut json, ["error_codes", "timestamp", "trace_id", "correlation_id"]);
        json.finish()
    }

    /// `WWW-Authenticate`. At an API it has the description as well (RFC 6750 §3): libraries of APIs show their
    /// user nothing else.
    #[must_use]
    pub fn www_authenticate(&self) -> Option<String> {
        let challenge = self.challenge?;
        let text = &self.error_description;
        // Upstream's text may have anything.
        let is_quotable =
            text.bytes().all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'));
        if self.dialect == Dialect::Api && is_quotable {
            let authority = if challenge == BEARER { AUTHORITY } else { "" };
            return Some([challenge, ", error_description=\"", text, "\"", authority].concat());
        }
        Some(challenge.to_owned())
    }

    /// The one mapping. Faults of callers differ between the dialects. For MSAL and the Azure SDKs two more
    /// things do: a refusal of the broker's own credential, and how long `Retry-After` may be.
    #[must_use]
    pub fn new(error: &BrokerError, dialect: Dialect) -> Self {
        let (status, code) = status_and_code(error, dialect);
        let upstream = match error {
            BrokerError::Upstream(error) => Some(error),
            _ => None,
        };
        Self {
            dialect,
            status,
            error: code,
            error_description: words::describe(error, dialect),
            trace: upstream
                .and_then(U::response)
                .map(|response| response.trace.clone())
                .unwrap_or_default(),
            challenge: challenge(error, dialect, status),
            rate_limit: rate_limit(error),
            retry_after_secs: retry_after_secs(error).map(|secs| match dialect {
                Dialect::ManagedIdentity | Dialect::Msal => secs.min(SDK_RETRY_AFTER_MAX_SECS),
                _ => secs,
            }),
        }
    }
}

/// The policy that has nothing left (draft-ietf-httpapi-ratelimit-headers-10 §4). The platform says
/// neither its quota nor when there is more, so there is no `t` and no `RateLimit-Policy`, which needs
/// the quota.
const fn rate_limit(error: &BrokerError) -> Option<&'static str> {
    match error {
        BrokerError::SlowDown(Limit::Client) => Some(r#""client";r=0"#),
        BrokerError::SlowDown(Limit::Api) => Some(r#""api";r=0"#),
        BrokerError::SlowDown(Limit::FailedAuthentication) => {
            Some(r#""failed-authentication";r=0"#)
        }
        _ => None,
    }
}

const fn retry_after_secs(error: &BrokerError) -> Option<u64> {
    match error {
        BrokerError::Misconfigured => Some(MISCONFIGURED_RETRY_AFTER_SECS),
        BrokerError::SecretsUnavailable => Some(SECRETS_RETRY_AFTER_SECS),
        BrokerError::SlowDown(_) => Some(RATE_LIMIT_RETRY_AFTER_SECS),
        BrokerError::RegistryUnavailable
        | BrokerError::SearchFailed
        | BrokerError::ApiUnreachable
        | BrokerError::ApiTimedOut => Some(TRANSIENT_RETRY_AFTER_SECS),
        BrokerError::IssuerUnavailable(outage) => Some(outage.retry_after_secs),
        BrokerError::AssertionUnderWay => Some(ASSERTION_RETRY_AFTER_SECS),
        // A refusal has none: it passes when an operator has acted.
        BrokerError::Upstream(
            U::Unavailable { retry_after_secs, .. } | U::NotATokenResponse { retry_after_secs, .. },
        ) => Some(*retry_after_secs),
        _ => None,
    }
}

fn status_and_code(error: &BrokerError, dialect: Dialect) -> (u16, &'static str) {
    use BrokerError as E;
    use Dialect::{Api, Bearer, Call, ManagedIdentity, Msal, TokenEndpoint};
    let is_refused = matches!(error, E::TargetNotGranted(_) | E::Upstream(U::CredentialRefused(_)));
    match (error, dialect) {
        (_, ManagedIdentity) if is_refused => (403, "insufficient_scope"),
        (_, ManagedIdentity | Api | Call) => status_and_code(error, Bearer),
        (E::Upstream(U::CredentialRefused(_)), Msal) => (403, "server_error"),
        (_, Msal) => status_and_code(error, TokenEndpoint),
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
        )
        | (E::ApiNotGranted | E::MethodNotGranted | E::PathNotGranted | E::OriginNotListed, _) => {
            (403, "insufficient_scope")
        }
        (E::ApiUnreachable, _) => (502, "temporarily_unavailable"),
        (E::ApiTimedOut, _) => (504, "temporarily_unavailable"),
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
    let dialect = if dialect == Dialect::Api { Dialect::Bearer } else { dialect };
    match (status, dialect, error) {
        // RFC 6750 §3.1: no error code for a request without any authentication.
        (401, Dialect::Bearer, InvalidClient(PresentedIn::Nothing))
        | (401, Dialect::ManagedIdentity, _) => Some(BEARER),
        // Also for the JWT of Cloudflare Access at the token endpoint: for a `Basic` challenge the
        // browser of a person would open a dialog.
        (401, Dialect::Bearer, _) | (401, _, JwtRefused(_, PresentedIn::Header)) => {
            Some(BEARER_INVALID)
        }
        (401, Dialect::TokenEndpoint | Dialect::Msal, _) => Some(BASIC),
        (403, Dialect::Bearer, _) => Some(BEARER_SCOPE),
        _ => None,
    }
}
