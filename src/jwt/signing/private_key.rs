//! A private key, in a form that `WebCrypto` imports.

use std::fmt;

use zeroize::Zeroizing;

use super::der::{self, FIRST, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE};
use super::{KeyFault, pem, private_jwk};
use crate::base::limits::{
    CURVE_BYTES, RSA_MODULUS_MIN_BITS, SIGNING_MODULUS_MAX_BITS, SIGNING_TEXT_MAX_BYTES,
};
use crate::jwt::algorithm::Algorithm;
use crate::jwt::jwk::{bits, is_exponent, without_zeros};

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
        if text.trim_start().starts_with('{') {
            return private_jwk::parse(text);
        }
        Self::of_pem(text, &mut |_| {})
    }

    /// The one private key of a PEM text. `certificate` gets each certificate beside it.
    pub(super) fn of_pem<'a>(
        text: &'a str,
        certificate: &mut dyn FnMut(pem::Block<'a>),
    ) -> Result<Self, KeyFault> {
        let (mut rest, mut found, mut absent) = (text, None, KeyFault::NotPem);
        while let Some(block) = pem::next(&mut rest)? {
            // The last word counts: a certificate beside a public key is no hint.
            match block.label {
                "CERTIFICATE" | "X509 CERTIFICATE" => certificate(block),
                "OPENSSH PRIVATE KEY" => return Err(KeyFault::OpenSsh),
                label if label.ends_with("PRIVATE KEY") => {
                    if block.is_encrypted() {
                        return Err(KeyFault::Encrypted);
                    }
                    if found.replace(block).is_some() {
                        return Err(KeyFault::SeveralKeys);
                    }
                }
                label if label.ends_with("PUBLIC KEY") => absent = KeyFault::PublicKey,
                label if label.ends_with("CERTIFICATE REQUEST") => absent = KeyFault::Request,
                _ => {}
            }
            if absent == KeyFault::NotPem {
                absent = KeyFault::NoKey;
            }
        }
        Self::of_block(&found.ok_or(absent)?)
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
        let numbers = match family {
            Family::Rsa => rsa_numbers(inner),
            Family::P256 => scalar(inner).map(|secret| (secret, None)),
            Family::Ed25519 => seed(inner).map(|secret| (secret, None)),
        };
        let (secret, rsa) = numbers.ok_or(KeyFault::DamagedKey)?;
        if let Some((modulus, exponent)) = &rsa {
            permitted(modulus, exponent).map_err(|fault| fault.unwrap_or(KeyFault::DamagedKey))?;
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
    pub fn rsa_public(&self) -> Option<(&[u8], &[u8])> {
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

/// `rsaEncryption` (RFC 8017 appendix C).
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `id-ecPublicKey` (RFC 5480 §2.1.1).
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `secp256r1`, as a value with tag and length (RFC 5480 §2.1.1.1).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `id-Ed25519`, and behind it `id-Ed448` (RFC 8410 §3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
/// The parameters of RSA, which say nothing.
const NULL: &[u8] = &[0x05, 0x00];
/// The version of a PKCS#8 without a public half.
const VERSION_0: &[u8] = &[0x02, 0x01, 0x00];

/// The kind of a PKCS#8 key (RFC 5958 §2), and what is in it.
fn of_pkcs8(mut values: Reader<'_>) -> Result<(Family, &[u8]), KeyFault> {
    let mut parts = || {
        values.number()?;
        let mut algorithm = values.sequence()?;
        let identifier = algorithm.take(OBJECT_IDENTIFIER)?;
        Some((identifier, algorithm.0, values.take(OCTET_STRING)?))
    };
    let (identifier, parameters, inner) = parts().ok_or(KeyFault::DamagedKey)?;
    let family = match identifier {
        RSA => Family::Rsa,
        EC if parameters == P256 => Family::P256,
        ED25519 => Family::Ed25519,
        EC | ED448 => return Err(KeyFault::Curve),
        _ => return Err(KeyFault::Kind),
    };
    Ok((family, inner))
}

fn pkcs8(family: Family, inner: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (identifier, parameters) = match family {
        Family::Rsa => (RSA, NULL),
        Family::P256 => (EC, P256),
        Family::Ed25519 => (ED25519, [].as_slice()),
    };
    let identifier = der::value(OBJECT_IDENTIFIER, &[identifier])?;
    let algorithm = der::value(SEQUENCE, &[&identifier, parameters])?;
    let inner = der::value(OCTET_STRING, &[inner])?;
    der::value(SEQUENCE, &[VERSION_0, &algorithm, &inner])
}

/// The private exponent, then modulus and exponent (RFC 8017 appendix A.1.2). All nine numbers must be there.
#[expect(clippy::type_complexity, reason = "one private function's answer")]
fn rsa_numbers(inner: &[u8]) -> Option<(&[u8], Option<(&[u8], &[u8])>)> {
    let mut values = der::whole(inner)?;
    let version = values.number()?;
    let (modulus, exponent, secret) = (values.number()?, values.number()?, values.number()?);
    for _ in ["p", "q", "dp", "dq", "qi"] {
        values.number()?;
    }
    let whole = version.is_empty() && values.0.is_empty();
    whole.then_some((secret, Some((modulus, exponent))))
}

/// The scalar of a key on a NIST curve (RFC 5915 §3). Some writers leave out zeros in front.
fn scalar(inner: &[u8]) -> Option<&[u8]> {
    let mut values = der::whole(inner)?;
    values.number()?;
    let scalar = without_zeros(values.take(OCTET_STRING)?);
    (1..=CURVE_BYTES).contains(&scalar.len()).then_some(scalar)
}

/// Whether a SEC 1 key says that it is on P-256.
fn is_on_p256(mut values: Reader<'_>) -> bool {
    let mut curve = || {
        values.number()?;
        values.take(OCTET_STRING)?;
        values.take(FIRST)
    };
    curve() == Some(P256)
}

/// The seed of an Ed25519 key (RFC 8410 §7).
fn seed(inner: &[u8]) -> Option<&[u8]> {
    let mut values = Reader(inner);
    let seed = values.take(OCTET_STRING)?;
    (seed.len() == CURVE_BYTES && values.0.is_empty()).then_some(seed)
}

/// Whether an RSA key is of a size that is used; `None` as fault stands for an exponent that is not.
pub(super) fn permitted(modulus: &[u8], exponent: &[u8]) -> Result<(), Option<KeyFault>> {
    match bits(modulus) {
        ..RSA_MODULUS_MIN_BITS => Err(Some(KeyFault::Short)),
        RSA_MODULUS_MIN_BITS..=SIGNING_MODULUS_MAX_BITS if is_exponent(exponent) => Ok(()),
        RSA_MODULUS_MIN_BITS..=SIGNING_MODULUS_MAX_BITS => Err(None),
        _ => Err(Some(KeyFault::Long)),
    }
}
