//! The HTTP interface as plain values: requests taken apart, replies, errors on the wire.

mod assertions;
mod assertions_ledger;
mod assertions_lost;
mod challenges;
mod claims;
mod documents;
mod errors;
mod exchange;
mod exchange_end;
mod exchange_issuers;
mod faults;
mod forms;
mod granted_scope;
mod head;
mod kept;
mod managed_identity;
mod managed_identity_errors;
mod pages;
mod plain_http;
mod preflight;
mod replies;
mod routes;
mod scopeless;
mod targets;
mod unproved;
