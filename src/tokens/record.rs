//! The sealed form of a token, for tiers that others can read.
//!
//! `docs/storage.md` has the layout, and a test pins it byte for byte.

use std::mem;

use zeroize::Zeroizing;

use crate::base::keys::SealingKey;
use crate::base::sealed::{self, NONCE_LEN, Place};
use crate::base::secret::AccessToken;
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::tokens::token::CachedToken;
use crate::upstream::token_key::TokenKey;

pub use crate::base::sealed::OpenError;

/// The version of the stored form. A changed form needs a new version.
const VERSION: u8 = 2;
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
    sealed::seal(
        &encode(token),
        Place { version: VERSION, name: key.as_bytes() },
        sealing_key,
        nonce,
    )
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
    let place = Place { version: VERSION, name: key.as_bytes() };
    decode(sealed::open(sealed, place, sealing_key)?).ok_or(OpenError::Malformed)
}

/// Seals `token` for `grant`, as [`seal`].
#[must_use]
pub fn seal_for(grant: &Grant, token: &CachedToken, nonce: [u8; NONCE_LEN]) -> Vec<u8> {
    seal(token, &grant.token_key, &grant.credential.sealing_key, nonce)
}

/// Opens a record that [`seal_for`] made for the same grant.
///
/// # Errors
/// [`OpenError`]. The caller treats it as a miss.
pub fn open_for(grant: &Grant, sealed: &[u8]) -> Result<CachedToken, OpenError> {
    open(sealed, &grant.token_key, &grant.credential.sealing_key)
}

/// The generation and four instants in milliseconds as big-endian `u64`, then the token to the end.
fn encode(token: &CachedToken) -> Zeroizing<Vec<u8>> {
    let numbers = [
        token.generation,
        token.requested_at.0,
        token.expires_at.0,
        token.ext_expires_at.map_or(ABSENT, |at| at.0),
        token.refresh_at.map_or(ABSENT, |at| at.0),
    ];
    let text = token.access_token.expose().as_bytes();
    let mut plaintext = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(40)));
    for number in numbers {
        plaintext.extend_from_slice(&number.to_be_bytes());
    }
    plaintext.extend_from_slice(text);
    plaintext
}

fn decode(mut plaintext: Zeroizing<Vec<u8>>) -> Option<CachedToken> {
    let (generation, rest) = take_number(&plaintext)?;
    let (requested_at, rest) = take_instant(rest)?;
    let (expires_at, rest) = take_instant(rest)?;
    let (ext_expires_at, rest) = take_instant(rest)?;
    let (refresh_at, text) = take_instant(rest)?;
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
    })
}

fn take_instant(bytes: &[u8]) -> Option<(UnixMillis, &[u8])> {
    let (number, rest) = take_number(bytes)?;
    Some((UnixMillis(number), rest))
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}
