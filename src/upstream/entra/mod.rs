//! Microsoft Entra ID: where a tenant's token endpoint is, what is sent there, and what its
//! answers and AADSTS numbers mean.

pub mod aadsts;
pub mod answer;
pub mod authority;
pub mod request;
