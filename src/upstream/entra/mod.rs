//! Microsoft Entra ID: its token endpoints, its token request, and the meaning of its responses and
//! AADSTS numbers.

pub mod aadsts;
pub mod answer;
pub mod authority;
pub mod request;

use authority::Tenant;

use crate::base::origin::Origin;

/// A tenant at an authority host.
#[derive(Debug)]
pub struct Entra {
    authority: Origin,
    tenant: Tenant,
    token_endpoint: String,
}

impl Entra {
    /// `tenant` at `authority`.
    #[must_use]
    pub fn new(authority: Origin, tenant: Tenant) -> Self {
        let token_endpoint = authority::token_endpoint(&authority, &tenant);
        Self { authority, tenant, token_endpoint }
    }

    /// The v2.0 token endpoint.
    #[must_use]
    pub fn token_endpoint(&self) -> &str {
        &self.token_endpoint
    }

    /// The tenant.
    #[must_use]
    pub const fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Ids and domains of tenants do not depend on case.
    pub(super) fn key_fields(&self) -> [String; 2] {
        [self.authority.as_str().to_owned(), self.tenant.as_str().to_ascii_lowercase()]
    }
}
