//! Who calls: what is presented, JWTs and their issuers, the registry, used assertions.

mod jwt_absent;
mod jwt_attacks;
mod jwt_callers;
mod jwt_claims;
mod jwt_decoy;
mod jwt_issuer;
mod jwt_issuer_faults;
mod jwt_keys;
mod jwt_left_out;
mod jwt_memory;
mod jwt_new_keys;
mod jwt_pins;
mod jwt_stored_keys;
mod jwt_unfit;
mod ledger;
mod ledger_messages;
mod presented;
mod proofs;
mod registry;
mod registry_entry;
mod registry_faults;
