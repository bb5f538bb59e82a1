//! X.509 certificates (RFC 5280 §4.1): which key they are of, and when they are valid.

use sha2::{Digest, Sha256};

use super::der::{
    self, BIT_STRING, FIRST, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, Reader, SEQUENCE,
    UTC_TIME,
};
use super::forms::RSA;
use super::private_key::RsaPublic;
use super::{Family, KeyFault, PrivateKey};
use crate::base::limits::SIGNING_TEXT_MAX_BYTES;
use crate::base::time::UnixMillis;

/// The certificate of a private key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// The SHA-256 of its DER: `x5t#S256` (RFC 7515 §4.1.8).
    pub thumbprint: [u8; 32],
    /// The instant from which it is valid.
    pub not_before: UnixMillis,
    /// The last instant at which it is valid.
    pub not_after: UnixMillis,
}

/// The one private key of a PEM text, RSA, and its certificate. Other certificates may be in the text: those of its
/// issuers.
///
/// # Errors
/// Why there is no such pair.
pub fn certificate_and_key(text: &str) -> Result<(Certificate, PrivateKey), KeyFault> {
    if text.len() > SIGNING_TEXT_MAX_BYTES {
        return Err(KeyFault::TooLong);
    }
    let mut blocks = Vec::new();
    let key = PrivateKey::of_pem(text, &mut |block| blocks.push(block))?;
    if key.family() != Family::Rsa {
        return Err(KeyFault::NotRsa);
    }
    let mut found = None;
    for block in &blocks {
        let der = block.decoded().ok_or(KeyFault::DamagedCertificate)?;
        let (certificate, public) = parse(&der).ok_or(KeyFault::DamagedCertificate)?;
        if public != key.rsa_public() {
            continue;
        }
        // The same one twice is no doubt.
        if found.replace(certificate).is_some_and(|other| other != certificate) {
            return Err(KeyFault::SeveralCertificates);
        }
    }
    let absent = if blocks.is_empty() { KeyFault::NoCertificate } else { KeyFault::Mismatch };
    Ok((found.ok_or(absent)?, key))
}

/// The certificate, and its public key if that is RSA.
fn parse(der: &[u8]) -> Option<(Certificate, Option<RsaPublic<'_>>)> {
    let mut body = der::whole(der)?.sequence()?;
    let mut behind_version = body;
    if behind_version.take(FIRST).is_some() {
        body = behind_version;
    }
    // Serial number, signature algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        body.take(tag)?;
    }
    let mut validity = body.sequence()?;
    let (not_before, not_after) = (instant(&mut validity)?, instant(&mut validity)?);
    // Subject.
    body.take(SEQUENCE)?;
    let mut public = body.sequence()?;
    let is_rsa = public.sequence()?.take(OBJECT_IDENTIFIER)? == RSA;
    let key = if is_rsa { Some(rsa_public(public.take(BIT_STRING)?)?) } else { None };
    let thumbprint = Sha256::digest(der).into();
    Some((Certificate { thumbprint, not_before, not_after }, key))
}

/// An RSA public key (RFC 8017 appendix A.1.1), in a bit string without unused bits.
fn rsa_public(bits: &[u8]) -> Option<RsaPublic<'_>> {
    let mut numbers = der::whole(bits.strip_prefix(&[0])?)?;
    Some((numbers.number()?, numbers.number()?))
}

/// A time (RFC 5280 §4.1.2.5): in UTC, in seconds, the year in two digits or in four.
fn instant(values: &mut Reader<'_>) -> Option<UnixMillis> {
    let (tag, text) = values.next()?;
    let digits = text.strip_suffix(b"Z")?;
    match (tag, digits.first()?) {
        (UTC_TIME, b'5'..) => UnixMillis::of_digits(&[b"19", digits].concat()),
        (UTC_TIME, _) => UnixMillis::of_digits(&[b"20", digits].concat()),
        (GENERALIZED_TIME, _) => UnixMillis::of_digits(digits),
        _ => None,
    }
}
