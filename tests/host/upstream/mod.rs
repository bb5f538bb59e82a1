//! Token requests to the authorization server.

mod attempts;
mod certificates;
mod federated;
mod federated_rotation;
mod longest_flight;
mod not_understood;
mod refusals;
mod rounds;
