//! How a setting is read: bindings, the JSON in them, typed fields, and what is wrong with one.
//!
//! A fault names its field and a reason, and never the value: an operator may have put a secret into
//! the wrong field.

pub mod binding;
pub mod examples;
pub mod fault;
pub mod field;
pub mod name;
pub mod reason;
pub mod stored;

pub use binding::{Binding, Bindings};
pub use fault::{Fault, Faults};
pub use field::Field;
pub use reason::Reason;
