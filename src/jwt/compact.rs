//! A JWT in compact form (RFC 7515 §7.1), parsed. Nothing is verified yet.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use super::JwtFault;
use super::algorithm::Algorithm;
use crate::base::json::Json;
use crate::base::limits::{JWT_KEY_ID_MAX_BYTES, JWT_MAX_BYTES, JWT_MEMBERS_MAX};

/// A JWT that is well formed, and nothing more.
pub struct Jwt {
    header: Header,
    claims: Vec<(String, Json)>,
    signed: Zeroizing<String>,
    signature: Zeroizing<Vec<u8>>,
}

/// The members of the header that are used. `jku`, `x5u`, `jwk` and `x5c` are ignored: by them, the
/// maker of a JWT would choose the key that verifies it.
#[derive(Debug)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`. It is only compared.
    pub key_id: Option<String>,
    /// `typ`, unchanged.
    pub typ: Option<String>,
}

impl Jwt {
    /// Parses `text`.
    ///
    /// # Errors
    /// `TooLong`, `Malformed`, `Critical`, `Algorithm`.
    pub fn parse(text: &str) -> Result<Self, JwtFault> {
        if text.len() > JWT_MAX_BYTES {
            return Err(JwtFault::TooLong);
        }
        // One dot too many is then in the payload, where base64url forbids it.
        let (signed, signature) = text.rsplit_once('.').ok_or(JwtFault::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(JwtFault::Malformed)?;
        let (header, payload) = (object(header)?, object(payload)?);
        if !each_once_within(&header) || !each_once(&payload) {
            return Err(JwtFault::Malformed);
        }
        Ok(Self {
            header: Header::of(header)?,
            claims: payload,
            signed: Zeroizing::new(signed.to_owned()),
            signature: decoded(signature)?,
        })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// A claim that [says something](Json::is_absent).
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Json> {
        let claim = self.claims.iter().find_map(|(claim, value)| (claim == name).then_some(value));
        claim.filter(|value| !value.is_absent())
    }

    /// A claim that is text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.claim(name) {
            Some(Json::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What is signed: `header.payload` (RFC 7515 §5.1).
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.signed.as_bytes()
    }

    /// The signature, which is not empty.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jwt(REDACTED)")
    }
}

impl Header {
    fn of(header: Vec<(String, Json)>) -> Result<Self, JwtFault> {
        let is_critical =
            |(name, value): &(_, Json)| name == "crit" && !matches!(value, Json::Null);
        // Also if it is empty (RFC 7515 §4.1.11).
        if header.iter().any(is_critical) {
            return Err(JwtFault::Critical);
        }
        let [alg, key_id, typ] =
            Json::Object(header).into_members(["alg", "kid", "typ"]).ok_or(JwtFault::Malformed)?;
        let alg = text(alg)?.ok_or(JwtFault::Algorithm)?;
        let key_id = text(key_id)?;
        if key_id.as_ref().is_some_and(|id| id.len() > JWT_KEY_ID_MAX_BYTES) {
            return Err(JwtFault::Malformed);
        }
        let algorithm = Algorithm::parse(&alg).ok_or(JwtFault::Algorithm)?;
        Ok(Self { algorithm, key_id, typ: text(typ)? })
    }
}

/// The text of a member. It may be absent, but must not be anything else.
fn text(member: Option<Json>) -> Result<Option<String>, JwtFault> {
    let Some(member) = member else { return Ok(None) };
    member.into_text().map(Some).ok_or(JwtFault::Malformed)
}

fn object(part: &str) -> Result<Vec<(String, Json)>, JwtFault> {
    match Json::parse(&decoded(part)?) {
        Ok(Json::Object(members)) => Ok(members),
        _ => Err(JwtFault::Malformed),
    }
}

/// Decodes base64url strictly: no padding, no white space, and no unused bits at the end that are
/// set. So a JWT has one text only.
fn decoded(part: &str) -> Result<Zeroizing<Vec<u8>>, JwtFault> {
    match Base64UrlUnpadded::decode_vec(part) {
        Ok(bytes) if !bytes.is_empty() => Ok(Zeroizing::new(bytes)),
        _ => Err(JwtFault::Malformed),
    }
}

/// Whether no name comes twice, in at most [`JWT_MEMBERS_MAX`] members. Parsers do not agree which of
/// two counts (RFC 8725 §2.4).
pub(super) fn each_once(members: &[(String, Json)]) -> bool {
    if members.len() > JWT_MEMBERS_MAX {
        return false;
    }
    let mut rest = members;
    while let Some(((name, _), others)) = rest.split_first() {
        if others.iter().any(|(other, _)| other == name) {
            return false;
        }
        rest = others;
    }
    true
}

/// [`each_once`] for the members and all objects in them. The JSON parser has bounded the depth.
fn each_once_within(members: &[(String, Json)]) -> bool {
    each_once(members) && members.iter().all(|(_, value)| is_unambiguous(value))
}

fn is_unambiguous(value: &Json) -> bool {
    match value {
        Json::Object(members) => each_once_within(members),
        Json::List(items) => items.iter().all(is_unambiguous),
        _ => true,
    }
}
