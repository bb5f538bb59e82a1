//! What a kind of authorization server is: its token endpoint, its request, its response, and the
//! fields that tell its tokens from those of another server.
//!
//! Another kind is a folder beside `entra/` and a variant of [`Server`].

use std::borrow::Cow;

use zeroize::Zeroizing;

use super::attempt::AttemptFailure;
use super::entra::{self, Entra};
use super::exchange::{EndpointResponse, RequestHeaders};
use crate::base::secret::ClientSecret;
use crate::base::time::UnixMillis;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::scope::ScopeSet;
use crate::oauth::token_response::IssuedToken;

/// An authorization server.
#[derive(Debug)]
pub enum Server {
    /// A tenant of Microsoft Entra ID.
    Entra(Entra),
}

impl Server {
    /// The URL of the token endpoint (RFC 6749 §3.2).
    #[must_use]
    pub fn token_endpoint(&self) -> &str {
        match self {
            Self::Entra(entra) => entra.token_endpoint(),
        }
    }

    /// The headers of every token request.
    #[must_use]
    pub const fn headers(&self) -> RequestHeaders {
        match self {
            Self::Entra(_) => entra::request::HEADERS,
        }
    }

    /// The body of a token request. It holds the secret.
    #[must_use]
    pub fn body(
        &self,
        client_id: &str,
        secret: &ClientSecret,
        scope: &ScopeSet,
        claims: Option<&str>,
    ) -> Zeroizing<String> {
        match self {
            Self::Entra(_) => entra::request::body(client_id, secret, scope, claims),
        }
    }

    /// The token in a response of the token endpoint. `now` is for a `Retry-After` that is a date.
    ///
    /// # Errors
    /// [`AttemptFailure`] for anything but a token.
    pub fn interpret(
        &self,
        response: &EndpointResponse,
        now: UnixMillis,
    ) -> Result<IssuedToken, AttemptFailure> {
        match self {
            Self::Entra(_) => entra::answer::interpret(response, now),
        }
    }

    /// The realm in the configuration: the tenant.
    #[must_use]
    pub fn realm(&self) -> &str {
        match self {
            Self::Entra(entra) => entra.tenant().as_str(),
        }
    }

    /// Whether `text` in the path of a token request means this server.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        match self {
            Self::Entra(entra) => entra.tenant().is(text),
        }
    }

    /// The fields that are part of the token key, so that two servers never share a token.
    #[must_use]
    pub fn key_fields(&self) -> [String; 2] {
        match self {
            Self::Entra(entra) => entra.key_fields(),
        }
    }
}

/// What an operator must do after a refusal, in the characters of RFC 6749 §5.2.
#[must_use]
pub fn advice(refusal: &ErrorResponse) -> Cow<'static, str> {
    entra::aadsts::advice(refusal)
}

/// An error number of the authorization server, and where it is explained.
#[must_use]
pub fn look_up(number: u32) -> String {
    entra::aadsts::look_up(number)
}
