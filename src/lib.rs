//! edge-token-broker: see `README.md`.
#[cfg(target_arch = "wasm32")]
pub mod adapters;
