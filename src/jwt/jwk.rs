//! A public key that can verify JWTs: a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use base64ct::{Base64UrlUnpadded, Encoding};

use super::algorithm::Algorithm;
use super::compact::each_once;
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

/// Base64url, as the issuer wrote it.
#[derive(Debug)]
enum Material {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

/// Not a key that the broker can use, or should.
#[derive(Debug)]
pub(super) struct Unusable;

impl VerificationKey {
    pub(super) fn of(jwk: Json) -> Result<Self, Unusable> {
        let Json::Object(members) = jwk else { return Err(Unusable) };
        let jwk = Jwk(members);
        // With the private half in public, a signature proves nothing.
        if !each_once(&jwk.0) || jwk.member("d").is_some() || !jwk.is_for_verifying() {
            return Err(Unusable);
        }
        let key_id = jwk.text("kid")?;
        if key_id.is_some_and(|id| id.len() > JWT_KEY_ID_MAX_BYTES) {
            return Err(Unusable);
        }
        let (material, signature_bytes) = jwk.material()?;
        let algorithm = match jwk.text("alg")? {
            Some(alg) => Algorithm::parse(alg).ok_or(Unusable)?,
            None => material.usual_algorithm(),
        };
        if !material.is_for(algorithm) {
            return Err(Unusable);
        }
        Ok(Self { key_id: key_id.map(str::to_owned), algorithm, material, signature_bytes })
    }

    /// `kid`.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The one algorithm that it is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The members of its JWK that make the key, for `importKey` of `WebCrypto`.
    #[must_use]
    pub fn jwk(&self) -> Vec<(&'static str, &str)> {
        match &self.material {
            Material::Rsa { n, e } => vec![("kty", "RSA"), ("n", n), ("e", e)],
            Material::P256 { x, y } => vec![("kty", "EC"), ("crv", "P-256"), ("x", x), ("y", y)],
            Material::Ed25519 { x } => vec![("kty", "OKP"), ("crv", "Ed25519"), ("x", x)],
        }
    }

    /// Whether `signature` can be one of this key at all: its length is right, and on P-256 neither
    /// r nor s is zero, which careless verifiers have taken for good (CVE-2022-21449).
    #[must_use]
    pub fn may_have_made(&self, signature: &[u8]) -> bool {
        let halves_are_numbers = || {
            let mut halves = signature.chunks(CURVE_BYTES);
            halves.all(|half| half.iter().any(|byte| *byte != 0))
        };
        signature.len() == self.signature_bytes
            && (self.algorithm != Algorithm::Es256 || halves_are_numbers())
    }
}

impl Material {
    /// Where the JWK does not say.
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

struct Jwk(Vec<(String, Json)>);

impl Jwk {
    fn member(&self, name: &str) -> Option<&Json> {
        self.0.iter().find_map(|(member, value)| (member == name).then_some(value))
    }

    /// A member that may be absent, but is nothing other than text.
    fn text(&self, name: &str) -> Result<Option<&str>, Unusable> {
        match self.member(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Unusable),
        }
    }

    /// `use` and `key_ops` (RFC 7517 §4.2, §4.3), where they say.
    fn is_for_verifying(&self) -> bool {
        let is = |value: &Json, word: &str| matches!(value, Json::Text(text) if text == word);
        let by_use = self.member("use").is_none_or(|key_use| is(key_use, "sig"));
        let by_ops = self.member("key_ops").is_none_or(
            |ops| matches!(ops, Json::List(ops) if ops.iter().any(|op| is(op, "verify"))),
        );
        by_use && by_ops
    }

    /// The key itself, and how many bytes its signatures have.
    fn material(&self) -> Result<(Material, usize), Unusable> {
        match (self.text("kty")?, self.text("crv")?) {
            (Some("RSA"), _) => {
                let (n, e) = (self.encoded("n")?, self.encoded("e")?);
                let bytes = modulus_bytes(&n.1).filter(|_| is_exponent(&e.1)).ok_or(Unusable)?;
                Ok((Material::Rsa { n: n.0, e: e.0 }, bytes))
            }
            (Some("EC"), Some("P-256")) => {
                let material =
                    Material::P256 { x: self.coordinate("x")?, y: self.coordinate("y")? };
                Ok((material, CURVE_BYTES.saturating_mul(2)))
            }
            (Some("OKP"), Some("Ed25519")) => {
                let (x, point) = self.encoded("x")?;
                if point.len() != CURVE_BYTES || has_small_order(&point) {
                    return Err(Unusable);
                }
                Ok((Material::Ed25519 { x }, CURVE_BYTES.saturating_mul(2)))
            }
            _ => Err(Unusable),
        }
    }

    /// A member's text, and the bytes that it stands for.
    fn encoded(&self, name: &str) -> Result<(String, Vec<u8>), Unusable> {
        let text = self.text(name)?.ok_or(Unusable)?;
        let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| Unusable)?;
        Ok((text.to_owned(), bytes))
    }

    fn coordinate(&self, name: &str) -> Result<String, Unusable> {
        let (text, bytes) = self.encoded(name)?;
        if bytes.len() == CURVE_BYTES { Ok(text) } else { Err(Unusable) }
    }
}

/// Points of small order on Ed25519, and other encodings of them: anybody can sign for such a key,
/// and `WebCrypto` takes it. Without the sign, which is the highest bit; the list is libsodium's.
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

/// The bytes of a modulus of a size that is used.
fn modulus_bytes(modulus: &[u8]) -> Option<usize> {
    let number = without_zeros(modulus);
    let zeros = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = number.len().saturating_mul(8).saturating_sub(zeros);
    (RSA_MODULUS_MIN_BITS..=RSA_MODULUS_MAX_BITS).contains(&bits).then_some(number.len())
}

/// Odd, more than 1, and small enough for whoever verifies.
fn is_exponent(exponent: &[u8]) -> bool {
    let number = without_zeros(exponent);
    let odd = number.last().is_some_and(|byte| byte & 1 == 1);
    odd && number != [1] && number.len() <= RSA_EXPONENT_MAX_BYTES
}

/// Some issuers send zeros in front, which RFC 7518 §2 does not have.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
