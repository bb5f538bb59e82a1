//! Microsoft Entra ID: its token endpoints, its token request, and the meaning of its responses and
//! AADSTS numbers.

pub mod aadsts;
pub mod authority;
pub mod request;
pub mod settings;

use std::borrow::Cow;

use authority::Tenant;

use super::answer::Meaning;
use super::assertion;
use super::server::{AssertionClaims, Endpoint, Kind, Order, Presented, RequestDraft};
use crate::base::origin::Origin;
use crate::oauth::error_response::ErrorResponse;

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
}

impl Kind for Entra {
    fn name(&self) -> &'static str {
        "entra"
    }

    fn realm(&self) -> &str {
        self.tenant.as_str()
    }

    /// Ids and domains of tenants do not depend on case.
    fn key_fields(&self) -> Vec<String> {
        vec![self.authority.as_str().to_owned(), self.tenant.as_str().to_ascii_lowercase()]
    }

    fn is_called(&self, text: &str) -> bool {
        self.tenant.is(text)
    }

    fn takes_capability(&self) -> bool {
        true
    }

    fn endpoint(&self) -> Endpoint<'_> {
        Endpoint::Url(&self.token_endpoint)
    }

    fn assertion(&self, order: &Order<'_>) -> AssertionClaims {
        assertion::of_client(order, order.endpoint)
    }

    fn request(&self, order: &Order<'_>, presented: &Presented<'_>) -> RequestDraft {
        request::draft(order, presented)
    }

    fn has_numbers(&self) -> bool {
        true
    }

    fn meaning(&self, status: u16, response: &ErrorResponse) -> Option<Meaning> {
        aadsts::meaning(status, response)
    }

    fn advice(&self, _: u16, response: &ErrorResponse) -> Cow<'static, str> {
        aadsts::advice(response)
    }
}
