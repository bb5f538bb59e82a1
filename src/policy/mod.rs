//! Pure decisions: same arguments, same answer. No I/O, no clock, no randomness of their own.

pub mod access;
pub mod failure_memory;
pub mod freshness;
pub mod retry;
