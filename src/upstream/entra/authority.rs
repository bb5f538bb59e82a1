//! The authority host and the tenant, and the token endpoint that they make.

use crate::base::origin::{host_of, is_loopback, is_name};

/// Entra's public cloud.
pub const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// The origin of the authorization server: scheme, host, port. No path, no user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuthorityHost(String);

/// Why a text is no authority host.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AuthorityFault {
    /// Not `https://host` or `https://host:port`.
    #[error("must be https://host or https://host:port, with nothing behind")]
    NotAnOrigin,
    /// The secret would travel in the clear.
    #[error("http is allowed for loopback hosts only, use https")]
    InsecureHttp,
}

impl AuthorityHost {
    /// Parses an origin; one `/` at the end is tolerated.
    ///
    /// # Errors
    /// [`AuthorityFault`].
    pub fn parse(text: &str) -> Result<Self, AuthorityFault> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").ok_or(AuthorityFault::NotAnOrigin)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let host = host_of(rest).ok_or(AuthorityFault::NotAnOrigin)?;
        match scheme {
            "https" => Ok(Self(format!("https://{rest}"))),
            "http" if is_loopback(host) => Ok(Self(format!("http://{rest}"))),
            "http" => Err(AuthorityFault::InsecureHttp),
            _ => Err(AuthorityFault::NotAnOrigin),
        }
    }

    /// The origin's text, without a `/` at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tenant: its id (a GUID) or one of its domains.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tenant(String);

/// Why a text is no tenant.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TenantFault {
    /// Not the characters of a GUID or domain.
    #[error("must be a tenant id or a domain")]
    NotATenant,
    /// These stand for any tenant; the client credentials grant needs a certain one.
    #[error("must be one certain tenant, not common, organizations or consumers")]
    AnyTenant,
}

impl Tenant {
    /// Parses a tenant id or domain.
    ///
    /// # Errors
    /// [`TenantFault`].
    pub fn parse(text: &str) -> Result<Self, TenantFault> {
        if !is_name(text) {
            return Err(TenantFault::NotATenant);
        }
        if ["common", "organizations", "consumers"].iter().any(|any| text.eq_ignore_ascii_case(any))
        {
            return Err(TenantFault::AnyTenant);
        }
        Ok(Self(text.to_owned()))
    }

    /// The tenant as configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` names this tenant; ids and domains do not depend on case.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text)
    }
}

/// The v2.0 token endpoint of `tenant` at `host`.
#[must_use]
pub fn token_endpoint(host: &AuthorityHost, tenant: &Tenant) -> String {
    format!("{}/{}/oauth2/v2.0/token", host.as_str(), tenant.as_str())
}
