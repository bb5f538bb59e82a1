//! A Cloudflare Worker that holds OAuth 2.0 client credentials and hands out access tokens, so that
//! its callers need no credential of their own at the authorization server.
//!
//! # The way of a request
//!
//! Each module below is a *room*. The list goes by rooms, and a number in brackets is a step in
//! [`http::exchange`]. `docs/architecture.md` walks one request through the steps.
//!
//! - `adapters` is the platform. `worker.mjs` takes a request apart, and `entry.rs` hands it to the
//!   core.
//! - [`http`] is the order of everything: it finds the route (1), reads what the request presents
//!   and wants (2), and counts rate limits (4).
//! - [`callers`] recognizes the caller (3), against the clients of [`config`] and of the registry
//!   in KV. [`jwt`] reads the JWTs that callers present.
//! - [`grants`] decides whether the client may have the token that it requests (5).
//! - [`tokens`] looks into isolate memory (6), reads KV (7), and calls the token's coordinator (8).
//! - [`upstream`] fetches a token from the authorization server, for the coordinator or in its
//!   place (8). `upstream/entra/` has the words of Microsoft Entra ID, and [`oauth`] those of the
//!   standard.
//! - [`http`] makes the reply with its CORS headers (9). [`error`] has every failure, by who must
//!   act.
//! - [`log`] has the line that each request leaves behind (10).
//! - [`settings`] is how [`config`] and the kinds of [`upstream`] read the operator's settings.
//! - [`base`] is what all rooms use: numbers, time, secrets, encodings, the ports of the platform.
//!
//! # The core and the platform
//!
//! Everything but `adapters` is the core. It takes time, randomness and I/O as arguments: a room
//! names what it needs from the platform in its `ports.rs`. The adapters implement these traits and
//! decide nothing. `adapters` and the crates that it needs exist for `wasm32` only, so the compiler
//! keeps the core free of them.
//!
//! # Where a change goes
//!
//! `docs/architecture.md` has a table under this title: for each kind of change, its files.

pub mod base;
pub mod callers;
pub mod config;
pub mod error;
pub mod grants;
pub mod http;
pub mod jwt;
pub mod log;
pub mod oauth;
pub mod settings;
pub mod tokens;
pub mod upstream;

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
pub mod adapters;
