//! Token requests to the authorization server.

mod attempts;
