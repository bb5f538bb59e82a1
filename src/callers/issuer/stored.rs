//! The copy of a key set in Workers KV. It is sealed, so write access to KV cannot plant a key.

use crate::base::digest;
use crate::base::keys::SealingKey;
use crate::base::keyspace;
use crate::base::sealed;
use crate::base::sealed::{NONCE_LEN, OpenError, Place};
use crate::base::time::UnixMillis;
use crate::jwt::Trust;

/// The name of a key set, in memory and in KV: a SHA-256 over issuer and `jwks_uri`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeySetName([u8; 32]);

impl KeySetName {
    /// The name of the key set that verifies JWTs under `trust`.
    #[must_use]
    pub fn of(trust: &Trust) -> Self {
        Self(digest::of_fields(&[
            b"edge-token-broker key set v1",
            trust.issuer.as_bytes(),
            trust.jwks_uri.as_deref().unwrap_or_default().as_bytes(),
        ]))
    }

    /// The name in KV: `jwks:` and 64 hexadecimal digits.
    #[must_use]
    pub fn kv_name(&self) -> String {
        keyspace::hex_name(keyspace::KEY_SET, &self.0)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    const fn place(&self) -> Place<'_> {
        Place { version: VERSION, name: &self.0 }
    }
}

/// A key set as its issuer served it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredKeySet {
    /// The instant just before it was requested.
    pub fetched_at: UnixMillis,
    /// The JWK Set.
    pub jwks: Vec<u8>,
}

/// The version of the stored form. A changed form needs a new one.
const VERSION: u8 = 1;

/// Seals `key_set`. `nonce` must be random, so that no sealing key uses one twice.
#[must_use]
pub fn seal(
    key_set: &StoredKeySet,
    name: &KeySetName,
    sealing_key: &SealingKey,
    nonce: [u8; NONCE_LEN],
) -> Vec<u8> {
    let plaintext = [&key_set.fetched_at.0.to_be_bytes(), key_set.jwks.as_slice()].concat();
    sealed::seal(&plaintext, name.place(), sealing_key, nonce)
}

/// Opens what [`seal`] made for the same name.
///
/// # Errors
/// [`OpenError`], which is as good as no copy.
pub fn open(
    sealed: &[u8],
    name: &KeySetName,
    sealing_key: &SealingKey,
) -> Result<StoredKeySet, OpenError> {
    let plaintext = sealed::open(sealed, name.place(), sealing_key)?;
    let (fetched_at, jwks) = plaintext.split_first_chunk().ok_or(OpenError::Malformed)?;
    Ok(StoredKeySet {
        fetched_at: UnixMillis(u64::from_be_bytes(*fetched_at)),
        jwks: jwks.to_vec(),
    })
}
