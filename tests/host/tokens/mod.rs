//! A token's life: freshness, tiers, the coordinator, rejected tokens.

mod alone;
mod challenges;
mod coordinator;
mod coordinator_failures;
mod coordinator_flight;
mod coordinator_interleavings;
mod coordinator_message;
mod coordinator_secrets;
mod fence;
mod freshness;
mod memory;
mod min_ttl;
mod renewal_spacing;
mod revocation;
mod revocation_search;
mod scenarios;
mod short_lived;
mod starving;
mod stored_errors;
mod stored_fields;
mod stored_format;
mod stored_scope;
mod stored_sizes;
