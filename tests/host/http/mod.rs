//! The HTTP interface as plain values: requests taken apart, replies, errors on the wire.

mod challenges;
mod errors;
mod exchange;
mod exchange_end;
mod forms;
mod granted_scope;
mod replies;
mod routes;
mod targets;
