//! Keys that are derived from secrets, or are an operator's choice.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base::secret::ClientSecret;

/// A one-way image of a credential's first secret, so that a rotated secret takes effect at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fingerprint(pub [u8; 32]);

/// The key that seals stored tokens (XChaCha20-Poly1305).
#[derive(Clone)]
pub struct SealingKey(Zeroizing<[u8; 32]>);

impl SealingKey {
    /// The key's bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(REDACTED)")
    }
}

/// `CACHE_KEY`: 32 bytes of an operator's choice, from which the sealing key is made.
pub struct CacheKey(Zeroizing<[u8; 32]>);

impl CacheKey {
    /// Takes over `bytes`.
    #[must_use]
    pub const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CacheKey(REDACTED)")
    }
}

/// `REGISTRY_KEY`: authenticates what the client registry holds.
pub struct RegistryKey(Zeroizing<[u8; 32]>);

impl RegistryKey {
    /// Takes over `bytes`.
    #[must_use]
    pub const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// Whether `mac` is the HMAC-SHA-256 (RFC 2104) of an entry and its name. Takes equally long for
    /// any two.
    #[must_use]
    pub fn verifies(&self, name: &str, entry: &[u8], mac: &[u8]) -> bool {
        let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return false };
        for part in [b"edge-token-broker registry v1".as_slice(), name.as_bytes(), entry] {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hmac.verify_slice(mac).is_ok()
    }
}

impl fmt::Debug for RegistryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistryKey(REDACTED)")
    }
}

/// Derives fingerprint and sealing key (HKDF-SHA-256, RFC 5869).
///
/// `secret` is the credential's first. Without a cache key the sealing key comes from it as well,
/// so that a rotated secret retires what it sealed. A secondary secret that comes and goes during
/// a rotation changes nothing.
#[must_use]
pub fn derive(secret: &ClientSecret, cache_key: Option<&CacheKey>) -> (Fingerprint, SealingKey) {
    let material = secret.expose().as_bytes();
    let cache_key = cache_key.map(|key| key.0.as_slice());
    let fingerprint = expand(cache_key, material, b"edge-token-broker fingerprint v1");
    let sealing_material = cache_key.unwrap_or(material);
    let sealing_key = expand(None, sealing_material, b"edge-token-broker sealing key v1");
    (Fingerprint(*fingerprint), SealingKey(sealing_key))
}

fn expand(salt: Option<&[u8]>, material: &[u8], purpose: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 yields up to 8160 bytes; 32 always fit")]
    Hkdf::<Sha256>::new(salt, material).expand(purpose, key.as_mut_slice()).expect("32 bytes");
    key
}
