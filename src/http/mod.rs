//! The HTTP interface without the platform: a request comes in and a reply goes out, both as plain
//! values. [`exchange`] has the order of all steps.

mod address;
pub mod call;
mod cors;
pub mod error;
pub mod exchange;
pub mod fields;
pub mod form;
pub mod isolate;
pub mod managed_identity;
mod metadata;
pub mod ports;
pub mod proxy;
pub mod reply;
pub mod revoke;
pub mod route;
pub mod token;
