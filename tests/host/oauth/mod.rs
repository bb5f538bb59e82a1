//! The wire types of OAuth 2.0.

mod error_response;
mod scope;
mod token_response;
