//! The sealed form of a token, for tiers that others can read.
//!
//! `docs/storage.md` has the layout, and a test pins it byte for byte.

use std::mem;
use std::rc::Rc;

use zeroize::Zeroizing;

use crate::base::keys::SealingKey;
use crate::base::sealed::{self, NONCE_LEN, Place};
use crate::base::secret::AccessToken;
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::oauth::response_fields::ResponseFields;
use crate::oauth::scope::ScopeSet;
use crate::tokens::token::CachedToken;
use crate::upstream::token_key::TokenKey;

pub use crate::base::sealed::OpenError;

/// The version of the stored form. A changed form needs a new version.
const VERSION: u8 = 2;
/// The version of a record that also has a scope. Only tokens with another scope than the one of
/// their grant need it, so all other records stay as they were.
const VERSION_WITH_SCOPE: u8 = 3;
/// The version of a record that also has response fields. Its scope may be empty.
const VERSION_WITH_FIELDS: u8 = 4;
/// Stands for an absent instant. No token is from 1970.
const ABSENT: u64 = 0;

/// Seals `token` for `key`. `nonce` must be random, so that none is used twice under one sealing
/// key.
#[must_use]
pub fn seal(
    token: &CachedToken,
    key: &TokenKey,
    sealing_key: &SealingKey,
    nonce: [u8; NONCE_LEN],
) -> Vec<u8> {
    let version = match (&token.scope, &token.fields) {
        (_, Some(_)) => VERSION_WITH_FIELDS,
        (Some(_), None) => VERSION_WITH_SCOPE,
        (None, None) => VERSION,
    };
    let place = Place { version, name: key.as_bytes() };
    sealed::seal(&encode(token), place, sealing_key, nonce)
}

/// Opens a record that [`seal`] made for the same key.
///
/// # Errors
/// [`OpenError`]. The caller treats it as a miss.
pub fn open(
    sealed: &[u8],
    key: &TokenKey,
    sealing_key: &SealingKey,
) -> Result<CachedToken, OpenError> {
    let versions = VERSION..=VERSION_WITH_FIELDS;
    let version = sealed.first().copied().filter(|version| versions.contains(version));
    let version = version.unwrap_or(VERSION);
    let place = Place { version, name: key.as_bytes() };
    decode(sealed::open(sealed, place, sealing_key)?, version).ok_or(OpenError::Malformed)
}

/// Seals `token` for `grant`, as [`seal`].
#[must_use]
pub fn seal_for(grant: &Grant, token: &CachedToken, nonce: [u8; NONCE_LEN]) -> Vec<u8> {
    seal(token, &grant.token_key, &grant.credential.sealing_key, nonce)
}

/// Opens a record that [`seal_for`] made for the same grant, also in a version of the broker with
/// another first secret, during a rotation.
///
/// # Errors
/// [`OpenError`]. The caller treats it as a miss.
pub fn open_for(grant: &Grant, sealed: &[u8]) -> Result<CachedToken, OpenError> {
    let mut keys = grant.credential.sealing_keys();
    let own = keys.next().map(|key| open(sealed, &grant.token_key, key));
    own.unwrap_or(Err(OpenError::NotAuthentic))
        .or_else(|error| keys.find_map(|key| open(sealed, &grant.token_key, key).ok()).ok_or(error))
}

/// The generation and four instants in milliseconds as big-endian `u64`, then the scope and the
/// response fields, as far as the version has them, each with its length in front, then the token to
/// the end.
fn encode(token: &CachedToken) -> Zeroizing<Vec<u8>> {
    let numbers = [
        token.generation,
        token.requested_at.0,
        token.expires_at.0,
        token.ext_expires_at.map_or(ABSENT, |at| at.0),
        token.refresh_at.map_or(ABSENT, |at| at.0),
    ];
    let text = token.access_token.expose().as_bytes();
    let fields = token.fields.as_ref().map(|fields| fields.as_json());
    let scope = token.scope.as_ref().map(|scope| scope.as_str());
    let scope = scope.or(fields.map(|_| ""));
    // Full capacity from the start: a growing vector would leave copies of the token behind.
    let longest = [scope, fields]
        .into_iter()
        .flatten()
        .fold(text.len().saturating_add(56), |sum, text| sum.saturating_add(text.len()));
    let mut plaintext = Zeroizing::new(Vec::with_capacity(longest));
    for number in numbers {
        plaintext.extend_from_slice(&number.to_be_bytes());
    }
    for part in [scope, fields].into_iter().flatten() {
        plaintext.extend_from_slice(&(part.len() as u64).to_be_bytes());
        plaintext.extend_from_slice(part.as_bytes());
    }
    plaintext.extend_from_slice(text);
    plaintext
}

fn decode(mut plaintext: Zeroizing<Vec<u8>>, version: u8) -> Option<CachedToken> {
    let (generation, rest) = take_number(&plaintext)?;
    let (requested_at, rest) = take_instant(rest)?;
    let (expires_at, rest) = take_instant(rest)?;
    let (ext_expires_at, rest) = take_instant(rest)?;
    let (refresh_at, rest) = take_instant(rest)?;
    let (scope, rest) = take_part(rest, version >= VERSION_WITH_SCOPE)?;
    let (fields, text) = take_part(rest, version >= VERSION_WITH_FIELDS)?;
    let scope = match scope {
        "" if version != VERSION_WITH_SCOPE => None,
        scope => Some(Rc::new(ScopeSet::stored(scope)?)),
    };
    let fields = match fields {
        "" if version != VERSION_WITH_FIELDS => None,
        fields => Some(Rc::new(ResponseFields::stored(fields)?)),
    };
    let numbers = plaintext.len().checked_sub(text.len())?;
    // What remains in place is the token: each copy of it would have to be overwritten.
    plaintext.drain(..numbers);
    let text = mem::take(&mut *plaintext);
    let present = |at: UnixMillis| (at.0 != ABSENT).then_some(at);
    Some(CachedToken {
        access_token: AccessToken::parse(String::from_utf8(text).ok()?)?,
        generation,
        requested_at,
        expires_at,
        ext_expires_at: present(ext_expires_at),
        refresh_at: present(refresh_at),
        scope,
        fields,
    })
}

/// A text with its length in front. Empty where the version has none.
fn take_part(bytes: &[u8], is_there: bool) -> Option<(&str, &[u8])> {
    if !is_there {
        return Some(("", bytes));
    }
    let (length, rest) = take_number(bytes)?;
    let (part, rest) = rest.split_at_checked(length.try_into().ok()?)?;
    Some((std::str::from_utf8(part).ok()?, rest))
}

fn take_instant(bytes: &[u8]) -> Option<(UnixMillis, &[u8])> {
    let (number, rest) = take_number(bytes)?;
    Some((UnixMillis(number), rest))
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}
