//! Token requests to the authorization server.

mod attempts;
mod not_understood;
mod refusals;
mod rounds;
