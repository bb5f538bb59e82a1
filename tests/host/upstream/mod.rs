//! Token requests to the authorization server.

mod attempts;
mod certificates;
mod github;
mod github_expiry;
mod github_settings;
mod google;
mod longest_flight;
mod not_understood;
mod rate_limit;
mod refusals;
mod rounds;
