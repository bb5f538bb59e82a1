//! From JSON to typed fields, each fault with its path.

use secrecy::ExposeSecret;

use super::fault::{Faults, Reason};
use super::{Binding, Bindings};
use crate::base::json::Json;

/// The value of a binding: a table, or its JSON text. `None` if it is absent or has a fault.
pub(super) fn of_binding(
    bindings: &impl Bindings,
    field: &str,
    faults: &mut Faults,
) -> Option<Json> {
    match bindings.binding(field) {
        Binding::Absent => None,
        Binding::Text(text) => parse(field, text.expose_secret().as_bytes(), faults),
        Binding::Json(text) => parse(field, text.as_bytes(), faults),
    }
}

/// The value of a JSON text. It keeps what is null, which then is a fault of its field.
pub(super) fn parse(field: &str, text: &[u8], faults: &mut Faults) -> Option<Json> {
    faults.ok(field, Json::parse(text).map_err(|error| not_json(&error)))
}

fn not_json(error: &serde_json::Error) -> Reason {
    Reason::NotJson { line: error.line(), column: error.column() }
}

/// A value, and its path in the configuration.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) path: String,
    pub(super) value: Json,
}

impl Field {
    pub(super) fn new(path: impl Into<String>, value: Json) -> Self {
        Self { path: path.into(), value }
    }

    pub(super) fn into_text(self, faults: &mut Faults) -> Option<String> {
        let Json::Text(text) = self.value else {
            faults.add(self.path, Reason::NotText);
            return None;
        };
        Some(text)
    }

    pub(super) fn into_bool(self, faults: &mut Faults) -> Option<bool> {
        let Json::Bool(value) = self.value else {
            faults.add(self.path, Reason::NotABoolean);
            return None;
        };
        Some(value)
    }

    pub(super) fn into_list(self, faults: &mut Faults) -> Option<Vec<Self>> {
        let Json::List(items) = self.value else {
            faults.add(self.path, Reason::NotAList);
            return None;
        };
        if items.is_empty() {
            faults.add(self.path, Reason::Empty);
            return None;
        }
        let item = |(index, value)| Self::new(format!("{}[{index}]", self.path), value);
        Some(items.into_iter().enumerate().map(item).collect())
    }

    /// The entries of an object, each key once, with the key beside its field.
    pub(super) fn into_entries(self, faults: &mut Faults) -> Option<Vec<(String, Self)>> {
        let Json::Object(entries) = self.value else {
            faults.add(self.path, Reason::NotATable);
            return None;
        };
        let mut unique: Vec<(String, Self)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let path = format!("{}.{}", self.path, printable(&key));
            if unique.iter().any(|(known, _)| *known == key) {
                faults.add(path, Reason::Duplicate);
            } else {
                unique.push((key, Self::new(path, value)));
            }
        }
        Some(unique)
    }

    /// The fields `known` of an object, in that order; any other is a fault.
    pub(super) fn into_fields<const N: usize>(
        self,
        known: [&str; N],
        faults: &mut Faults,
    ) -> Option<[Option<Self>; N]> {
        let mut fields = [const { None }; N];
        for (key, field) in self.into_entries(faults)? {
            match known.iter().zip(&mut fields).find(|(name, _)| **name == key) {
                Some((_, slot)) => *slot = Some(field),
                None => faults.add(field.path, Reason::Unknown),
            }
        }
        Some(fields)
    }
}

/// A key in a form that is safe in a log: bounded, printable ASCII.
pub(super) fn printable(key: &str) -> String {
    key.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}
