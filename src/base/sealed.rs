//! Seals values for tiers that others can read and write. A value opens only if this broker sealed it
//! for the same place.
//!
//! Sealed form: version byte, 24-byte nonce, ciphertext with its 16-byte tag. The associated data is
//! the version byte and the name, so a value moved to another name does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::base::keys::SealingKey;

/// Bytes of a nonce of `XChaCha20`.
pub const NONCE_LEN: usize = 24;

/// Where a value belongs.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The version of the plaintext's form. A changed form needs a new one.
    pub version: u8,
    /// A digest of what the value is, and of everything that it depends on.
    pub name: &'a [u8; 32],
}

impl Place<'_> {
    fn associated_data(self) -> [u8; 33] {
        let mut data = [self.version; 33];
        if let Some((_, rest)) = data.split_first_mut() {
            rest.copy_from_slice(self.name);
        }
        data
    }
}

/// Why a stored value does not open. A reader treats it as a miss.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// Empty, or written by another version of the broker.
    #[error("unknown version")]
    UnknownVersion,
    /// Truncated, altered, moved from another key, or sealed under another secret.
    #[error("not authentic")]
    NotAuthentic,
    /// Authentic, but not a record: a bug of the writer.
    #[error("malformed")]
    Malformed,
}

impl OpenError {
    /// The failure's name in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownVersion => "unknown_version",
            Self::NotAuthentic => "not_authentic",
            Self::Malformed => "malformed",
        }
    }
}

/// Seals `plaintext` for `place`. `nonce` must be random: a sealing key must not meet one twice.
#[expect(clippy::missing_panics_doc, reason = "it panics above 256 GB only")]
#[must_use]
pub fn seal(
    plaintext: &[u8],
    place: Place<'_>,
    sealing_key: &SealingKey,
    nonce: [u8; NONCE_LEN],
) -> Vec<u8> {
    let payload = Payload { msg: plaintext, aad: &place.associated_data() };
    #[expect(clippy::expect_used, reason = "fails only above 256 GB (RFC 8439 §2.8)")]
    let ciphertext = XChaCha20Poly1305::new(sealing_key.expose().into())
        .encrypt(&XNonce::from(nonce), payload)
        .expect("what is stored fits");
    [[place.version].as_slice(), &nonce, &ciphertext].concat()
}

/// Opens what [`seal`] made for the same place.
///
/// # Errors
/// [`OpenError`]; the caller treats it as a miss.
pub fn open(
    sealed: &[u8],
    place: Place<'_>,
    sealing_key: &SealingKey,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let rest = match sealed.split_first() {
        Some((version, rest)) if *version == place.version => rest,
        _ => return Err(OpenError::UnknownVersion),
    };
    let (nonce, ciphertext) =
        rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::NotAuthentic)?;
    let payload = Payload { msg: ciphertext, aad: &place.associated_data() };
    XChaCha20Poly1305::new(sealing_key.expose().into())
        .decrypt(&XNonce::from(*nonce), payload)
        .map(Zeroizing::new)
        .map_err(|_| OpenError::NotAuthentic)
}
