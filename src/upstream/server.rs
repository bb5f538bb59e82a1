//! What a kind of authorization server is: its token endpoint, its request, its response, and the
//! fields that tell its tokens from those of another server.
//!
//! Another kind is a folder beside `entra/`, which implements [`Kind`], and a line in
//! [`super::kinds`].

use std::borrow::Cow;
use std::fmt;

use zeroize::Zeroizing;

use super::answer::Meaning;
use super::exchange::RequestHeaders;
use crate::base::time::{Millis, UnixMillis};
use crate::jwt::signing::ClaimValue;
use crate::oauth::error_response::ErrorResponse;
use crate::oauth::scope::ScopeSet;
use crate::oauth::token_response::{AnswerFault, IssuedToken, ResponseRules};

/// One authorization server, as a kind of server sees it.
pub trait Kind {
    /// The kind's name, such as `entra`. It is part of the token key.
    fn name(&self) -> &'static str;

    /// The server in words for an operator, such as a tenant or an issuer.
    fn realm(&self) -> &str;

    /// The fields that tell its tokens from those of another server of the kind.
    fn key_fields(&self) -> Vec<String>;

    /// Whether `text` in the path of a token request means this server.
    fn is_called(&self, _text: &str) -> bool {
        false
    }

    /// Whether a token request has to name a scope.
    fn needs_scope(&self) -> bool {
        true
    }

    /// Whether a scope means anything to it. Else a grant that has one is a fault.
    fn takes_scope(&self) -> bool {
        true
    }

    /// Whether its tokens may have the client capability.
    fn takes_capability(&self) -> bool {
        false
    }

    /// Where token requests go.
    fn endpoint(&self) -> Endpoint<'_>;

    /// The claims of the JWT by which the broker proves its identity with a private key.
    fn assertion(&self, order: &Order<'_>) -> AssertionClaims;

    /// The token request.
    fn request(&self, order: &Order<'_>, presented: &Presented<'_>) -> RequestDraft;

    /// The token in an answer that came `_now`, and is no error by its status.
    ///
    /// # Errors
    /// The body has no token.
    fn token(
        &self,
        _status: u16,
        body: &[u8],
        _now: UnixMillis,
    ) -> Result<IssuedToken, AnswerFault> {
        IssuedToken::parse(body, &ResponseRules::USUAL)
    }

    /// Whether the numbers in its error responses are Entra's (AADSTS).
    fn has_numbers(&self) -> bool {
        false
    }

    /// What an error response means, of which nothing may be there but the status. `None` if only the
    /// status says it.
    fn meaning(&self, status: u16, response: &ErrorResponse) -> Option<Meaning>;

    /// What an operator must do after a refusal, in the characters of RFC 6749 §5.2.
    fn advice(&self, status: u16, response: &ErrorResponse) -> Cow<'static, str>;
}

// Not by `Kind: Debug`, which would keep the code of `Debug` for each kind.
impl fmt::Debug for dyn Kind + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where token requests go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Endpoint<'a> {
    /// To this URL.
    Url(&'a str),
    /// To the token endpoint in the metadata of this issuer (RFC 8414, `OpenID` Connect Discovery).
    OfIssuer(&'a str),
    /// To that of the authorization server of this resource (RFC 9728).
    OfResource(&'a str),
}

/// What is requested, and where.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The URL of the token endpoint.
    pub endpoint: &'a str,
    /// The application's id.
    pub client_id: &'a str,
    /// The scope.
    pub scope: &'a ScopeSet,
    /// `claims`, as JSON.
    pub claims: Option<&'a str>,
    /// Fixed parameters of the request, by name.
    pub parameters: &'a [(String, String)],
}

/// The broker's proof, as it goes into a request.
#[derive(Clone, Copy)]
pub enum Presented<'a> {
    /// A client secret.
    Secret(&'a str),
    /// A signed JWT.
    Assertion(&'a str),
}

/// The claims of a JWT that the broker signs (RFC 7523 §3). `iat`, `nbf`, `exp` and `jti` follow from
/// the time and from randomness.
#[derive(Clone, Debug, Default)]
pub struct AssertionClaims {
    /// Claims by name.
    pub claims: Vec<(Cow<'static, str>, ClaimValue<'static>)>,
    /// From `iat` to `exp`.
    pub lifetime: Millis,
}

/// A token request without its URL.
pub struct RequestDraft {
    /// The fixed headers.
    pub headers: RequestHeaders,
    /// `Authorization`.
    pub authorization: Option<Zeroizing<String>>,
    /// The body. It may hold the secret.
    pub body: Zeroizing<String>,
}

/// An advice behind the words of `server`, of which only it knows the cause.
#[must_use]
pub fn words_and_advice(server: &str, response: &ErrorResponse, advice: &str) -> String {
    let words = response.description.as_ref().unwrap_or(&response.error);
    if words.is_empty() {
        return advice.to_owned();
    }
    [server, " says: ", words.trim_end_matches('.'), "; ", advice].concat()
}
