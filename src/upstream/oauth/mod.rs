//! Any OAuth 2.0 server: client credentials (RFC 6749 §4.4), or the assertion grant (RFC 7523 §2.1).

pub mod proofs;
pub mod refusals;
pub mod request;
pub mod settings;

use std::borrow::Cow;

use super::answer::Meaning;
use super::assertion;
use super::server::{AssertionClaims, Endpoint, Kind, Order, Presented, RequestDraft};
use crate::base::limits::BEARER_ASSERTION_LIFETIME;
use crate::base::time::UnixMillis;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::signing::{Assertion, ClaimValue};
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::token_response::{AnswerFault, IssuedToken, ResponseRules};

/// An authorization server, and how the broker speaks to it.
#[derive(Debug)]
pub struct OAuth {
    /// The field that says which server it is: `issuer`, `resource` or `token_endpoint`.
    field: &'static str,
    /// Its value.
    url: String,
    grant: Grant,
    /// Whether client id and secret go into the header (`client_secret_basic`).
    in_header: bool,
    /// `aud` of assertions. Without it, they are for the token endpoint.
    audience: Option<String>,
    rules: ResponseRules,
}

/// How the token is asked for.
#[derive(Debug)]
enum Grant {
    ClientCredentials,
    /// With an assertion that has these claims, beside those that follow from the rest.
    JwtBearer(Claims),
}

/// Claims by name.
type Claims = Vec<(String, ClaimValue<'static>)>;

impl Kind for OAuth {
    fn name(&self) -> &'static str {
        "oauth"
    }

    fn realm(&self) -> &str {
        &self.url
    }

    fn key_fields(&self) -> Vec<String> {
        let lifetime = self.rules.default_expires_in.map_or(0, |lifetime| lifetime.0);
        let mut claims = String::new();
        if let Grant::JwtBearer(own) = &self.grant {
            let all = own.iter().map(|(name, value)| (name.as_str().into(), value.clone()));
            let (algorithm, header) = (Algorithm::Rs256, None);
            // As they would be signed: each list of claims has another text.
            claims = Assertion { algorithm, header, claims: all.collect() }.signing_input();
        }
        let mut fields =
            vec![self.field.to_owned(), self.url.clone(), lifetime.to_string(), claims];
        fields.extend_from_slice(&self.rules.response_fields);
        fields
    }

    fn needs_scope(&self) -> bool {
        false
    }

    fn endpoint(&self) -> Endpoint<'_> {
        match self.field {
            "issuer" => Endpoint::OfIssuer(&self.url),
            "resource" => Endpoint::OfResource(&self.url),
            _ => Endpoint::Url(&self.url),
        }
    }

    fn assertion(&self, order: &Order<'_>) -> AssertionClaims {
        let audience = self.audience.as_deref().unwrap_or(order.endpoint);
        let mut assertion = assertion::of_client(order, audience);
        if let Grant::JwtBearer(own) = &self.grant {
            assertion.lifetime = BEARER_ASSERTION_LIFETIME;
            assertion.claims.retain(|(name, _)| own.iter().all(|(other, _)| other != name));
            let own = own.iter().map(|(name, value)| (name.clone().into(), value.clone()));
            assertion.claims.extend(own);
        }
        assertion
    }

    fn request(&self, order: &Order<'_>, presented: &Presented<'_>) -> RequestDraft {
        match self.grant {
            Grant::ClientCredentials => {
                request::client_credentials(order, presented, self.in_header)
            }
            Grant::JwtBearer(_) => request::jwt_bearer(order, presented),
        }
    }

    fn token(&self, status: u16, body: &[u8], _: UnixMillis) -> Result<IssuedToken, AnswerFault> {
        match status {
            200 => IssuedToken::parse(body, &self.rules),
            status => Err(AnswerFault::UnexpectedStatus(status)),
        }
    }

    fn meaning(&self, status: u16, response: &ErrorResponse) -> Option<Meaning> {
        refusals::meaning(status, response, matches!(self.grant, Grant::JwtBearer(_)))
    }

    fn advice(&self, _: u16, response: &ErrorResponse) -> Cow<'static, str> {
        refusals::advice(response).into()
    }
}
