//! Who calls: what a request presents, verified against the clients of the configuration and of the
//! registry.
//!
//! Most callers are recognized by plain synchronous code. Two things take I/O: an entry of the
//! registry that this isolate has not read lately, and a JWT that it has not verified lately.

pub mod issuer;
pub mod ledger;
pub mod ports;
pub mod presented;
pub mod proofs;
pub mod registry;
pub mod seen;

use std::rc::Rc;

use crate::base::origin::Origin;
use crate::base::ports::StoreError;
use crate::base::time::UnixMillis;
use crate::callers::issuer::JwtVerifier;
use crate::callers::ledger::{Owner, UsedAssertions};
use crate::callers::ports::CallerPorts;
use crate::callers::presented::Presented;
use crate::callers::proofs::{Caller, Candidate, Proof, Way, way_of};
use crate::callers::registry::{EntryFault, NeedsIo, OwnerKey, Registry, Unreachable};
use crate::callers::seen::VerifiedJwts;
use crate::config::{Client, Config};
use crate::error::BrokerError;
use crate::log::Line;

/// What an isolate knows of its callers, and the ports by which it learns more.
pub struct Callers<P: CallerPorts> {
    /// The clients that are not in `CLIENTS`.
    pub registry: Registry<P::Store>,
    /// Verifies JWTs.
    pub jwts: JwtVerifier<P>,
    /// JWTs of issuers that were verified in this isolate.
    pub seen: VerifiedJwts<Caller>,
    /// Client assertions that were used, or are reserved, in this isolate.
    pub used: UsedAssertions,
    /// Client assertions that were used in any isolate.
    pub ledger: P::Ledger,
}

/// One attempt of a caller to prove its identity.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The clients of `CLIENTS`.
    pub config: &'a Config,
    /// What the caller presents.
    pub presented: &'a Presented,
    /// When.
    pub now: UnixMillis,
}

/// What is known of a caller without I/O.
#[derive(Debug)]
pub enum Recognition {
    /// The caller has proved its identity.
    Known(Caller),
    /// It has not.
    Refused(BrokerError),
    /// Only [`Callers::authenticate`] can tell.
    NeedsIo,
}

impl<P: CallerPorts> Callers<P> {
    /// The caller, as far as it can be known without I/O.
    pub fn recognize(&self, attempt: &Attempt<'_>, line: &mut Line) -> Recognition {
        match way_of(attempt.presented) {
            Way::ByEntry(proof) => self.recognize_by_entry(proof, attempt, line),
            Way::ByJwt(jwt) => self.recall_jwt(jwt, attempt),
        }
    }

    /// The caller, with all the I/O that it takes. A client assertion is then reserved for `owner`, and
    /// has to be [settled](Self::settle).
    ///
    /// # Errors
    /// The caller has not proved its identity, or that cannot be decided now.
    pub async fn authenticate(
        &self,
        attempt: &Attempt<'_>,
        owner: impl FnOnce() -> Owner,
        line: &mut Line,
    ) -> Result<Caller, BrokerError> {
        match way_of(attempt.presented) {
            Way::ByEntry(proof) => self.authenticate_by_entry(proof, attempt, line).await,
            Way::ByJwt(jwt) => self.verify_jwt(jwt, attempt, owner, line).await,
        }
    }

    /// Whether there may be a client that lists an origin.
    pub fn may_list_origins(&self, config: &Config) -> bool {
        config.has_origins || self.registry.is_bound()
    }

    /// Whether some client lists this origin.
    ///
    /// # Errors
    /// [`NeedsIo`]: [`Self::read_origin`].
    pub fn recall_origin(
        &self,
        config: &Config,
        origin: &str,
        now: UnixMillis,
    ) -> Result<bool, NeedsIo> {
        if config.lists_origin(origin) {
            return Ok(true);
        }
        if !Origin::is_of_a_page(origin) {
            return Ok(false);
        }
        let owner = self.registry.recall_owner(&OwnerKey::Origin(origin.to_owned()), now)?;
        Ok(owner.is_some())
    }

    /// Whether some client of the registry lists this origin. If the registry cannot be read, that is
    /// noted in `line`, and the answer is `None`.
    pub async fn read_origin(
        &self,
        origin: &str,
        now: UnixMillis,
        line: &mut Line,
    ) -> Option<bool> {
        let key = OwnerKey::Origin(origin.to_owned());
        match self.registry.read_owner(&key, now).await {
            Ok(owner) => Some(owner.is_some()),
            Err(Unreachable(error)) => {
                line.registry_failed(error.name());
                // `npm run new-client` writes no such value. The registry answered, so it is not down.
                (error == StoreError::TooLarge).then_some(false)
            }
        }
    }

    fn recognize_by_entry(
        &self,
        proof: &dyn Proof,
        attempt: &Attempt<'_>,
        line: &mut Line,
    ) -> Recognition {
        let candidate = proof.candidate(attempt.config);
        let is_named = matches!(candidate, Candidate::Named(_));
        let Ok(client) = self.client_of(attempt, candidate) else {
            return Recognition::NeedsIo;
        };
        if is_named {
            // An unknown id may be a misplaced key, so only known ids get into the log.
            line.client_id = client.as_ref().map(|client| client.id.clone());
        }
        match proof.decide(client, line) {
            Ok(caller) => Recognition::Known(caller),
            Err(error) => Recognition::Refused(error),
        }
    }

    async fn authenticate_by_entry(
        &self,
        proof: &dyn Proof,
        attempt: &Attempt<'_>,
        line: &mut Line,
    ) -> Result<Caller, BrokerError> {
        match proof.candidate(attempt.config) {
            Candidate::Named(id) => self.load_client(attempt, id, line).await?,
            Candidate::Owner(listed, key) => self.load_owner(attempt, listed, &key, line).await?,
            Candidate::Nobody => {}
        }
        match self.recognize_by_entry(proof, attempt, line) {
            Recognition::Known(caller) => Ok(caller),
            Recognition::Refused(error) => Err(error),
            // What was just read is forgotten only if very many callers come at the same time.
            Recognition::NeedsIo => Err(BrokerError::RegistryUnavailable),
        }
    }

    fn client_of(
        &self,
        attempt: &Attempt<'_>,
        candidate: Candidate<'_>,
    ) -> Result<Option<Rc<Client>>, NeedsIo> {
        match candidate {
            Candidate::Named(id) => self.client(attempt, id),
            Candidate::Owner(Some(listed), _) => self.client(attempt, &listed.id),
            Candidate::Owner(None, key) => match self.registry.recall_owner(&key, attempt.now)? {
                Some(id) => self.client(attempt, &id),
                None => Ok(None),
            },
            Candidate::Nobody => Ok(None),
        }
    }

    /// The client with this id; `CLIENTS` wins over the registry.
    fn client(&self, attempt: &Attempt<'_>, id: &str) -> Result<Option<Rc<Client>>, NeedsIo> {
        match attempt.config.client(id) {
            Some(client) if self.registry.shadow_checked(id) => Ok(Some(Rc::clone(client))),
            Some(_) => Err(NeedsIo),
            None => self.registry.recall(id, attempt.now),
        }
    }

    /// Reads what [`Self::client`] needs.
    async fn load_client(
        &self,
        attempt: &Attempt<'_>,
        id: &str,
        line: &mut Line,
    ) -> Result<(), BrokerError> {
        if attempt.config.client(id).is_some() {
            if !self.registry.shadow_checked(id) && self.registry.shadows_entry(id).await {
                line.found_faults(vec![format!(
                    "REGISTRY.{id}: is in CLIENTS as well, which wins"
                )]);
            }
            return Ok(());
        }
        if self.client(attempt, id).is_err() {
            match self.registry.read(attempt.config, id, attempt.now).await {
                Ok(None) => {}
                Ok(Some(EntryFault::Ignored(why))) => line.registry_failed(why),
                Ok(Some(EntryFault::Invalid(faults))) => {
                    line.found_faults(faults.iter().map(ToString::to_string).collect());
                }
                Err(error) => unreachable(error, line)?,
            }
        }
        Ok(())
    }

    /// Reads what [`Self::client_of`] needs for the owner of `key`.
    async fn load_owner(
        &self,
        attempt: &Attempt<'_>,
        listed: Option<&Rc<Client>>,
        key: &OwnerKey,
        line: &mut Line,
    ) -> Result<(), BrokerError> {
        if let Some(client) = listed {
            return self.load_client(attempt, &client.id, line).await;
        }
        let owner = match self.registry.recall_owner(key, attempt.now) {
            Ok(owner) => Ok(owner),
            Err(NeedsIo) => self.registry.read_owner(key, attempt.now).await,
        };
        match owner {
            Ok(Some(id)) => self.load_client(attempt, &id, line).await,
            Ok(None) => Ok(()),
            Err(error) => unreachable(error, line),
        }
    }
}

/// What the caller is told while KV does not answer. A value that is longer than any entry is as good
/// as none.
fn unreachable(Unreachable(error): Unreachable, line: &mut Line) -> Result<(), BrokerError> {
    line.registry_failed(error.name());
    match error {
        StoreError::TooLarge => Ok(()),
        _ => Err(BrokerError::RegistryUnavailable),
    }
}
