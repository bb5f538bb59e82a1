//! A private key as a JWK (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::{Zeroize, Zeroizing};

use super::KeyFault;
use super::private_key::{Family, Form, PrivateKey, permitted};
use crate::base::json::Json;
use crate::base::limits::{CURVE_BYTES, JWT_KEY_ID_MAX_BYTES};
use crate::jwt::algorithm::Algorithm;
use crate::jwt::compact::each_once;
use crate::jwt::jwk::{Jwk, without_zeros};

/// A JWK whose texts are wiped.
struct Private(Jwk);

impl Drop for Private {
    fn drop(&mut self) {
        for (_, value) in &mut self.0.0 {
            if let Json::Text(text) = value {
                text.zeroize();
            }
        }
    }
}

/// Modulus and exponent.
type Rsa = (Vec<u8>, Vec<u8>);

/// The members of each kind of key that have its numbers.
const RSA_MEMBERS: &[&str] = &["n", "e", "d", "p", "q", "dp", "dq", "qi"];
const RSA_WITHOUT_PRIMES: usize = 3;
const P256_MEMBERS: &[&str] = &["x", "y", "d"];
const ED25519_MEMBERS: &[&str] = &["x", "d"];

pub(super) fn parse(text: &str) -> Result<PrivateKey, KeyFault> {
    let Ok(Json::Object(members)) = Json::parse(text.as_bytes()) else {
        return Err(KeyFault::JwkMalformed);
    };
    let jwk = Private(Jwk(members));
    if each_once(&jwk.0.0) { jwk.key() } else { Err(KeyFault::JwkMalformed) }
}

impl Private {
    fn key(&self) -> Result<PrivateKey, KeyFault> {
        let (family, names) = self.family()?;
        if self.0.member("d").is_none() {
            return Err(KeyFault::JwkPublic);
        }
        if !self.0.permits("sign") {
            return Err(KeyFault::JwkPurpose);
        }
        let known = |alg| Algorithm::parse(alg).filter(|known| Family::of(*known) == family);
        let algorithm = self.text("alg")?.map(|alg| known(alg).ok_or(KeyFault::JwkAlgorithm));
        let key_id = self.text("kid")?;
        if key_id.is_some_and(|id| id.len() > JWT_KEY_ID_MAX_BYTES) {
            return Err(KeyFault::JwkMember);
        }
        let (rsa, secret) = self.numbers(family)?;
        if secret.is_empty() {
            return Err(KeyFault::JwkMember);
        }
        Ok(PrivateKey {
            family,
            algorithm: algorithm.transpose()?,
            key_id: key_id.map(str::to_owned),
            form: Form::Jwk(self.material(family, names)?),
            secret,
            rsa,
        })
    }

    /// The kind of the key, and the members with its numbers.
    fn family(&self) -> Result<(Family, &'static [&'static str]), KeyFault> {
        match (self.text("kty")?, self.text("crv")?) {
            (Some("RSA"), _) => {
                // `WebCrypto` takes all primes, or none (RFC 7518 §6.3.2).
                let (numbers, primes) = RSA_MEMBERS.split_at(RSA_WITHOUT_PRIMES);
                let found = primes.iter().filter(|name| self.0.member(name).is_some()).count();
                match self.0.member("oth") {
                    None if found == 0 => Ok((Family::Rsa, numbers)),
                    None if found == primes.len() => Ok((Family::Rsa, RSA_MEMBERS)),
                    _ => Err(KeyFault::JwkPrimes),
                }
            }
            (Some("EC"), Some("P-256")) => Ok((Family::P256, P256_MEMBERS)),
            (Some("OKP"), Some("Ed25519")) => Ok((Family::Ed25519, ED25519_MEMBERS)),
            (Some("EC" | "OKP"), _) => Err(KeyFault::Curve),
            (Some("oct"), _) => Err(KeyFault::JwkSymmetric),
            _ => Err(KeyFault::JwkKind),
        }
    }

    /// Modulus and exponent of an RSA key, and the private number.
    fn numbers(&self, family: Family) -> Result<(Option<Rsa>, Zeroizing<Vec<u8>>), KeyFault> {
        let number = |name| -> Result<Zeroizing<Vec<u8>>, KeyFault> {
            let bytes = self.decoded(name)?;
            Ok(Zeroizing::new(without_zeros(&bytes).to_vec()))
        };
        match family {
            Family::Rsa => {
                let (modulus, exponent) = (number("n")?.to_vec(), number("e")?.to_vec());
                permitted((&modulus, &exponent), KeyFault::JwkMember)?;
                Ok((Some((modulus, exponent)), number("d")?))
            }
            Family::P256 => Ok((None, number("d")?)),
            Family::Ed25519 => Ok((None, self.decoded("d")?)),
        }
    }

    /// The JWK with the numbers alone. `WebCrypto` would compare `alg`, `use` and `ext` with what it is asked.
    fn material(
        &self,
        family: Family,
        names: &[&'static str],
    ) -> Result<Zeroizing<String>, KeyFault> {
        let mut parts = vec![match family {
            Family::Rsa => r#"{"kty":"RSA"#,
            Family::P256 => r#"{"kty":"EC","crv":"P-256"#,
            Family::Ed25519 => r#"{"kty":"OKP","crv":"Ed25519"#,
        }];
        for name in names {
            let bytes = self.decoded(name)?;
            // The coordinates and the number of a curve have one length.
            if family != Family::Rsa && bytes.len() != CURVE_BYTES {
                return Err(KeyFault::JwkMember);
            }
            let text = self.text(name)?.unwrap_or_default();
            parts.extend([r#"",""#, name, r#"":""#, text]);
        }
        parts.push(r#""}"#);
        Ok(Zeroizing::new(parts.concat()))
    }

    fn text(&self, name: &'static str) -> Result<Option<&str>, KeyFault> {
        self.0.text(name).map_err(|_| KeyFault::JwkMember)
    }

    /// The bytes that a member encodes.
    fn decoded(&self, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let text = self.text(name)?.ok_or(KeyFault::JwkMember)?;
        let bytes = Base64UrlUnpadded::decode_vec(text).map_err(|_| KeyFault::JwkMember)?;
        Ok(Zeroizing::new(bytes))
    }
}
