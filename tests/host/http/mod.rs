//! The HTTP interface as plain values: requests taken apart, replies, errors on the wire.

mod client_authentication;
mod errors;
mod forms;
mod replies;
mod routes;
