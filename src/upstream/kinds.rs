//! The kinds of authorization servers. Another kind is one more line.

use super::credential::Parts;
use super::entra;
use super::entry::Entry;
use super::{github, google};

/// A field of `CREDENTIALS` that says which server it is, and what reads the rest of the entry.
pub type ServerField = (&'static str, fn(&mut Entry<'_>) -> Option<Parts>);

/// Each credential has exactly one of these fields.
pub const SERVER_FIELDS: [ServerField; 3] = [
    ("tenant", entra::settings::parse),
    ("service_account", google::settings::parse),
    ("github_app", github::settings::parse),
];
