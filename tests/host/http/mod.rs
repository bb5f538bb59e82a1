//! The HTTP interface as plain values: requests taken apart, replies, errors on the wire.

mod assertions;
mod assertions_lost;
mod errors;
mod exchange;
mod exchange_end;
mod forms;
mod replies;
mod routes;
mod unproved;
