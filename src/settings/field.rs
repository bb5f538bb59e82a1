//! From JSON to typed fields, each fault with its path.

use secrecy::ExposeSecret;

use super::{Binding, Bindings, Faults, Reason};
use crate::base::json::Json;

/// The value of a binding: a table, or its JSON text. `None` if it is absent or has a fault.
pub fn of_binding(bindings: &dyn Bindings, field: &str, faults: &mut Faults) -> Option<Json> {
    match bindings.binding(field) {
        Binding::Absent => None,
        Binding::Text(text) => parse(field, text.expose_secret().as_bytes(), faults),
        Binding::Json(text) => parse(field, text.as_bytes(), faults),
        Binding::Stored | Binding::Unseen => {
            faults.add(field, Reason::NotATable);
            None
        }
    }
}

/// The value of a JSON text. It keeps what is null, which then is a fault of its field.
pub fn parse(field: &str, text: &[u8], faults: &mut Faults) -> Option<Json> {
    faults.ok(field, Json::parse(text).map_err(|error| not_json(&error)))
}

fn not_json(error: &serde_json::Error) -> Reason {
    Reason::NotJson { line: error.line(), column: error.column() }
}

/// A value, and its path in the configuration.
#[derive(Debug)]
pub struct Field {
    /// The path, such as `CLIENTS.reports.allow[0].scope`.
    pub path: String,
    /// The value.
    pub value: Json,
}

impl Field {
    /// The value at `path`.
    pub fn new(path: impl Into<String>, value: Json) -> Self {
        Self { path: path.into(), value }
    }

    /// The text.
    pub fn into_text(self, faults: &mut Faults) -> Option<String> {
        let Json::Text(text) = self.value else {
            faults.add(self.path, Reason::NotText);
            return None;
        };
        Some(text)
    }

    /// The boolean.
    pub fn into_bool(self, faults: &mut Faults) -> Option<bool> {
        let Json::Bool(value) = self.value else {
            faults.add(self.path, Reason::NotABoolean);
            return None;
        };
        Some(value)
    }

    /// The items of a list that is not empty.
    pub fn into_list(self, faults: &mut Faults) -> Option<Vec<Self>> {
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

    /// The texts of a list that is not empty, each with its path.
    pub fn into_texts(self, faults: &mut Faults) -> Vec<(String, String)> {
        let mut texts = Vec::new();
        for field in self.into_list(faults).unwrap_or_default() {
            let path = field.path.clone();
            texts.extend(field.into_text(faults).map(|text| (path, text)));
        }
        texts
    }

    /// The entries of an object, each key once, with the key beside its field.
    pub fn into_entries(self, faults: &mut Faults) -> Option<Vec<(String, Self)>> {
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
    pub fn into_fields<const N: usize>(
        self,
        known: [&str; N],
        faults: &mut Faults,
    ) -> Option<[Option<Self>; N]> {
        let mut fields = [const { None }; N];
        self.put_fields(&known, &mut fields, faults)?;
        Some(fields)
    }

    /// Puts the fields `known` into `slots`. It is in the wasm once, and not for each number of fields.
    fn put_fields(
        self,
        known: &[&str],
        slots: &mut [Option<Self>],
        faults: &mut Faults,
    ) -> Option<()> {
        for (key, field) in self.into_entries(faults)? {
            match known.iter().position(|name| *name == key).and_then(|at| slots.get_mut(at)) {
                Some(slot) => *slot = Some(field),
                None => faults.add(field.path, Reason::Unknown),
            }
        }
        Some(())
    }
}

/// A required field. A missing one is a fault.
pub fn required(
    field: Option<Field>,
    path: &str,
    name: &str,
    faults: &mut Faults,
) -> Option<Field> {
    if field.is_none() {
        faults.add([path, ".", name].concat(), Reason::Missing);
    }
    field
}

/// A key in a form that is safe in a log: bounded, printable ASCII.
#[must_use]
pub fn printable(key: &str) -> String {
    key.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}
