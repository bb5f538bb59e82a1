//! The platform: Workers, KV, Durable Objects, `fetch`, clock, randomness, console.
//!
//! An adapter turns a call of the core into a call of the platform and the result back, and decides
//! nothing. `JsValue`, `worker::Error` and their texts stop here.

mod bindings;
mod clock;
mod console;
mod coordinator;
mod cron;
mod entropy;
mod entry;
mod fetch;
mod isolate;
mod kv;
mod ledger;
mod limiter;
mod objects;
mod promise;
mod proxy;
mod recovery;
mod request;
mod response;
mod rpc;
mod signature;
mod storage;

pub use coordinator::TokenCoordinator;
pub use cron::scheduled;
pub use entry::{Pending, fetch};
pub use ledger::AssertionLedger;
pub use proxy::Onward;
pub use rpc::call;
