//! How the broker proves its identity to an authorization server: with a client secret, or with a JWT
//! that it signs.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use zeroize::Zeroizing;

use super::federation::Federated;
use crate::base::digest;
use crate::base::secret::ClientSecret;
use crate::base::time::UnixMillis;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::signing::{Material, PrivateKey};

/// One proof. A credential may have several, during a rotation.
#[derive(Debug)]
pub enum Proof {
    /// A client secret (RFC 6749 §2.3.1).
    Secret(ClientSecret),
    /// A private key, whose public half or certificate the server knows (RFC 7523 §2.2).
    Key(Rc<SigningKey>),
    /// A JWT of the broker's own issuer, which the server trusts.
    Federated(Federated),
}

impl Proof {
    /// In place of a proof that a tool on the host cannot see.
    #[must_use]
    pub fn unseen() -> Self {
        Self::Secret(ClientSecret::new("unseen".into()))
    }

    /// Its certificate, if it has one.
    #[must_use]
    pub fn certificate(&self) -> Option<&Validity> {
        match self {
            Self::Key(key) => key.certificate.as_ref(),
            Self::Secret(_) | Self::Federated(_) => None,
        }
    }

    /// Whether its certificate has expired.
    #[must_use]
    pub fn is_expired(&self, now: UnixMillis) -> bool {
        self.certificate().is_some_and(|certificate| certificate.not_after < now)
    }

    /// The bytes of which the fingerprint is an image: what the server knows of the broker, or else the
    /// secret bytes.
    #[must_use]
    pub fn identity(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Federated(federated) => federated.identity().to_vec().into(),
            Self::Secret(_) | Self::Key(_) => self.secret_bytes(),
        }
    }

    /// The secret bytes of which the sealing key is an image. They are gone once a key has been
    /// imported.
    #[must_use]
    pub fn secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Secret(secret) => secret.expose().as_bytes().to_vec().into(),
            Self::Key(key) => key.secret_bytes(),
            Self::Federated(federated) => federated.issuer.key.secret_bytes(),
        }
    }
}

/// Until when a certificate is valid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Validity {
    /// Its field in the configuration.
    pub field: String,
    /// The last instant at which it is valid.
    pub not_after: UnixMillis,
}

/// A private key that signs JWTs by one algorithm.
pub struct SigningKey {
    /// Names it in the memory of the [`Signer`](super::ports::Signer).
    pub id: [u8; 32],
    /// The one algorithm.
    pub algorithm: Algorithm,
    /// The member of the JWT's header that tells the server which key it is: `kid` or `x5t#S256`.
    pub header: Option<(&'static str, String)>,
    /// Its certificate.
    pub certificate: Option<Validity>,
    key: RefCell<Option<PrivateKey>>,
}

impl SigningKey {
    /// A key that has not been imported yet.
    #[must_use]
    pub fn new(
        key: PrivateKey,
        algorithm: Algorithm,
        header: Option<(&'static str, String)>,
        certificate: Option<Validity>,
    ) -> Self {
        let label = b"edge-token-broker signing key v1".as_slice();
        let id = digest::of_fields(&[label, algorithm.name().as_bytes(), key.secret_bytes()]);
        Self { id, algorithm, header, certificate, key: RefCell::new(Some(key)) }
    }

    /// Reads what is to be imported. `None` once [`Self::forget`] was called.
    pub fn material<T>(&self, read: impl FnOnce(Material<'_>) -> T) -> Option<T> {
        self.key.borrow().as_ref().map(|key| read(key.material()))
    }

    /// Wipes the material: from now on the signer has the key, and nobody can read it.
    pub fn forget(&self) {
        self.key.take();
    }

    /// The secret bytes of the key. There are none once [`Self::forget`] was called.
    pub(super) fn secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let key = self.key.borrow();
        key.as_ref().map_or_else(Zeroizing::default, |key| key.secret_bytes().to_vec().into())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(REDACTED)")
    }
}
