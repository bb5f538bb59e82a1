//! One entry of `CREDENTIALS`, while it is read.

use secrecy::SecretString;

use super::federation::settings::Availability;
use crate::base::json::Json;
use crate::base::limits::CLIENT_SECRETS_MAX;
use crate::base::origin::Origin;
use crate::settings::{Binding, Bindings, Faults, Field, Reason};

/// Keys of the broker's own. They sign and seal nothing for a server.
const OWN_KEYS: [&str; 5] =
    ["ISSUER_KEY", "ISSUER_KEY_NEXT", "ISSUER_KEY_PREVIOUS", "CACHE_KEY", "REGISTRY_KEY"];

/// The fields of an entry that nobody has taken yet, and what it takes to read them.
pub struct Entry<'a> {
    /// The path, such as `CREDENTIALS.contoso`.
    pub path: String,
    /// The fields, by name.
    pub fields: Vec<(String, Field)>,
    /// Where secrets are.
    pub bindings: &'a dyn Bindings,
    /// Entra's authority host for entries that name none. `None` if it has a fault.
    pub authority: Option<&'a Origin>,
    /// The broker's own issuer, for federated credentials.
    pub own_issuer: &'a Availability,
    /// What is wrong so far.
    pub faults: &'a mut Faults,
    /// Whether a secret is there that a tool on the host cannot see.
    pub unseen: bool,
}

impl Entry<'_> {
    /// Whether the field `name` is there.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// Takes the field `name`.
    pub fn take(&mut self, name: &str) -> Option<Field> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(at).1)
    }

    /// Takes the field `name`. A missing one is a fault.
    pub fn take_required(&mut self, name: &str) -> Option<Field> {
        let field = self.take(name);
        if field.is_none() {
            self.add(name, Reason::Missing);
        }
        field
    }

    /// Takes the text of the field `name`, and parses it. A missing one is a fault.
    pub fn required<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, Reason>) -> Option<T> {
        let field = self.take_required(name)?;
        self.parsed(field, parse)
    }

    /// Takes the text of the field `name`, and parses it. `None` if it is missing, and `Some(None)` if it
    /// has a fault.
    pub fn optional<T>(
        &mut self,
        name: &str,
        parse: fn(&str) -> Result<T, Reason>,
    ) -> Option<Option<T>> {
        let field = self.take(name)?;
        Some(self.parsed(field, parse))
    }

    fn parsed<T>(&mut self, field: Field, parse: fn(&str) -> Result<T, Reason>) -> Option<T> {
        let path = field.path.clone();
        let text = field.into_text(self.faults)?;
        self.faults.ok(path, parse(&text))
    }

    /// Adds a fault of the field `name`.
    pub fn add(&mut self, name: &str, reason: Reason) {
        self.faults.add([&self.path, ".", name].concat(), reason);
    }

    /// Adds a fault for each field that nobody has taken.
    pub fn refuse_rest(&mut self) {
        for (_, field) in std::mem::take(&mut self.fields) {
            self.faults.add(field.path, Reason::Unknown);
        }
    }

    /// The secrets that `field` names: one binding, or a list of bindings. Each has its path.
    pub fn named_secrets(&mut self, field: Field) -> Vec<(String, SecretString)> {
        let path = field.path.clone();
        let names = match field.value {
            Json::List(_) => field.into_list(self.faults).unwrap_or_default(),
            _ => vec![field],
        };
        if names.len() > CLIENT_SECRETS_MAX {
            self.faults.add(path, Reason::TooManySecrets);
        }
        let mut secrets = Vec::new();
        for field in names {
            let path = field.path.clone();
            let Some(name) = field.into_text(self.faults) else { continue };
            if OWN_KEYS.contains(&name.as_str()) {
                self.faults.add(path, Reason::OwnKey);
                continue;
            }
            match self.bindings.secret(&name) {
                Binding::Text(text) => secrets.push((path, text)),
                Binding::Unseen => self.unseen = true,
                Binding::Stored => {
                    self.unseen = true;
                    self.faults.add(path, Reason::Unread);
                }
                _ => self.faults.add(path, Reason::NoSuchSecret),
            }
        }
        secrets
    }
}
