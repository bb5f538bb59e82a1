//! The messages of isolates to a ledger.
//!
//! They are sealed: any Worker of the account can bind the class of the ledgers, and only the broker
//! can derive the key. An answer needs no seal, because an isolate calls no other class than the
//! broker's own.
//!
//! The plaintext: what the request does (one byte), which request it is (8 bytes), until when a use
//! matters (8 bytes, Unix milliseconds, big-endian), the digest of the assertion's `jti` (32 bytes),
//! and the ledger's name.

use super::reservation::Owner;
use super::{ReservedAssertion, Step};
use crate::base::digest;
use crate::base::keys::SealingKey;
use crate::base::keyspace;
use crate::base::sealed::{self, NONCE_LEN, Place};
use crate::base::time::UnixMillis;
use crate::config::Config;

/// The version of the plaintext's form. A changed form needs a new one.
const VERSION: u8 = 1;

/// The name of the ledger of a client, as a Durable Object.
pub(super) fn ledger_of(client_id: &str) -> String {
    [keyspace::LEDGER, client_id].concat()
}

/// The place of all messages. No value that is stored has it.
fn place_name() -> [u8; 32] {
    digest::of_fields(&[b"edge-token-broker ledger message v1"])
}

/// The message about `step`. `nonce` must be random.
#[must_use]
pub fn seal(
    step: Step,
    assertion: &ReservedAssertion,
    sealing_key: &SealingKey,
    nonce: [u8; NONCE_LEN],
) -> Vec<u8> {
    let ReservedAssertion { client_id, id, until, owner, .. } = assertion;
    let (until, ledger) = (until.0.to_be_bytes(), ledger_of(client_id));
    let plaintext = [[step as u8].as_slice(), &owner.0, &until, id, ledger.as_bytes()].concat();
    sealed::seal(&plaintext, Place { version: VERSION, name: &place_name() }, sealing_key, nonce)
}

/// Opens what [`seal`] made, under a key of this configuration or of the one before a rotation.
#[must_use]
pub fn open(message: &[u8], config: &Config) -> Option<(Step, ReservedAssertion)> {
    let place = Place { version: VERSION, name: &place_name() };
    let opened = sealed::open(message, place, config.sealing_key()).ok().or_else(|| {
        config.other_sealing_keys().iter().find_map(|key| sealed::open(message, place, key).ok())
    })?;
    let (step, rest) = opened.split_first()?;
    let (owner, rest) = rest.split_first_chunk()?;
    let (until, rest) = rest.split_first_chunk()?;
    let (id, ledger) = rest.split_first_chunk()?;
    let step =
        [Step::Reserve, Step::Spend, Step::Release].into_iter().find(|it| *it as u8 == *step);
    let ledger = std::str::from_utf8(ledger).ok()?;
    let assertion = ReservedAssertion {
        client_id: ledger.strip_prefix(keyspace::LEDGER)?.to_owned(),
        id: *id,
        until: UnixMillis(u64::from_be_bytes(*until)),
        owner: Owner(*owner),
        has_ledger: true,
    };
    Some((step?, assertion))
}
