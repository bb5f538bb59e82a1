//! A public key that can verify JWTs: a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use base64ct::{Base64UrlUnpadded, Encoding};

use super::algorithm::{Algorithm, TWO_NUMBERS};
use super::compact::each_once;
use super::unusable::Unusable;
use crate::base::json::Json;
use crate::base::limits::{
    CURVE_BYTES, JWT_KEY_ID_MAX_BYTES, RSA_EXPONENT_MAX_BYTES, RSA_MODULUS_MAX_BITS,
    RSA_MODULUS_MIN_BITS,
};

/// A public key, for one algorithm (RFC 8725 §3.1).
#[derive(Debug)]
pub struct VerificationKey {
    key_id: Option<String>,
    algorithm: Algorithm,
    material: Material,
    signature_bytes: usize,
}

/// The numbers of the key, in base64url as the issuer wrote them.
#[derive(Debug)]
enum Material {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

/// A key that cannot be used.
#[derive(Debug)]
pub(super) struct UnusableKey {
    pub(super) key_id: Option<String>,
    pub(super) why: Unusable,
}

impl VerificationKey {
    pub(super) fn of(jwk: Json) -> Result<Self, UnusableKey> {
        let Json::Object(members) = jwk else {
            return Err(UnusableKey { key_id: None, why: Unusable::NotAnObject });
        };
        let jwk = Jwk(members);
        jwk.key().map_err(|why| UnusableKey {
            key_id: jwk.text("kid").ok().flatten().map(str::to_owned),
            why,
        })
    }

    /// `kid`.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The one algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The members of the JWK that `importKey` of `WebCrypto` needs.
    #[must_use]
    pub fn jwk(&self) -> Vec<(&'static str, &str)> {
        match &self.material {
            Material::Rsa { n, e } => vec![("kty", "RSA"), ("n", n), ("e", e)],
            Material::P256 { x, y } => vec![("kty", "EC"), ("crv", "P-256"), ("x", x), ("y", y)],
            Material::Ed25519 { x } => vec![("kty", "OKP"), ("crv", "Ed25519"), ("x", x)],
        }
    }

    /// Whether `signature` can be of this key at all: by its algorithm, and by its length.
    #[must_use]
    pub fn may_have_made(&self, signature: &[u8]) -> bool {
        signature.len() == self.signature_bytes && self.algorithm.may_have_made(signature)
    }
}

impl Material {
    /// The algorithm of a JWK without `alg`.
    const fn usual_algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::P256 { .. } => Algorithm::Es256,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    const fn is_for(&self, algorithm: Algorithm) -> bool {
        matches!(
            (self, algorithm),
            (Self::Rsa { .. }, Algorithm::Rs256 | Algorithm::Ps256)
                | (Self::P256 { .. }, Algorithm::Es256)
                | (Self::Ed25519 { .. }, Algorithm::EdDsa)
        )
    }
}

/// The members that make up a private key (RFC 7518 §6.2.2, §6.3.2).
const PRIVATE: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

pub(super) struct Jwk(pub(super) Vec<(String, Json)>);

impl Jwk {
    fn key(&self) -> Result<VerificationKey, Unusable> {
        if !each_once(&self.0) {
            return Err(Unusable::NotAnObject);
        }
        if PRIVATE.iter().any(|name| self.member(name).is_some()) {
            return Err(Unusable::PrivateHalf);
        }
        if !self.permits("verify") {
            return Err(Unusable::Purpose);
        }
        let key_id = self.text("kid")?;
        if key_id.is_some_and(|id| id.len() > JWT_KEY_ID_MAX_BYTES) {
            return Err(Unusable::KeyId);
        }
        let (material, signature_bytes) = self.material()?;
        let algorithm = match self.text("alg")? {
            Some(alg) => Algorithm::parse(alg).ok_or(Unusable::Algorithm)?,
            None => material.usual_algorithm(),
        };
        if !material.is_for(algorithm) {
            return Err(Unusable::Algorithm);
        }
        let key_id = key_id.map(str::to_owned);
        Ok(VerificationKey { key_id, algorithm, material, signature_bytes })
    }

    /// A member that [says something](Json::is_absent). .NET writes `d` and `key_ops` of a key that has
    /// none.
    pub(super) fn member(&self, name: &str) -> Option<&Json> {
        let value = self.0.iter().find_map(|(member, value)| (member == name).then_some(value));
        value.filter(|value| !value.is_absent())
    }

    /// The text of a member. It may be absent, but must not be anything else.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<&str>, Unusable> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Unusable::Member(name)),
        }
    }

    /// Whether `use` and `key_ops` permit `operation` with signatures, if they are there (RFC 7517 §4.2,
    /// §4.3).
    pub(super) fn permits(&self, operation: &str) -> bool {
        let is = |value: &Json, word: &str| matches!(value, Json::Text(text) if text == word);
        let by_use = self.member("use").is_none_or(|key_use| is(key_use, "sig"));
        let by_ops = self.member("key_ops").is_none_or(
            |ops| matches!(ops, Json::List(ops) if ops.iter().any(|op| is(op, operation))),
        );
        by_use && by_ops
    }

    /// The numbers of the key, and the length of its signatures in bytes.
    fn material(&self) -> Result<(Material, usize), Unusable> {
        match (self.text("kty")?, self.text("crv")?) {
            (Some("RSA"), _) => {
                let (n, e) = (self.encoded("n")?, self.encoded("e")?);
                let bytes = modulus_bytes(&n.1)?;
                if !is_exponent(&e.1) {
                    return Err(Unusable::Exponent);
                }
                Ok((Material::Rsa { n: n.0, e: e.0 }, bytes))
            }
            (Some("EC"), Some("P-256")) => {
                let material =
                    Material::P256 { x: self.coordinate("x")?.0, y: self.coordinate("y")?.0 };
                Ok((material, TWO_NUMBERS))
            }
            (Some("OKP"), Some("Ed25519")) => {
                let (x, point) = self.coordinate("x")?;
                if has_small_order(&point) {
                    return Err(Unusable::SmallOrder);
                }
                Ok((Material::Ed25519 { x }, TWO_NUMBERS))
            }
            (Some("EC" | "OKP"), _) => Err(Unusable::Curve),
            _ => Err(Unusable::Type),
        }
    }

    /// A member's text, and the bytes that it encodes.
    fn encoded(&self, name: &'static str) -> Result<(String, Vec<u8>), Unusable> {
        let text = self.text(name)?.ok_or(Unusable::Member(name))?;
        let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| Unusable::Member(name))?;
        Ok((text.to_owned(), bytes))
    }

    fn coordinate(&self, name: &'static str) -> Result<(String, Vec<u8>), Unusable> {
        let encoded = self.encoded(name)?;
        if encoded.1.len() == CURVE_BYTES { Ok(encoded) } else { Err(Unusable::Member(name)) }
    }
}

/// Points of small order on Ed25519, in all their encodings, without the sign (the highest bit). The
/// list is libsodium's. `WebCrypto` accepts such a key, and anyone can sign for it.
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn has_small_order(point: &[u8]) -> bool {
    let mut point = point.to_vec();
    if let Some(last) = point.last_mut() {
        *last &= 0x7f;
    }
    SMALL_ORDER.contains(&base16ct::lower::encode_string(&point).as_str())
}

/// The length of a modulus in bytes, if its size is permitted.
fn modulus_bytes(modulus: &[u8]) -> Result<usize, Unusable> {
    match bits(modulus) {
        ..RSA_MODULUS_MIN_BITS => Err(Unusable::Short),
        RSA_MODULUS_MIN_BITS..=RSA_MODULUS_MAX_BITS => Ok(without_zeros(modulus).len()),
        _ => Err(Unusable::Long),
    }
}

/// The length of a number in bits.
pub(super) fn bits(number: &[u8]) -> usize {
    let number = without_zeros(number);
    let zeros = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len().saturating_mul(8).saturating_sub(zeros)
}

/// Whether the exponent is odd, more than 1, and of a size that `WebCrypto` accepts.
pub(super) fn is_exponent(exponent: &[u8]) -> bool {
    let number = without_zeros(exponent);
    let odd = number.last().is_some_and(|byte| byte & 1 == 1);
    odd && number != [1] && number.len() <= RSA_EXPONENT_MAX_BYTES
}

/// The number without zeros in front. RFC 7518 §2 forbids them, but some issuers send them.
pub(super) fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
