//! The forms of private keys in DER: PKCS#8, which `WebCrypto` imports, and what is in it.

use zeroize::Zeroizing;

use super::der::{self, FIRST, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE};
use super::private_key::RsaPublic;
use super::{Family, KeyFault};
use crate::base::limits::CURVE_BYTES;
use crate::jwt::jwk::without_zeros;

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
pub(super) fn of_pkcs8(mut values: Reader<'_>) -> Result<(Family, &[u8]), KeyFault> {
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

pub(super) fn pkcs8(family: Family, inner: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
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

/// The private exponent, and the public half (RFC 8017 appendix A.1.2). All nine numbers must be there.
pub(super) fn rsa_numbers(inner: &[u8]) -> Option<(&[u8], RsaPublic<'_>)> {
    let mut values = der::whole(inner)?;
    let version = values.number()?;
    let (modulus, exponent, secret) = (values.number()?, values.number()?, values.number()?);
    for _ in ["p", "q", "dp", "dq", "qi"] {
        values.number()?;
    }
    let whole = version.is_empty() && values.0.is_empty();
    whole.then_some((secret, (modulus, exponent)))
}

/// The scalar of a key on a NIST curve (RFC 5915 §3). Some writers leave out zeros in front.
pub(super) fn scalar(inner: &[u8]) -> Option<&[u8]> {
    let mut values = der::whole(inner)?;
    values.number()?;
    let scalar = without_zeros(values.take(OCTET_STRING)?);
    (scalar.len() <= CURVE_BYTES).then_some(scalar)
}

/// Whether a SEC 1 key says that it is on P-256.
pub(super) fn is_on_p256(mut values: Reader<'_>) -> bool {
    let mut curve = || {
        values.number()?;
        values.take(OCTET_STRING)?;
        values.take(FIRST)
    };
    curve() == Some(P256)
}

/// The seed of an Ed25519 key (RFC 8410 §7).
pub(super) fn seed(inner: &[u8]) -> Option<&[u8]> {
    let mut values = Reader(inner);
    let seed = values.take(OCTET_STRING)?;
    (seed.len() == CURVE_BYTES && values.0.is_empty()).then_some(seed)
}
