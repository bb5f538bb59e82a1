//! The broker as an `OpenID` provider of its own. An authorization server that trusts it takes a JWT of
//! the broker in place of a secret, and reads the broker's public keys.

pub mod published;
pub mod settings;

use std::rc::Rc;

use zeroize::Zeroizing;

use super::assertion;
use super::proof::SigningKey;
use super::server::AssertionClaims;
use crate::base::digest;

/// The broker's own issuer.
#[derive(Debug)]
pub struct OwnIssuer {
    /// `iss`: the broker's public origin. Servers compare it to the letter.
    pub url: String,
    /// `ISSUER_KEY`. It signs the JWTs of this issuer and nothing else.
    pub key: SigningKey,
    /// `ISSUER_KEY_NEXT` and `ISSUER_KEY_PREVIOUS`. They are only published.
    others: Vec<SigningKey>,
}

impl OwnIssuer {
    /// The secret bytes of the keys that are only published. Each was or will be the one that signs.
    pub fn other_secrets(&self) -> impl Iterator<Item = Zeroizing<Vec<u8>>> {
        self.others.iter().map(SigningKey::secret_bytes)
    }

    /// Wipes the keys that are only published. Nobody signs with them.
    pub fn forget_others(&self) {
        self.others.iter().for_each(SigningKey::forget);
    }
}

/// What the JWT of one credential says. The server knows all three to the letter.
#[derive(Debug)]
pub struct Federated {
    /// `iss`, and the key.
    pub issuer: Rc<OwnIssuer>,
    /// `sub`.
    pub subject: String,
    /// `aud`.
    pub audience: String,
}

impl Federated {
    /// The claims of the JWT.
    #[must_use]
    pub fn claims(&self) -> AssertionClaims {
        assertion::claims(&self.issuer.url, &self.subject, &self.audience)
    }

    /// A digest of what the server knows of the broker. It does not depend on the key that signs.
    #[must_use]
    pub fn identity(&self) -> [u8; 32] {
        let label = b"edge-token-broker federated identity v1".as_slice();
        let texts = [&self.issuer.url, &self.subject, &self.audience].map(String::as_bytes);
        let [issuer, subject, audience] = texts;
        digest::of_fields(&[label, issuer, subject, audience])
    }
}
