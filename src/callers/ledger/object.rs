//! The ledger as Durable Objects, one for each client: the call from an isolate, and what the object
//! does with it.

use std::cell::RefCell;

use minicbor::{Decode, Encode};

use super::message::{self, Message};
use super::reservation::{Reservation, Verdict};
use super::{AssertionLedger, LedgerError, ReservedAssertion, Step};
use crate::base::cbor;
use crate::base::deadline::within;
use crate::base::keys::SealingKey;
use crate::base::keyspace;
use crate::base::limits::{
    ASSERTION_USE_MAX, COORDINATOR_TIMEOUT, LEDGER_PURGE_MAX, LEDGER_PURGE_ONE_IN,
    USED_ASSERTIONS_OF_CLIENT_MAX,
};
use crate::base::ports::{CallFailed, Clock, Entropy, Objects, StorageFault};
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::config::Config;

/// The ledgers of all clients, as an isolate calls them.
#[derive(Debug)]
pub struct ObjectLedger<O, C, E> {
    /// The Durable Objects.
    pub objects: O,
    /// Ends a call that takes too long.
    pub clock: C,
    /// Makes nonces.
    pub entropy: E,
}

/// From the object.
#[derive(Debug, Decode, Encode)]
struct Reply {
    #[n(0)]
    verdict: Verdict,
}

impl<O: Objects, C: Clock, E: Entropy> AssertionLedger for ObjectLedger<O, C, E> {
    async fn tell(
        &self,
        step: Step,
        assertion: &ReservedAssertion,
        sealing_key: &SealingKey,
    ) -> Result<Verdict, LedgerError> {
        if !self.objects.is_bound() {
            return Err(LedgerError::Unbound);
        }
        let name = message::ledger_of(&assertion.client_id);
        let nonce = self.entropy.bytes();
        let message = message::seal(step, assertion, sealing_key, nonce);
        let call = self.objects.call(&name, &message);
        let answered = within(&self.clock, COORDINATOR_TIMEOUT, call).await;
        let reply = answered.ok_or(LedgerError::TimedOut)?;
        let reply = reply.map_err(|CallFailed| LedgerError::Failed)?;
        let reply: Reply = minicbor::decode(&reply).map_err(|_| LedgerError::Failed)?;
        Ok(reply.verdict)
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
    /// What came is not a message of an isolate for this ledger.
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

/// The object of one client. Uses are stored. Reservations are in memory only: if the object loses
/// them, the first request that spends the assertion still is the only one.
#[derive(Debug)]
pub struct Ledger<S> {
    /// Its name, if the platform tells it. It does not if the object was last found by its id.
    name: Option<String>,
    storage: S,
    reservations: RefCell<SortedMap<[u8; 32], Reservation>>,
}

impl<S: LedgerStorage> Ledger<S> {
    /// The ledger called `name`, with nothing in memory.
    pub fn new(name: Option<String>, storage: S) -> Self {
        Self { name, storage, reservations: RefCell::default() }
    }

    /// Answers a message of an isolate.
    ///
    /// # Errors
    /// [`LedgerFault`]. The isolate then knows only the uses in itself.
    pub async fn answer(
        &self,
        config: &Config,
        message: &[u8],
        now: UnixMillis,
        random: [u8; 2],
    ) -> Result<Vec<u8>, LedgerFault> {
        let is_for_this = |ledger: &str| self.name.as_deref().is_none_or(|name| name == ledger);
        let message = message::open(message, config).filter(|it| is_for_this(&it.ledger));
        let message = message.ok_or(LedgerFault::NotAMessage)?;
        let verdict = match message.step {
            Step::Reserve => self.reserve(&message, now).await?,
            Step::Spend => self.spend(&message, now, random).await?,
            Step::Release => self.release(&message),
        };
        Ok(cbor::to_vec(&Reply { verdict }))
    }

    async fn reserve(&self, message: &Message, now: UnixMillis) -> Result<Verdict, LedgerFault> {
        let is_used = self.storage.get(&name_of(message)).await?.is_some();
        let verdict = self.verdict(message, is_used, now);
        if verdict == Verdict::Granted {
            self.keep(message, now);
        }
        Ok(verdict)
    }

    async fn spend(
        &self,
        message: &Message,
        now: UnixMillis,
        random: [u8; 2],
    ) -> Result<Verdict, LedgerFault> {
        let name = name_of(message);
        let is_used = self.storage.get(&name).await?.is_some();
        // Nothing comes between these two steps: while the object waits for its storage, the platform
        // delivers no other request to it (input gates).
        let verdict = self.verdict(message, is_used, now);
        if verdict == Verdict::Granted && !is_used {
            self.storage.put(&name, message.until.min(now.plus(ASSERTION_USE_MAX))).await?;
            if u16::from_be_bytes(random).is_multiple_of(LEDGER_PURGE_ONE_IN) {
                // What stays is deleted by a later purge.
                let _ = purge(&self.storage, now, random).await;
            }
        }
        Ok(verdict)
    }

    fn release(&self, message: &Message) -> Verdict {
        let mut reservations = self.reservations.borrow_mut();
        if reservations.get(&message.id).is_some_and(|held| held.owner == message.owner) {
            reservations.remove(&message.id);
        }
        Verdict::Granted
    }

    /// A request that began anew after a panic may have spent the assertion already.
    fn verdict(&self, message: &Message, is_used: bool, now: UnixMillis) -> Verdict {
        let reservations = self.reservations.borrow();
        match reservations.get(&message.id) {
            Some(held) if is_used && held.owner == message.owner => Verdict::Granted,
            _ if is_used => Verdict::Used,
            Some(held) => held.verdict(message.owner, now),
            None => Verdict::Granted,
        }
    }

    fn keep(&self, message: &Message, now: UnixMillis) {
        let mut reservations = self.reservations.borrow_mut();
        if reservations.len() >= USED_ASSERTIONS_OF_CLIENT_MAX {
            reservations.retain(|held| !held.is_over(now));
        }
        if reservations.len() >= USED_ASSERTIONS_OF_CLIENT_MAX {
            reservations.clear();
        }
        reservations.insert(message.id, Reservation::new(message.owner, now));
    }
}

fn name_of(message: &Message) -> String {
    keyspace::hex_name(keyspace::USED_ASSERTION, &message.id)
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
