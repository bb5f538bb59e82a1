//! Bindings with the values of secrets that were read from Secrets Store.

use std::cell::RefCell;

use secrecy::{ExposeSecret, SecretString};

use super::{Binding, Bindings};

/// Secrets with their values, by the name of the binding.
pub type Values = Vec<(String, SecretString)>;

/// Bindings, of which those in Secrets Store have the values in hand.
pub struct WithStored<'a> {
    bindings: &'a dyn Bindings,
    values: Values,
    wanted: RefCell<Vec<String>>,
}

impl<'a> WithStored<'a> {
    /// `bindings` with these values.
    #[must_use]
    pub const fn new(bindings: &'a dyn Bindings, values: Values) -> Self {
        Self { bindings, values, wanted: RefCell::new(Vec::new()) }
    }

    /// The secrets in Secrets Store that the configuration has named so far, each once.
    #[must_use]
    pub fn into_wanted(self) -> Vec<String> {
        self.wanted.into_inner()
    }
}

impl Bindings for WithStored<'_> {
    fn binding(&self, name: &str) -> Binding {
        self.bindings.binding(name)
    }

    fn secret(&self, name: &str) -> Binding {
        let binding = self.bindings.secret(name);
        if !matches!(binding, Binding::Stored) {
            return binding;
        }
        let mut wanted = self.wanted.borrow_mut();
        if !wanted.iter().any(|known| known == name) {
            wanted.push(name.to_owned());
        }
        match self.values.iter().find(|(known, _)| known == name) {
            None => Binding::Stored,
            Some((_, text)) if text.expose_secret().is_empty() => Binding::Absent,
            Some((_, text)) => Binding::Text(text.clone()),
        }
    }
}
