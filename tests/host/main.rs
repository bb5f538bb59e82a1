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

#[path = "../oracles/mod.rs"]
#[expect(clippy::indexing_slicing, unreachable_pub, reason = "tests, which the fuzz targets share")]
mod oracles;
mod support;

mod architecture;
mod base;
mod callers;
mod config;
mod explain;
mod explain_apis;
mod explain_json;
mod http;
mod log;
mod numbers;
mod oauth;
mod oauth_servers;
mod signing;
mod tokens;
mod upstream;
