//! Token requests to the authorization server.

mod attempts;
mod certificates;
mod federated;
mod federated_rotation;
mod github;
mod github_answers;
mod github_settings;
mod google;
mod longest_flight;
mod not_understood;
mod rate_limit;
mod refusals;
mod rounds;
mod secrets;
mod secrets_down;
