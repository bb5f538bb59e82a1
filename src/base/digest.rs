//! SHA-256 over fields.

use sha2::{Digest, Sha256};

/// The SHA-256 over `fields`. Each field has its length in front, as a big-endian `u64`, so that `ab`
/// and `c` differ from `a` and `bc`.
#[must_use]
pub fn of_fields(fields: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}
