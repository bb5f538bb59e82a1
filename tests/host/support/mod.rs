//! What the tests share: a world made of simulated ports.

pub(crate) mod apis;
pub(crate) mod assertions;
pub(crate) mod bindings;
pub(crate) mod clock;
pub(crate) mod config;
pub(crate) mod driven;
pub(crate) mod endpoint;
pub(crate) mod federated;
pub(crate) mod flight;
pub(crate) mod issuer;
pub(crate) mod jwt;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod platform;
pub(crate) mod ports;
pub(crate) mod registry;
pub(crate) mod sent;
pub(crate) mod signer;
pub(crate) mod store;
pub(crate) mod stored;
#[path = "../../simulation/time.rs"]
#[expect(dead_code, reason = "the simulation uses all of it")]
pub(crate) mod time;
pub(crate) mod tokens;
pub(crate) mod world;
