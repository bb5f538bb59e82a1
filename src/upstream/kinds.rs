//! The kinds of authorization servers. Another kind is one more line.

use super::credential::Parts;
use super::entra;
use super::entry::Entry;
use super::{github, google, oauth};

/// A field of `CREDENTIALS` that says which server it is, and what reads the rest of the entry.
pub type ServerField = (&'static str, fn(&mut Entry<'_>) -> Option<Parts>);

/// Each credential has exactly one of these fields.
pub const SERVER_FIELDS: [ServerField; 6] = [
    ("tenant", entra::settings::parse),
    ("issuer", |entry| oauth::settings::parse(entry, "issuer")),
    ("resource", |entry| oauth::settings::parse(entry, "resource")),
    ("token_endpoint", |entry| oauth::settings::parse(entry, "token_endpoint")),
    ("service_account", google::settings::parse),
    ("github_app", github::settings::parse),
];
