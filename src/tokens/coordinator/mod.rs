//! One coordinator for each token key: one upstream request at a time, for the whole network.
//!
//! An isolate calls it through [`client`]. In its object, [`driver`] feeds the state machine
//! ([`Coordinator`]) with events and carries out its actions.

pub mod client;
pub mod driver;
mod flight;
mod machine;
pub mod message;
pub mod ports;
mod protocol;
mod rejection;
mod snapshot;

pub use machine::Coordinator;
pub use protocol::{Action, Event, Handout, Source, Waiter, Want};
pub use snapshot::{Facts, Snapshot};
