//! Token requests to the authorization server.

mod attempts;
mod not_understood;
mod rate_limit;
mod refusals;
mod rounds;
