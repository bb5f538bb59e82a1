//! The configuration: what is accepted, and which fault names which field.

mod api_grants;
mod apis;
mod clients;
mod credentials;
mod default_credential;
mod examples;
mod federated;
mod issuers;
mod origins;
mod own_keys;
mod pins;
mod whole;
