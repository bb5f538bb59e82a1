//! The Worker's bindings.

use secrecy::SecretString;

use super::{Faults, Reason};

/// A binding of the Worker as the platform hands it out.
#[derive(Clone, Debug)]
pub enum Binding {
    /// Missing, or an empty text, as in an example file that is not filled in.
    Absent,
    /// A var or secret that is text.
    Text(SecretString),
    /// A var that is a table, a number, or a boolean, as JSON text.
    Json(String),
    /// A secret in Secrets Store, which nobody has read yet. Only secrets can be there.
    Stored,
    /// A secret that is there, and that a tool on the host cannot see. Nothing about it is a fault.
    Unseen,
}

/// The Worker's bindings.
pub trait Bindings {
    /// The binding called `name`.
    fn binding(&self, name: &str) -> Binding;

    /// The binding called `name`, of which the configuration says that it is a secret.
    fn secret(&self, name: &str) -> Binding {
        self.binding(name)
    }
}

/// Whether the binding `name` exists.
pub fn is_bound(bindings: &dyn Bindings, name: &str) -> bool {
    !matches!(bindings.binding(name), Binding::Absent)
}

/// The text of a binding. A table, number or boolean is a fault.
pub fn text(bindings: &dyn Bindings, field: &str, faults: &mut Faults) -> Option<SecretString> {
    match bindings.binding(field) {
        Binding::Absent => None,
        Binding::Text(text) => Some(text),
        _ => {
            faults.add(field, Reason::NotText);
            None
        }
    }
}

/// The text of a secret. `None` also if it is [`Binding::Unseen`].
pub fn secret(bindings: &dyn Bindings, field: &str, faults: &mut Faults) -> Option<SecretString> {
    let reason = match bindings.secret(field) {
        Binding::Absent | Binding::Unseen => return None,
        Binding::Text(text) => return Some(text),
        Binding::Stored => Reason::Unread,
        Binding::Json(_) => Reason::NotText,
    };
    faults.add(field, reason);
    None
}

/// The text of a required secret.
pub fn required_secret(
    bindings: &dyn Bindings,
    field: &str,
    faults: &mut Faults,
) -> Option<SecretString> {
    if matches!(bindings.secret(field), Binding::Absent) {
        faults.add(field, Reason::Missing);
    }
    secret(bindings, field, faults)
}

/// The text of a required binding.
pub fn required_text(
    bindings: &dyn Bindings,
    field: &str,
    faults: &mut Faults,
) -> Option<SecretString> {
    if !is_bound(bindings, field) {
        faults.add(field, Reason::Missing);
    }
    text(bindings, field, faults)
}
