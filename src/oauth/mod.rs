//! The wire types of OAuth 2.0 (RFC 6749, RFC 6750). Input is parsed into types that cannot be
//! invalid, and an upstream body goes no further than this module.

pub mod challenge;
pub mod claims;
pub mod error_response;
pub mod response_fields;
pub mod scope;
pub mod token_response;
