//! SHA-256 over fields, and over texts that are remembered without being kept.

use sha2::{Digest, Sha256};

/// The SHA-256 over `fields`, each with its length as a big-endian `u64` in front, which keeps their
/// boundaries apart: `ab` + `c` is not `a` + `bc`.
#[must_use]
pub fn of_fields(fields: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    hash.finalize().into()
}
