//! Names of clients, applications and issuers.

use super::examples::is_placeholder;
use super::{Faults, Field, Reason};
use crate::base::limits::NAME_MAX_BYTES;

/// Whether `text` can be a client id: `1*VSCHAR` (RFC 6749 appendix A.1), without a space at either
/// end and not longer than [`NAME_MAX_BYTES`].
#[must_use]
pub fn is_client_id(text: &str) -> bool {
    (1..=NAME_MAX_BYTES).contains(&text.len())
        && text.trim() == text
        && text.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

/// A client id, or the name of an issuer, which has the same characters.
///
/// # Errors
/// [`Reason::Placeholder`], [`Reason::NotAName`].
pub fn name_of(text: &str) -> Result<String, Reason> {
    match text {
        _ if is_placeholder(text) => Err(Reason::Placeholder),
        _ if is_client_id(text) => Ok(text.to_owned()),
        _ => Err(Reason::NotAName),
    }
}

/// The name in a field.
pub fn of_field(field: Field, faults: &mut Faults) -> Option<String> {
    let path = field.path.clone();
    let text = field.into_text(faults)?;
    faults.ok(path, name_of(&text))
}
