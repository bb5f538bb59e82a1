//! The ledger as Durable Objects, one for each client: the call from an isolate, and what the object
//! does with it.
//!
//! The message is CBOR (RFC 8949) with numbered fields, so that two versions of the broker understand
//! each other while one replaces the other.

use minicbor::{Decode, Encode};

use super::{AssertionLedger, LedgerError};
use crate::base::cbor;
use crate::base::deadline::within;
use crate::base::keyspace;
use crate::base::limits::{COORDINATOR_TIMEOUT, LEDGER_PURGE_MAX, LEDGER_PURGE_ONE_IN};
use crate::base::ports::{CallFailed, Clock, Objects, StorageFault};
use crate::base::time::UnixMillis;

/// The ledgers of all clients, as an isolate calls them.
#[derive(Debug)]
pub struct ObjectLedger<O, C> {
    /// The Durable Objects.
    pub objects: O,
    /// Ends a call that takes too long.
    pub clock: C,
}

/// From an isolate: a client uses an assertion.
#[derive(Debug, Decode, Encode)]
struct UseMessage {
    /// The digest of its `jti`.
    #[cbor(n(0), with = "minicbor::bytes")]
    id: [u8; 32],
    /// Until when the use matters.
    #[n(1)]
    until: UnixMillis,
}

/// From the object.
#[derive(Debug, Decode, Encode)]
struct UseReply {
    /// Whether the use is the first.
    #[n(0)]
    is_first: bool,
}

impl<O: Objects, C: Clock> AssertionLedger for ObjectLedger<O, C> {
    async fn use_once(
        &self,
        client_id: &str,
        id: &[u8; 32],
        until: UnixMillis,
    ) -> Result<bool, LedgerError> {
        if !self.objects.is_bound() {
            return Err(LedgerError::Unbound);
        }
        let name = [keyspace::LEDGER, client_id].concat();
        let message = cbor::to_vec(&UseMessage { id: *id, until });
        let call = self.objects.call(&name, &message);
        let answered = within(&self.clock, COORDINATOR_TIMEOUT, call).await;
        let reply = answered.ok_or(LedgerError::TimedOut)?;
        let reply = reply.map_err(|CallFailed| LedgerError::Failed)?;
        let reply: UseReply = minicbor::decode(&reply).map_err(|_| LedgerError::Failed)?;
        Ok(reply.is_first)
    }
}

/// The storage of one ledger: names, and until when each matters.
pub trait LedgerStorage {
    /// What is stored under `name`.
    async fn get(&self, name: &str) -> Result<Option<UnixMillis>, StorageFault>;
    /// Stores `until` under `name`.
    async fn put(&self, name: &str, until: UnixMillis) -> Result<(), StorageFault>;
    /// Up to `limit` of the names that begin with `prefix`, in their order, from `start` on.
    async fn list(
        &self,
        prefix: &str,
        start: &str,
        limit: usize,
    ) -> Result<Vec<(String, UnixMillis)>, StorageFault>;
    /// Deletes these names, at most [`LEDGER_PURGE_MAX`].
    async fn delete(&self, names: &[String]) -> Result<(), StorageFault>;
}

/// Why a ledger has no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LedgerFault {
    /// What came is not a message of an isolate.
    #[error("not a message")]
    NotAMessage,
    /// The storage failed, so it is not known whether the assertion was used.
    #[error("storage failed")]
    Storage,
}

impl From<StorageFault> for LedgerFault {
    fn from(StorageFault: StorageFault) -> Self {
        Self::Storage
    }
}

/// In the object: records the use in `message`, and answers whether it is the first.
///
/// # Errors
/// [`LedgerFault`]. The isolate then knows only the uses in itself.
pub async fn answer<S: LedgerStorage>(
    storage: &S,
    message: &[u8],
    now: UnixMillis,
    random: [u8; 2],
) -> Result<Vec<u8>, LedgerFault> {
    let UseMessage { id, until } =
        minicbor::decode(message).map_err(|_| LedgerFault::NotAMessage)?;
    let name = keyspace::hex_name(keyspace::USED_ASSERTION, &id);
    // Nothing comes between these two steps: while the object waits for its storage, the platform
    // delivers no other request to it (input gates).
    let is_first = storage.get(&name).await?.is_none();
    if is_first {
        storage.put(&name, until).await?;
        if u16::from_be_bytes(random).is_multiple_of(LEDGER_PURGE_ONE_IN) {
            // What stays is deleted by a later purge.
            let _ = purge(storage, now, random).await;
        }
    }
    Ok(cbor::to_vec(&UseReply { is_first }))
}

/// Deletes some of the expired uses. The random start gives each of them its turn.
async fn purge<S: LedgerStorage>(
    storage: &S,
    now: UnixMillis,
    [start, _]: [u8; 2],
) -> Result<(), StorageFault> {
    let prefix = keyspace::USED_ASSERTION;
    let start = keyspace::hex_name(prefix, &[start]);
    let listed = storage.list(prefix, &start, LEDGER_PURGE_MAX).await?;
    let expired = listed.into_iter().filter(|(_, until)| *until < now);
    let names: Vec<String> = expired.map(|(name, _)| name).collect();
    storage.delete(&names).await
}
