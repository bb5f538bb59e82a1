//! Google, for service accounts: the whole request is in a JWT that the account's key signs (RFC 7523 §2.1).

pub mod advice;
pub mod key_file;
pub mod settings;

use std::borrow::Cow;

use super::answer::Meaning;
use super::form::SecretForm;
use super::oauth::refusals::meaning;
use super::oauth::request::{HEADERS, JWT_BEARER};
use super::server::{AssertionClaims, Endpoint, Kind, Order, Presented, RequestDraft};
use crate::base::limits::CLIENT_ASSERTION_LIFETIME;
use crate::jwt::signing::ClaimValue;
use crate::oauth::error_response::ErrorResponse;

/// The token endpoint that the key file names.
#[derive(Debug)]
pub struct Google {
    token_uri: String,
    /// The user for whom the service account acts, by domain-wide delegation.
    subject: Option<String>,
}

impl Kind for Google {
    fn name(&self) -> &'static str {
        "google"
    }

    fn realm(&self) -> &str {
        &self.token_uri
    }

    fn key_fields(&self) -> Vec<String> {
        vec![self.token_uri.clone(), self.subject.clone().unwrap_or_default()]
    }

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::Url(&self.token_uri)
    }

    fn assertion(&self, order: &Order<'_>) -> AssertionClaims {
        let mut claims = Vec::with_capacity(4);
        let mut add = |name: &'static str, text: &str| {
            claims.push((name.into(), ClaimValue::Text(text.to_owned().into())));
        };
        add("iss", order.client_id);
        add("aud", order.endpoint);
        add("scope", order.scope.as_str());
        if let Some(subject) = &self.subject {
            add("sub", subject);
        }
        AssertionClaims { claims, lifetime: CLIENT_ASSERTION_LIFETIME }
    }

    fn request(&self, _: &Order<'_>, presented: &Presented<'_>) -> RequestDraft {
        let assertion = presented.text();
        let mut form = SecretForm::with_room_for(&[assertion]);
        form.add("grant_type", JWT_BEARER);
        form.add("assertion", assertion);
        RequestDraft { headers: HEADERS, authorization: None, body: form.finish() }
    }

    fn meaning(&self, status: u16, response: &ErrorResponse) -> Option<Meaning> {
        meaning(status, response, true)
    }

    fn advice(&self, _: u16, response: &ErrorResponse) -> Cow<'static, str> {
        advice::advice(response, self.subject.is_some()).into()
    }
}
