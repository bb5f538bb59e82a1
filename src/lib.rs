//! A Cloudflare Worker that holds OAuth 2.0 client credentials so that nobody else has to.
//!
//! A request comes in through [`http`]: which route, who calls, what they ask for. The caller is
//! authenticated and the grant found in [`policy::access`], against the [`config`] that was parsed
//! once for the isolate. Then [`broker`] walks the tiers: the memory of the isolate, Workers KV
//! with sealed [`record`]s, and last the authorization server, which [`upstream`] asks in the
//! words of [`entra`] and [`oauth`]. Whether a token may still be served is up to
//! [`policy::freshness`] alone. What failed, and who must act, is an [`error`]; every request ends
//! as one line of the log, an [`event`].
//!
//! All of this is pure: time, randomness and I/O are arguments, named in [`ports`]. The platform
//! lives in `adapters`, which exists for `wasm32` only; so do the crates that it needs, and that
//! is how the compiler keeps everything else free of them.

pub mod base;
pub mod callers;
pub mod config;
pub mod error;
pub mod grants;
pub mod http;
pub mod jwt;
pub mod log;
pub mod oauth;
pub mod tokens;
pub mod upstream;

#[cfg(target_arch = "wasm32")]
pub mod adapters;
