//! One coordinator for each token key: one upstream request at a time, for the whole network.

pub mod client;
pub mod driver;
mod machine;
pub mod message;
pub mod ports;
mod protocol;
mod rejection;
mod snapshot;

pub use machine::Coordinator;
pub use protocol::{Action, Event, Handout, Source, Waiter, Want};
pub use snapshot::{Facts, Snapshot};
