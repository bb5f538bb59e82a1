//! The HTTP interface as plain values: requests taken apart, replies, errors on the wire.

mod assertion_kinds;
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
mod foreign_assertions;
mod forms;
mod granted_scope;
mod head;
mod metadata;
mod pages;
mod plain_http;
mod preflight;
mod replies;
mod request_ids;
mod routes;
mod scopeless;
mod targets;
mod unproved;
