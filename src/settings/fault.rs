//! A fault of a setting: which field, and why. Never the value.

use std::fmt;

use super::Reason;

/// What is wrong with one field.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The field's path, such as `CLIENTS.reports.allow[0].scope`.
    pub field: String,
    /// Why it is refused.
    pub reason: Reason,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

/// Collects faults, so that an operator sees all of them at once.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds one.
    pub fn add(&mut self, field: impl Into<String>, reason: Reason) {
        self.0.push(Fault { field: field.into(), reason });
    }

    /// The value of `result`. An error becomes a fault of `field`.
    pub fn ok<T, E: Into<Reason>>(
        &mut self,
        field: impl Into<String>,
        result: Result<T, E>,
    ) -> Option<T> {
        result.map_err(|reason| self.add(field, reason.into())).ok()
    }

    /// Nothing, or all of them.
    ///
    /// # Errors
    /// The faults.
    pub fn into_result(self) -> Result<(), Vec<Fault>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }
}
