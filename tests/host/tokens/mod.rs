//! A token's life: freshness, tiers, the coordinator, rejected tokens.

mod challenges;
mod coordinator;
mod coordinator_flight;
mod coordinator_interleavings;
mod freshness;
mod memory;
mod revocation;
mod revocation_search;
mod scenarios;
mod stored_format;
mod stored_scope;
