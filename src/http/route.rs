//! Finds the route of a request.

use crate::base::origin::scheme_and_rest;
use crate::upstream::federation::documents::{KEYS_PATH, METADATA_PATH};

/// A route of the broker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route<'a> {
    /// `GET /token`, and `HEAD`.
    Token,
    /// `POST /oauth2/v2.0/token`, also with a segment in front that picks a credential.
    TokenEndpoint {
        /// A credential's name, or a tenant id or domain.
        credential: Option<&'a str>,
    },
    /// `GET /msi/token`, and `HEAD`.
    ManagedIdentity,
    /// `POST /revoke`.
    Revoke,
    /// `GET /healthz`, and `HEAD`.
    Health,
    /// `GET /readyz`, and `HEAD`.
    Ready,
    /// `GET /.well-known/openid-configuration`, and `HEAD`.
    Metadata,
    /// `GET /.well-known/jwks.json`, and `HEAD`.
    PublicKeys,
    /// A known path with another method.
    MethodNotAllowed {
        /// The value of `Allow` (RFC 9110 §10.2.1).
        allow: &'static str,
        /// Whether the method that the path has takes a proof.
        takes_proof: bool,
    },
    /// Any other path.
    NotFound,
}

/// `HEAD` is served wherever `GET` is, and in the same way (RFC 9110 §9.3.2). The platform leaves the
/// body out.
const GET: &str = "GET, HEAD";
const POST: &str = "POST";

const TOKEN_ENDPOINT: &str = "/oauth2/v2.0/token";

impl<'a> Route<'a> {
    /// The route of `method` and `path`.
    #[must_use]
    pub fn new(method: &str, path: &'a str) -> Self {
        let (route, allow) = match path {
            "/token" => (Self::Token, GET),
            "/msi/token" => (Self::ManagedIdentity, GET),
            "/revoke" => (Self::Revoke, POST),
            "/healthz" => (Self::Health, GET),
            "/readyz" => (Self::Ready, GET),
            METADATA_PATH => (Self::Metadata, GET),
            KEYS_PATH => (Self::PublicKeys, GET),
            _ => match path.strip_suffix(TOKEN_ENDPOINT) {
                Some("") => (Self::TokenEndpoint { credential: None }, POST),
                Some(rest) => match rest.strip_prefix('/') {
                    Some(name) if !name.is_empty() && !name.contains('/') => {
                        (Self::TokenEndpoint { credential: Some(name) }, POST)
                    }
                    _ => return Self::NotFound,
                },
                None => return Self::NotFound,
            },
        };
        let allowed = allow.split(',').any(|allowed| allowed.trim_start() == method);
        let takes_proof = route.takes_proof();
        if allowed { route } else { Self::MethodNotAllowed { allow, takes_proof } }
    }

    /// Whether requests for this path bring a proof.
    #[must_use]
    pub const fn takes_proof(&self) -> bool {
        match self {
            Self::Token | Self::TokenEndpoint { .. } | Self::ManagedIdentity | Self::Revoke => true,
            Self::MethodNotAllowed { takes_proof, .. } => *takes_proof,
            Self::Health | Self::Ready | Self::Metadata | Self::PublicKeys | Self::NotFound => {
                false
            }
        }
    }

    /// The route's name in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::TokenEndpoint { .. } => "token_endpoint",
            Self::ManagedIdentity => "msi_token",
            Self::Revoke => "revoke",
            Self::Health => "healthz",
            Self::Ready => "readyz",
            Self::Metadata => "metadata",
            Self::PublicKeys => "jwks",
            Self::MethodNotAllowed { .. } | Self::NotFound => "other",
        }
    }
}

/// Path and query of an absolute URL. The platform has normalised it (WHATWG URL).
#[must_use]
pub fn path_and_query(url: &str) -> (&str, &str) {
    let after_scheme = scheme_and_rest(url).map_or(url, |(_, rest)| rest);
    let target = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    let target = target.split_once('#').map_or(target, |(target, _)| target);
    target.split_once('?').unwrap_or((target, ""))
}
