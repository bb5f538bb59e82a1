//! The tenant, and its token endpoint at an authority host.

use crate::base::origin::{Origin, is_path_safe};
use crate::settings::Reason;

/// Entra's public cloud.
pub const PUBLIC_CLOUD: &str = "https://login.microsoftonline.com";

/// A tenant: its id (a GUID) or one of its domains.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tenant(String);

impl Tenant {
    /// Parses a tenant id or domain.
    ///
    /// # Errors
    /// [`Reason::NotATenant`], [`Reason::AnyTenant`].
    pub fn parse(text: &str) -> Result<Self, Reason> {
        if !is_path_safe(text) {
            return Err(Reason::NotATenant);
        }
        if ["common", "organizations", "consumers"].iter().any(|any| text.eq_ignore_ascii_case(any))
        {
            return Err(Reason::AnyTenant);
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
pub fn token_endpoint(host: &Origin, tenant: &Tenant) -> String {
    format!("{}/{}/oauth2/v2.0/token", host.as_str(), tenant.as_str())
}
