//! Finds the route of a request.

use crate::base::base_path::BasePath;
use crate::base::origin::{is_path_safe, scheme_and_rest};

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
    /// `GET /oauth2/v2.0/authorize`, and `HEAD`, also with a segment in front.
    Authorize,
    /// `POST /revoke`.
    Revoke,
    /// `GET /healthz`, and `HEAD`.
    Health,
    /// `GET /readyz`, and `HEAD`.
    Ready,
    /// `GET` of the metadata of an issuer, and `HEAD`.
    Metadata {
        /// `/{tenant}` as the caller wrote it, or nothing.
        tenant: &'a str,
        /// What follows the tenant in the issuer: `/v2.0`, or nothing.
        version: &'a str,
    },
    /// `GET /.well-known/jwks.json`, and `HEAD`.
    PublicKeys,
    /// `/api/{name}` and everything below it, by any method.
    Api {
        /// The name of the API, as the caller wrote it.
        name: &'a str,
        /// What follows the name: nothing, or a path.
        path: &'a str,
    },
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

/// The token endpoint, behind a tenant or nothing.
pub(super) const TOKEN_ENDPOINT: &str = "/oauth2/v2.0/token";
/// The authorization endpoint, behind a tenant or nothing.
pub(super) const AUTHORIZATION_ENDPOINT: &str = "/oauth2/v2.0/authorize";
/// What is in front of the name of an API.
const APIS: &str = "/api/";
/// Where a rejected token is reported.
pub(super) const REVOCATION_ENDPOINT: &str = "/revoke";
/// The public keys of the broker's own issuer.
pub(super) const PUBLIC_KEYS: &str = "/.well-known/jwks.json";

/// The path of metadata behind the path of the issuer (`OpenID` Connect Discovery 1.0 §4).
const OPENID_METADATA: &str = "/.well-known/openid-configuration";
/// The path of metadata in front of the path of the issuer (RFC 8414 §3.1).
const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
/// The version in issuers of Entra. The documents of both versions have the same endpoints.
const VERSION: &str = "/v2.0";

impl<'a> Route<'a> {
    /// The route of `method` and `path` of a broker that answers below `base`.
    #[must_use]
    pub fn below(base: &BasePath, method: &str, path: &'a str) -> Self {
        match base.strip(path) {
            Some(path) => Self::new(method, path),
            None => Self::inserted(base, path)
                .map_or(Self::NotFound, |route| route.allowing(method, GET)),
        }
    }

    /// The metadata of an issuer with a path are in front of it (RFC 8414 §3.1), and so not below `base`.
    fn inserted(base: &BasePath, path: &'a str) -> Option<Self> {
        Self::of_issuer(base.strip(path.strip_prefix(OAUTH_METADATA)?)?)
    }

    /// The route of `method` and `path`.
    #[must_use]
    pub fn new(method: &str, path: &'a str) -> Self {
        let (route, allow) = match path {
            "/token" => (Self::Token, GET),
            "/msi/token" => (Self::ManagedIdentity, GET),
            REVOCATION_ENDPOINT => (Self::Revoke, POST),
            "/healthz" => (Self::Health, GET),
            "/readyz" => (Self::Ready, GET),
            PUBLIC_KEYS => (Self::PublicKeys, GET),
            // A credential may be called `api`.
            _ => match Self::of_tenant(path) {
                Some(found) => found,
                None => return Self::of_api(path).unwrap_or(Self::NotFound),
            },
        };
        route.allowing(method, allow)
    }

    /// This route, if it has the method.
    fn allowing(self, method: &str, allow: &'static str) -> Self {
        let allowed = allow.split(',').any(|allowed| allowed.trim_start() == method);
        let takes_proof = self.takes_proof();
        if allowed { self } else { Self::MethodNotAllowed { allow, takes_proof } }
    }

    /// The route of an API. Whether the API exists does not count.
    fn of_api(path: &'a str) -> Option<Self> {
        let behind = path.strip_prefix(APIS)?;
        let (name, path) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
        (!name.is_empty()).then_some(Self::Api { name, path })
    }

    /// A route that is there for each tenant, and without one. Whether the tenant exists does not count.
    fn of_tenant(path: &'a str) -> Option<(Self, &'static str)> {
        let (tenant, route, allow) = if let Some(tenant) = path.strip_suffix(TOKEN_ENDPOINT) {
            (tenant, Self::TokenEndpoint { credential: tenant.strip_prefix('/') }, POST)
        } else if let Some(tenant) = path.strip_suffix(AUTHORIZATION_ENDPOINT) {
            (tenant, Self::Authorize, GET)
        } else {
            let behind = path.strip_suffix(OPENID_METADATA);
            let issuer = behind.or_else(|| path.strip_prefix(OAUTH_METADATA))?;
            return Some((Self::of_issuer(issuer)?, GET));
        };
        is_tenant(tenant).then_some((route, allow))
    }

    /// The metadata of the issuer with this path.
    fn of_issuer(issuer: &'a str) -> Option<Self> {
        let (tenant, version) = match issuer.strip_suffix(VERSION) {
            Some(tenant) if !tenant.is_empty() => (tenant, VERSION),
            _ => (issuer, ""),
        };
        is_tenant(tenant).then_some(Self::Metadata { tenant, version })
    }

    /// Whether requests for this path bring a proof.
    #[must_use]
    pub const fn takes_proof(&self) -> bool {
        match self {
            Self::Token
            | Self::TokenEndpoint { .. }
            | Self::ManagedIdentity
            | Self::Revoke
            | Self::Api { .. } => true,
            Self::MethodNotAllowed { takes_proof, .. } => *takes_proof,
            Self::Authorize
            | Self::Health
            | Self::Ready
            | Self::Metadata { .. }
            | Self::PublicKeys
            | Self::NotFound => false,
        }
    }

    /// The route's name in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::TokenEndpoint { .. } => "token_endpoint",
            Self::ManagedIdentity => "msi_token",
            Self::Authorize => "authorize",
            Self::Revoke => "revoke",
            Self::Health => "healthz",
            Self::Ready => "readyz",
            Self::Metadata { .. } => "metadata",
            Self::PublicKeys => "jwks",
            Self::Api { .. } => "api",
            Self::MethodNotAllowed { .. } | Self::NotFound => "other",
        }
    }
}

/// Whether `text` is `/{tenant}`, or nothing.
fn is_tenant(text: &str) -> bool {
    text.is_empty() || text.strip_prefix('/').is_some_and(is_path_safe)
}

/// Path and query of an absolute URL. The platform has normalised it (WHATWG URL).
#[must_use]
pub fn path_and_query(url: &str) -> (&str, &str) {
    let after_scheme = scheme_and_rest(url).map_or(url, |(_, rest)| rest);
    let target = after_scheme.find('/').and_then(|at| after_scheme.get(at..)).unwrap_or("/");
    let target = target.split_once('#').map_or(target, |(target, _)| target);
    target.split_once('?').unwrap_or((target, ""))
}
