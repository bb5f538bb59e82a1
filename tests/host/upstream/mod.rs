//! Token requests to the authorization server.

mod attempts;
mod certificates;
mod longest_flight;
mod not_understood;
mod refusals;
mod rounds;
mod secrets;
mod secrets_down;
