//! The ledger as Durable Objects, one for each client: the call from an isolate, and what the object
//! does with it.

use super::message;
use super::reservation::Verdict;
use super::{AssertionLedger, LedgerError, ReservedAssertion, Step, UsedAssertions};
use crate::base::deadline::within;
use crate::base::keys::SealingKey;
use crate::base::keyspace;
use crate::base::limits::{
    ASSERTION_USE_MAX, COORDINATOR_TIMEOUT, LEDGER_LAST_WORD, LEDGER_PURGE_MAX, LEDGER_PURGE_ONE_IN,
};
use crate::base::ports::{CallFailed, Clock, Entropy, Objects, StorageFault};
use crate::base::silence::Silence;
use crate::base::time::UnixMillis;
use crate::config::Config;

/// The ledgers of all clients, as an isolate calls them.
#[derive(Debug)]
pub struct ObjectLedger<O, C, E> {
    /// The Durable Objects.
    pub objects: O,
    clock: C,
    /// Makes nonces.
    entropy: E,
    /// The ledgers that did not answer a moment ago.
    silence: Silence,
}

impl<O, C, E> ObjectLedger<O, C, E> {
    /// The way to the ledgers behind `objects`.
    pub fn new(objects: O, clock: C, entropy: E) -> Self {
        Self { objects, clock, entropy, silence: Silence::default() }
    }
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
        let patience = match (self.silence.may_call(&name, self.clock.now()), step) {
            (true, _) => COORDINATOR_TIMEOUT,
            (false, Step::Reserve) => return Err(LedgerError::Silent),
            // The end of a request is told also to a ledger that is slow.
            (false, Step::Spend | Step::Release) => LEDGER_LAST_WORD,
        };
        let nonce = self.entropy.bytes();
        let message = message::seal(step, assertion, sealing_key, nonce);
        let call = self.objects.call(&name, &message);
        let Some(reply) = within(&self.clock, patience, call).await else {
            self.silence.note_silence(&name, self.clock.now());
            return Err(LedgerError::TimedOut);
        };
        self.silence.note_answer(&name);
        let reply = reply.map_err(|CallFailed| LedgerError::Failed)?;
        match reply.as_slice() {
            [verdict] => Verdict::of(*verdict).ok_or(LedgerError::Failed),
            _ => Err(LedgerError::Failed),
        }
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
    memory: UsedAssertions,
}

impl<S: LedgerStorage> Ledger<S> {
    /// The ledger called `name`, with nothing in memory.
    pub fn new(name: Option<String>, storage: S) -> Self {
        Self { name, storage, memory: UsedAssertions::default() }
    }

    /// Answers a message of an isolate, with the number of a [`Verdict`].
    ///
    /// # Errors
    /// [`LedgerFault`]. The isolate then knows only the uses in itself.
    pub async fn answer(
        &self,
        config: &Config,
        message: &[u8],
        now: UnixMillis,
        random: [u8; 2],
    ) -> Result<u8, LedgerFault> {
        let (step, assertion) = message::open(message, config).ok_or(LedgerFault::NotAMessage)?;
        let meant = message::ledger_of(&assertion.client_id);
        if self.name.as_ref().is_some_and(|name| *name != meant) {
            return Err(LedgerFault::NotAMessage);
        }
        if step == Step::Release {
            self.memory.release(&assertion);
            return Ok(Verdict::Granted as u8);
        }
        let name = keyspace::hex_name(keyspace::USED_ASSERTION, &assertion.id);
        let is_used = self.storage.get(&name).await?.is_some();
        // Nothing comes between these steps: while the object waits for its storage, the platform
        // delivers no other request to it (input gates).
        let verdict = match step {
            _ if is_used && !self.memory.was_used_by(&assertion) => Verdict::Used,
            Step::Spend => self.memory.spend(&assertion, now),
            _ => self.memory.reserve(&assertion, now),
        };
        if step == Step::Spend && verdict == Verdict::Granted && !is_used {
            self.storage.put(&name, assertion.until.min(now.plus(ASSERTION_USE_MAX))).await?;
            if u16::from_be_bytes(random).is_multiple_of(LEDGER_PURGE_ONE_IN) {
                // What stays is deleted by a later purge.
                let _ = purge(&self.storage, now, random).await;
            }
        }
        // Without a reservation, the first request that spends it has it.
        Ok(if verdict == Verdict::Full { Verdict::Granted } else { verdict } as u8)
    }
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
