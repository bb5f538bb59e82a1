//! The core on the host: pure policy, wire types, stored formats, and the broker over simulated
//! ports in simulated time. What needs the platform is tested in `tests/workerd`.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is its job"
)]

mod support;

mod architecture;
mod callers;
mod config;
mod coordinator;
mod errors;
mod explain;
mod freshness;
mod log;
mod memory;
mod replies;
mod revocation;
mod scenarios;
mod secret;
mod sorted;
mod stored_format;
mod upstream;
mod wire_requests;
mod wire_responses;
