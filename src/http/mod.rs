//! The HTTP interface without the platform: requests in, replies out, all of it plain values.

pub mod error;
pub mod form;
pub mod reply;
pub mod revoke;
pub mod route;
pub mod token;
