//! How the broker proves its identity to an authorization server: with a client secret, or with a JWT
//! that it signs.

use std::cell::RefCell;
use std::fmt;

use zeroize::Zeroizing;

use crate::base::digest;
use crate::base::secret::ClientSecret;
use crate::base::time::UnixMillis;
use crate::jwt::algorithm::Algorithm;

/// One proof. A credential may have several, during a rotation.
#[derive(Debug)]
pub enum Proof {
    /// A client secret (RFC 6749 §2.3.1).
    Secret(ClientSecret),
    /// A private key, whose public half or certificate the server knows (RFC 7523 §2.2).
    Key(SigningKey),
}

impl Proof {
    /// The secret bytes of which fingerprint and sealing key are images. They are gone once a key has
    /// been imported.
    #[must_use]
    pub fn secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Secret(secret) => secret.expose().as_bytes().to_vec().into(),
            Self::Key(key) => key.secret_bytes(),
        }
    }
}

/// A private key that signs JWTs by one algorithm.
pub struct SigningKey {
    /// Names it in the memory of the [`Signer`](super::ports::Signer).
    pub id: [u8; 32],
    /// The one algorithm.
    pub algorithm: Algorithm,
    /// The member of the JWT's header that tells the server which key it is: `kid` or `x5t#S256`.
    pub header: Option<(&'static str, String)>,
    /// When its certificate expires.
    pub not_after: Option<UnixMillis>,
    material: RefCell<Option<KeyMaterial>>,
}

/// A private key as `WebCrypto` imports it.
#[derive(Clone)]
pub enum KeyMaterial {
    /// PKCS#8, in DER.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// A JWK.
    Jwk(Zeroizing<String>),
}

impl KeyMaterial {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Pkcs8(der) => der,
            Self::Jwk(jwk) => jwk.as_bytes(),
        }
    }
}

impl SigningKey {
    /// A key that has not been imported yet.
    #[must_use]
    pub fn new(
        material: KeyMaterial,
        algorithm: Algorithm,
        header: Option<(&'static str, String)>,
        not_after: Option<UnixMillis>,
    ) -> Self {
        let label = b"edge-token-broker signing key v1".as_slice();
        let id = digest::of_fields(&[label, algorithm.name().as_bytes(), material.bytes()]);
        Self { id, algorithm, header, not_after, material: RefCell::new(Some(material)) }
    }

    /// What to import. `None` once [`Self::forget`] was called.
    #[must_use]
    pub fn material(&self) -> Option<KeyMaterial> {
        self.material.borrow().clone()
    }

    /// Wipes the material: from now on, the signer has the key, and nobody can read it.
    pub fn forget(&self) {
        self.material.take();
    }

    fn secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let material = self.material.borrow();
        material
            .as_ref()
            .map_or_else(Zeroizing::default, |material| material.bytes().to_vec().into())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(REDACTED)")
    }
}
