//! A token's life: obtained once for everybody, kept in tiers, renewed ahead of its expiry, replaced when it is rejected.

pub mod broker;
pub mod cache_status;
pub mod coordinator;
pub mod fetch;
pub mod memory;
pub mod ports;
pub mod record;
pub mod renewal;
pub mod revocation;
pub mod shared_tier;
pub mod token;
