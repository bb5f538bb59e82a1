//! GitHub, for the installations of an app: an API that makes tokens, with nothing of OAuth.

pub mod refusals;
pub mod settings;
pub mod token;

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::answer::Meaning;
use super::exchange::RequestHeaders;
use super::server::{AssertionClaims, Endpoint, Kind, Order, Presented, RequestDraft};
use crate::base::limits::CLIENT_ASSERTION_LIFETIME;
use crate::base::outgoing::USER_AGENT;
use crate::base::time::UnixMillis;
use crate::jwt::signing::ClaimValue;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::{AnswerFault, IssuedToken};

/// GitHub refuses a request without `User-Agent`.
const HEADERS: RequestHeaders = RequestHeaders {
    fixed: &[
        ("accept", "application/vnd.github+json"),
        USER_AGENT,
        ("content-type", "application/json"),
        ("x-github-api-version", "2022-11-28"),
    ],
    request_id: "x-request-id",
};

/// An installation of an app, and what its tokens are narrowed to.
#[derive(Debug)]
pub struct GitHub {
    /// The URL that makes tokens. It has the API and the installation.
    endpoint: String,
    /// The body of the request, as JSON: repositories and permissions, or neither.
    body: String,
    /// Names of members beside the token that callers get as well.
    response_fields: Vec<String>,
}

impl Kind for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn realm(&self) -> &str {
        &self.endpoint
    }

    fn key_fields(&self) -> Vec<String> {
        let mut fields = vec![self.endpoint.clone(), self.body.clone()];
        fields.extend_from_slice(&self.response_fields);
        fields
    }

    fn needs_scope(&self) -> bool {
        false
    }

    fn takes_scope(&self) -> bool {
        false
    }

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::Url(&self.endpoint)
    }

    fn assertion(&self, order: &Order<'_>) -> AssertionClaims {
        let issuer = ClaimValue::Text(order.client_id.to_owned().into());
        AssertionClaims {
            claims: vec![("iss".into(), issuer)],
            lifetime: CLIENT_ASSERTION_LIFETIME,
        }
    }

    fn request(&self, _: &Order<'_>, presented: &Presented<'_>) -> RequestDraft {
        RequestDraft {
            headers: HEADERS,
            authorization: Some(Zeroizing::new(["Bearer ", presented.text()].concat())),
            body: Zeroizing::new(self.body.clone()),
        }
    }

    fn token(&self, _: u16, body: &[u8], now: UnixMillis) -> Result<IssuedToken, AnswerFault> {
        token::parse(body, &self.response_fields, now)
    }

    fn meaning(&self, status: u16, response: &ErrorResponse) -> Option<Meaning> {
        refusals::meaning(status, response)
    }

    fn advice(&self, status: u16, response: &ErrorResponse) -> Cow<'static, str> {
        refusals::advice(status, response).into()
    }
}
