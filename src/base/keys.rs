//! Keys that the broker derives from secrets, and keys that an operator chooses.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox};
use sha2::Sha256;

/// A one-way image of a credential's first proof. It is part of the token key, so a rotated secret
/// takes effect at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fingerprint(pub [u8; 32]);

/// The key that seals what the broker stores (XChaCha20-Poly1305).
#[derive(Debug)]
pub struct SealingKey(SecretBox<[u8; 32]>);

impl SealingKey {
    /// The key's bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }
}

/// `CACHE_KEY`: 32 bytes that an operator chose. The sealing key is derived from it.
#[derive(Debug)]
pub struct CacheKey(SecretBox<[u8; 32]>);

impl CacheKey {
    /// Takes over `bytes`.
    #[must_use]
    pub const fn new(bytes: SecretBox<[u8; 32]>) -> Self {
        Self(bytes)
    }
}

/// `REGISTRY_KEY`: authenticates the entries of the registry.
#[derive(Debug)]
pub struct RegistryKey(SecretBox<[u8; 32]>);

impl RegistryKey {
    /// Takes over `bytes`.
    #[must_use]
    pub const fn new(bytes: SecretBox<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// The HMAC-SHA-256 (RFC 2104) of an entry and its name.
    #[must_use]
    pub fn mac(&self, name: &str, entry: &[u8]) -> [u8; 32] {
        self.hmac(name, entry).finalize().into_bytes().into()
    }

    /// Whether `mac` is the one of an entry and its name, in constant time.
    #[must_use]
    pub fn verifies(&self, name: &str, entry: &[u8], mac: &[u8]) -> bool {
        self.hmac(name, entry).verify_slice(mac).is_ok()
    }

    fn hmac(&self, name: &str, entry: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut hmac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("any length");
        for part in [b"edge-token-broker registry v1".as_slice(), name.as_bytes(), entry] {
            hmac.update(&(part.len() as u64).to_be_bytes());
            hmac.update(part);
        }
        hmac
    }
}

/// Derives fingerprint and sealing key (HKDF-SHA-256, RFC 5869).
///
/// `material` is the credential's first secret or private key. Without a cache key, the sealing key comes from it as
/// well: nothing that a rotated secret sealed opens any more. The other secrets, which come and go
/// during a rotation, change nothing.
#[must_use]
pub fn derive(material: &[u8], cache_key: Option<&CacheKey>) -> (Fingerprint, SealingKey) {
    let cache_key = cache_key.map(|key| key.0.expose_secret().as_slice());
    let fingerprint = expand(cache_key, material, b"edge-token-broker fingerprint v1");
    (Fingerprint(*fingerprint.expose_secret()), sealing_key(cache_key.unwrap_or(material)))
}

/// The sealing key that comes from `material`.
#[must_use]
pub fn sealing_key(material: &[u8]) -> SealingKey {
    SealingKey(expand(None, material, b"edge-token-broker sealing key v1"))
}

fn expand(salt: Option<&[u8]>, material: &[u8], purpose: &[u8]) -> SecretBox<[u8; 32]> {
    SecretBox::init_with_mut(|key: &mut [u8; 32]| {
        #[expect(clippy::expect_used, reason = "HKDF-SHA-256 yields up to 8160 bytes")]
        Hkdf::<Sha256>::new(salt, material).expand(purpose, key).expect("32 bytes");
    })
}
