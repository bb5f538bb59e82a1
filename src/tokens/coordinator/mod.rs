//! One coordinator for each token key: one upstream request at a time, for the whole network.

mod machine;
pub mod message;
mod protocol;
mod rejection;

pub use machine::{Coordinator, Facts, Snapshot};
pub use protocol::{Action, Event, Handout, Source, Waiter, Want};
