//! A token's life. It is fetched once for all callers, kept in tiers, renewed before it expires,
//! and replaced if an API rejects it.

mod alone;
pub mod broker;
pub mod cache_status;
pub mod challenge;
pub mod coordinator;
mod failing;
pub mod fetch;
pub mod forced;
pub mod memory;
pub mod min_ttl;
pub mod ports;
pub mod record;
pub mod renewal;
pub mod revocation;
pub mod search;
pub mod shared_tier;
pub mod token;
pub mod under_way;
