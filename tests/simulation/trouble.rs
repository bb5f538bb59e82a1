//! Faults of coordinators, and counts of what they do.

use std::cell::Cell;

/// Faults, as probabilities.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trouble {
    /// After each action.
    pub(crate) crash: f64,
    /// For each write to storage.
    pub(crate) lost_write: f64,
    /// For each call.
    pub(crate) no_answer: f64,
    /// The object comes back without its storage.
    pub(crate) lost_storage: f64,
}

/// What the platform bills, and other counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) calls: Cell<u64>,
    pub(crate) alarms: Cell<u64>,
    pub(crate) rows_written: Cell<u64>,
    pub(crate) crashes: Cell<u64>,
    /// Callers that went away without an answer.
    pub(crate) left: Cell<u64>,
}

pub(crate) fn add(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}
