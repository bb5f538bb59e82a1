//! The wire types of OAuth 2.0.

mod absent;
mod error_response;
mod scope;
mod token_response;
