//! The HTTP interface without the platform: requests in, replies out, all of it plain values.

mod address;
mod cors;
pub mod error;
pub mod exchange;
pub mod form;
pub mod isolate;
pub mod ports;
pub mod reply;
pub mod revoke;
pub mod route;
pub mod token;
