//! A private key, in a form that `WebCrypto` imports.

use std::fmt;

use zeroize::Zeroizing;

use super::forms::{is_on_p256, of_pkcs8, pkcs8, rsa_numbers, scalar, seed};
use super::{KeyFault, der, pem, private_jwk};
use crate::base::json::BYTE_ORDER_MARK;
use crate::base::limits::{RSA_MODULUS_MIN_BITS, SIGNING_MODULUS_MAX_BITS, SIGNING_TEXT_MAX_BYTES};
use crate::jwt::algorithm::Algorithm;
use crate::jwt::jwk::{bits, is_exponent};

/// A private key. Its memory is wiped when it is freed.
pub struct PrivateKey {
    pub(super) family: Family,
    /// `alg` of a JWK.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) key_id: Option<String>,
    pub(super) form: Form,
    /// The private number: RSA's exponent, or the scalar or seed of a curve.
    pub(super) secret: Zeroizing<Vec<u8>>,
    /// Modulus and exponent of an RSA key, without zeros in front.
    pub(super) rsa: Option<(Vec<u8>, Vec<u8>)>,
}

/// Modulus and exponent of an RSA key, without zeros in front.
pub type RsaPublic<'a> = (&'a [u8], &'a [u8]);

/// The kinds of private keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// RSA, 2048 to 4096 bits.
    Rsa,
    /// The NIST curve P-256.
    P256,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// What `importKey` of `WebCrypto` takes.
pub enum Material<'a> {
    /// For the format `pkcs8`: DER (RFC 5958).
    Pkcs8(&'a [u8]),
    /// For the format `jwk`: JSON text with the numbers of the key and nothing else.
    Jwk(&'a str),
}

pub(super) enum Form {
    Pkcs8(Zeroizing<Vec<u8>>),
    Jwk(Zeroizing<String>),
}

impl PrivateKey {
    /// The one private key in `text`: PEM (PKCS#8, PKCS#1 or SEC 1), with or without text and certificates
    /// around it, or a JWK.
    ///
    /// # Errors
    /// Why there is no key that the broker can use.
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        if text.len() > SIGNING_TEXT_MAX_BYTES {
            return Err(KeyFault::TooLong);
        }
        let trimmed = text.trim_start_matches(BYTE_ORDER_MARK).trim();
        if trimmed.starts_with('{') {
            return private_jwk::parse(trimmed);
        }
        Self::of_pem(text, &mut |_| {})
    }

    /// The one private key of a PEM text. `certificate` gets each certificate beside it.
    pub(super) fn of_pem<'a>(
        text: &'a str,
        certificate: &mut dyn FnMut(pem::Block<'a>),
    ) -> Result<Self, KeyFault> {
        let (mut rest, mut found, mut absent) = (text, None, None);
        while let Some(block) = pem::next(&mut rest)? {
            let label = block.label;
            if label == "OPENSSH PRIVATE KEY" {
                return Err(KeyFault::OpenSsh);
            } else if label.ends_with("PRIVATE KEY") {
                if block.is_encrypted() {
                    return Err(KeyFault::Encrypted);
                }
                if found.replace(block).is_some() {
                    return Err(KeyFault::SeveralKeys);
                }
            } else if label.ends_with("PUBLIC KEY") {
                absent = Some(KeyFault::PublicKey);
            } else if label.ends_with("CERTIFICATE REQUEST") {
                absent = Some(KeyFault::Request);
            } else {
                absent.get_or_insert(KeyFault::NoKey);
                if matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
                    certificate(block);
                }
            }
        }
        Self::of_block(&found.ok_or(absent.unwrap_or(KeyFault::NotPem))?)
    }

    fn of_block(block: &pem::Block<'_>) -> Result<Self, KeyFault> {
        let bytes = block.decoded().ok_or(KeyFault::DamagedKey)?;
        let values = der::whole(&bytes).ok_or(KeyFault::DamagedKey)?;
        let (family, inner) = match block.label {
            "PRIVATE KEY" => of_pkcs8(values)?,
            "RSA PRIVATE KEY" => (Family::Rsa, bytes.as_slice()),
            "EC PRIVATE KEY" if is_on_p256(values) => (Family::P256, bytes.as_slice()),
            "EC PRIVATE KEY" => return Err(KeyFault::Curve),
            _ => return Err(KeyFault::Kind),
        };
        Self::of_inner(family, inner)
    }

    /// The key whose form for its family is `inner`. It goes into a PKCS#8 of its own: attributes and
    /// public halves that `WebCrypto` would refuse stay outside.
    fn of_inner(family: Family, inner: &[u8]) -> Result<Self, KeyFault> {
        let (secret, rsa) = match family {
            Family::Rsa => rsa_numbers(inner).map(|(secret, public)| (secret, Some(public))),
            Family::P256 => scalar(inner).map(|secret| (secret, None)),
            Family::Ed25519 => seed(inner).map(|secret| (secret, None)),
        }
        .ok_or(KeyFault::DamagedKey)?;
        if secret.is_empty() {
            return Err(KeyFault::DamagedKey);
        }
        if let Some(public) = rsa {
            permitted(public, KeyFault::DamagedKey)?;
        }
        let pkcs8 = pkcs8(family, inner).ok_or(KeyFault::DamagedKey)?;
        Ok(Self {
            family,
            algorithm: None,
            key_id: None,
            form: Form::Pkcs8(pkcs8),
            secret: Zeroizing::new(secret.to_vec()),
            rsa: rsa.map(|(modulus, exponent)| (modulus.to_vec(), exponent.to_vec())),
        })
    }

    /// The kind of the key.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The algorithm to use where nothing else is said: `alg` of a JWK, or the most usual one.
    #[must_use]
    pub fn usual_algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(match self.family {
            Family::Rsa => Algorithm::Rs256,
            Family::P256 => Algorithm::Es256,
            Family::Ed25519 => Algorithm::EdDsa,
        })
    }

    /// Whether the key may sign by `algorithm`. A JWK with `alg` is for that one alone (RFC 8725 §3.1).
    #[must_use]
    pub fn is_for(&self, algorithm: Algorithm) -> bool {
        self.family == Family::of(algorithm) && self.algorithm.is_none_or(|only| only == algorithm)
    }

    /// `kid` of a JWK.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What `WebCrypto` imports.
    #[must_use]
    pub fn material(&self) -> Material<'_> {
        match &self.form {
            Form::Pkcs8(bytes) => Material::Pkcs8(bytes),
            Form::Jwk(text) => Material::Jwk(text),
        }
    }

    /// The private number, from which other secrets may be derived. It is the same however the key is
    /// written.
    #[must_use]
    pub fn secret_bytes(&self) -> &[u8] {
        &self.secret
    }

    /// Modulus and exponent of an RSA key, without zeros in front.
    #[must_use]
    pub fn rsa_public(&self) -> Option<RsaPublic<'_>> {
        self.rsa.as_ref().map(|(modulus, exponent)| (modulus.as_slice(), exponent.as_slice()))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(REDACTED)")
    }
}

impl Family {
    /// The kind of key by which `algorithm` signs.
    pub(super) const fn of(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => Self::Rsa,
            Algorithm::Es256 => Self::P256,
            Algorithm::EdDsa => Self::Ed25519,
        }
    }
}

/// Whether an RSA key is of a size that is used. `damaged` is the fault of another exponent.
pub(super) fn permitted(
    (modulus, exponent): RsaPublic<'_>,
    damaged: KeyFault,
) -> Result<(), KeyFault> {
    match bits(modulus) {
        ..RSA_MODULUS_MIN_BITS => Err(KeyFault::Short),
        RSA_MODULUS_MIN_BITS..=SIGNING_MODULUS_MAX_BITS if is_exponent(exponent) => Ok(()),
        RSA_MODULUS_MIN_BITS..=SIGNING_MODULUS_MAX_BITS => Err(damaged),
        _ => Err(KeyFault::Long),
    }
}
