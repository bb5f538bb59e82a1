//! The platform: Workers, KV, `fetch`, clock, randomness, console. Adapters translate and decide
//! nothing; `JsValue` stops here, and so does every text that one carries.

mod bindings;
mod caller;
mod clock;
mod coordinator_do;
mod coordinator_stub;
mod entropy;
mod entry;
mod exchange;
mod fetch;
mod isolate;
mod js;
mod kv;
mod limiter;
mod log_sink;

mod scheduled;
mod signature;
mod storage;
mod timeout;

pub use coordinator_do::TokenCoordinator;
pub use entry::fetch;
pub use scheduled::scheduled;
