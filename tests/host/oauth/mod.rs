//! The wire types of OAuth 2.0.

mod absent;
mod challenge;
mod error_response;
mod error_shapes;
mod scope;
mod server_rules;
mod token_response;
