//! The messages between an isolate and a ledger.
//!
//! A message is CBOR (RFC 8949) with numbered fields, sealed: any Worker of the account can bind the
//! class of the ledgers, and only the broker can derive the key. An answer needs no seal, because an
//! isolate calls no other class than the broker's own.

use minicbor::{Decode, Encode};

use super::reservation::Owner;
use super::{ReservedAssertion, Step};
use crate::base::cbor;
use crate::base::digest;
use crate::base::keys::SealingKey;
use crate::base::keyspace;
use crate::base::sealed::{self, NONCE_LEN, Place};
use crate::base::time::UnixMillis;
use crate::config::Config;

/// From an isolate.
#[derive(Debug, Decode, Encode)]
pub struct Message {
    /// The digest of the assertion's `jti`.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 32],
    /// Until when a use matters.
    #[n(1)]
    pub until: UnixMillis,
    /// Which request.
    #[n(2)]
    pub owner: Owner,
    /// What it does.
    #[n(3)]
    pub step: Step,
    /// The name of the ledger for which the message is.
    #[n(4)]
    pub ledger: String,
}

/// The version of the message's form. A changed form needs a new one.
const VERSION: u8 = 1;

/// The name of the ledger of a client, as a Durable Object.
pub(super) fn ledger_of(client_id: &str) -> String {
    [keyspace::LEDGER, client_id].concat()
}

/// The place of all messages. No value that is stored has it.
fn place() -> [u8; 32] {
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
    let ReservedAssertion { id, until, owner, .. } = *assertion;
    let ledger = ledger_of(&assertion.client_id);
    let message = cbor::to_vec(&Message { id, until, owner, step, ledger });
    sealed::seal(&message, Place { version: VERSION, name: &place() }, sealing_key, nonce)
}

/// Opens what [`seal`] made, under a key of this configuration or of the one before a rotation.
#[must_use]
pub fn open(sealed: &[u8], config: &Config) -> Option<Message> {
    let place = Place { version: VERSION, name: &place() };
    let opened = sealed::open(sealed, place, config.sealing_key()).ok().or_else(|| {
        config.other_sealing_keys().find_map(|key| sealed::open(sealed, place, &key).ok())
    });
    minicbor::decode(&opened?).ok()
}
