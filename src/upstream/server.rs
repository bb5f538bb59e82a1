//! What a kind of authorization server is: where its token endpoint is, what it is sent, what it
//! answers, and what makes its tokens different from another's.
//!
//! Another kind is a folder beside `entra/` and a variant of [`Server`].

use zeroize::Zeroizing;

use super::attempt::AttemptFailure;
use super::entra::{self, Entra};
use super::exchange::{EndpointResponse, RequestHeaders};
use crate::base::secret::ClientSecret;
use crate::base::time::UnixMillis;
use crate::oauth::claims::Claims;
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
        claims: Option<&Claims>,
    ) -> Zeroizing<String> {
        match self {
            Self::Entra(_) => entra::request::body(client_id, secret, scope, claims),
        }
    }

    /// What a response of the token endpoint means. `now` is for a `Retry-After` that is a date.
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

    /// The realm that the operator has configured: the tenant.
    #[must_use]
    pub fn realm(&self) -> &str {
        match self {
            Self::Entra(entra) => entra.tenant().as_str(),
        }
    }

    /// Whether a caller may name the server `text` in the path of a token request.
    #[must_use]
    pub fn is_called(&self, text: &str) -> bool {
        match self {
            Self::Entra(entra) => entra.tenant().is(text),
        }
    }

    /// The fields that enter the token key: tokens of two servers never share one.
    #[must_use]
    pub fn key_fields(&self) -> [String; 2] {
        match self {
            Self::Entra(entra) => entra.key_fields(),
        }
    }
}

/// What an operator has to do about a refusal, in the characters of RFC 6749 §5.2.
#[must_use]
pub fn advice(refusal: &ErrorResponse) -> &'static str {
    entra::aadsts::advice(refusal)
}
