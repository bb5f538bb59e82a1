//! Who calls? A proof, verified against the clients of the configuration and of the registry.
//!
//! Most callers are recognized by plain synchronous code. What takes I/O is an entry of the
//! registry that was not read yet, and a JWT that was not seen yet.

pub mod issuer;
pub mod ledger;
pub mod ports;
pub mod presented;
pub mod proofs;
pub mod registry;
pub mod seen;

use std::rc::Rc;

use crate::base::origin::is_trustworthy;
use crate::base::time::UnixMillis;
use crate::callers::issuer::JwtVerifier;
use crate::callers::ledger::UsedAssertions;
use crate::callers::ports::CallerPorts;
use crate::callers::presented::Proof;
use crate::callers::proofs::Caller;
use crate::callers::registry::{Proved, Registry, RegistryFault, Unread};
use crate::callers::seen::VerifiedJwts;
use crate::config::{CertificateFingerprint, Client, Config, KeyDigest};
use crate::error::{BrokerError, Presented};
use crate::log::Line;

/// What an isolate knows of its callers, over ports.
pub struct Callers<P: CallerPorts> {
    /// The clients that are not in `CLIENTS`.
    pub registry: Registry<P::Store>,
    /// Verifies JWTs.
    pub jwts: JwtVerifier<P>,
    /// Those that it found good.
    pub seen: VerifiedJwts<Caller>,
    /// Those that are not good again, as far as this isolate knows.
    pub used: UsedAssertions,
    /// The same for the whole network.
    pub ledger: P::Ledger,
}

/// One caller on the way to being known.
#[derive(Debug)]
pub struct Calling<'a> {
    /// The clients of `CLIENTS`.
    pub config: &'a Config,
    /// What the caller presents.
    pub proof: &'a Proof,
    /// When.
    pub now: UnixMillis,
}

impl<P: CallerPorts> Callers<P> {
    /// Who presents the proof.
    ///
    /// # Errors
    /// [`Unread`]: [`Callers::authenticate`] finds out.
    pub fn recognize(
        &self,
        calling: &Calling<'_>,
        line: &mut Line,
    ) -> Result<Result<Caller, BrokerError>, Unread> {
        match calling.proof {
            Proof::Secret(credentials) => {
                let client = self.client(calling, &credentials.client_id)?;
                // An id that is nobody's may be a misplaced key: it stays out of the log.
                line.client_id = client.as_ref().map(|client| client.id.clone());
                Ok(proofs::by_secret(client.as_ref(), credentials))
            }
            Proof::Key(key) => {
                let digest = KeyDigest::of(key);
                let known = calling.config.client_with_key(&digest);
                let client = self.owner(calling, known, &Proved::key(&digest))?;
                Ok(proofs::by_key(client.as_ref(), &digest))
            }
            Proof::ServiceBinding { client_id } => {
                let client = self.client(calling, client_id)?;
                line.client_id = client.as_ref().map(|client| client.id.clone());
                Ok(proofs::by_service_binding(client.as_ref()))
            }
            Proof::Certificate { fingerprint, client_id } => {
                let Some(fingerprint) = CertificateFingerprint::parse(fingerprint) else {
                    return Ok(Err(BrokerError::InvalidClient(Presented::Certificate)));
                };
                let client = if let Some(id) = client_id {
                    self.client(calling, id)?
                } else {
                    let known = calling.config.client_with_certificate(&fingerprint);
                    self.owner(calling, known, &Proved::Certificate(fingerprint))?
                };
                Ok(proofs::by_certificate(client.as_ref(), &fingerprint))
            }
            Proof::Jwt { .. } | Proof::Assertion { .. } => self.recall_jwt(calling).map(Ok),
        }
    }

    /// Who presents the proof.
    ///
    /// # Errors
    /// That nobody does, or that it cannot be known now.
    pub async fn authenticate(
        &self,
        calling: &Calling<'_>,
        line: &mut Line,
    ) -> Result<Caller, BrokerError> {
        match calling.proof {
            Proof::Secret(credentials) => {
                self.learn(calling, &credentials.client_id, line).await?;
            }
            Proof::ServiceBinding { client_id } => self.learn(calling, client_id, line).await?,
            Proof::Key(key) => {
                let digest = KeyDigest::of(key);
                let known = calling.config.client_with_key(&digest);
                self.learn_owner(calling, known, &Proved::key(&digest), line).await?;
            }
            Proof::Certificate { client_id: Some(id), .. } => {
                self.learn(calling, id, line).await?;
            }
            Proof::Certificate { fingerprint, .. } => {
                if let Some(fingerprint) = CertificateFingerprint::parse(fingerprint) {
                    let known = calling.config.client_with_certificate(&fingerprint);
                    let proved = Proved::Certificate(fingerprint);
                    self.learn_owner(calling, known, &proved, line).await?;
                }
            }
            Proof::Jwt { .. } | Proof::Assertion { .. } => {
                return self.authenticate_jwt(calling, line).await;
            }
        }
        // What was just learnt may be forgotten only where very many ask at once.
        self.recognize(calling, line).unwrap_or(Err(BrokerError::RegistryUnavailable))
    }

    /// Whether some client lists this origin.
    pub async fn lists_origin(&self, config: &Config, origin: &str, now: UnixMillis) -> bool {
        if config.lists_origin(origin) {
            return true;
        }
        if !is_trustworthy(origin) {
            return false;
        }
        let proved = Proved::Origin(origin.to_owned());
        match self.registry.recall_owner(&proved, now) {
            Ok(owner) => owner.is_some(),
            Err(Unread) => {
                self.registry.read_owner(&proved, now).await.is_ok_and(|owner| owner.is_some())
            }
        }
    }

    /// The client called `id`; `CLIENTS` wins over the registry.
    fn client(&self, calling: &Calling<'_>, id: &str) -> Result<Option<Rc<Client>>, Unread> {
        match calling.config.client(id) {
            Some(client) if self.registry.is_compared(id) => Ok(Some(Rc::clone(client))),
            Some(_) => Err(Unread),
            None => self.registry.recall(id, calling.now),
        }
    }

    /// The client that `proved` belongs to: the one of `CLIENTS`, else one of the registry.
    fn owner(
        &self,
        calling: &Calling<'_>,
        found: Option<&Rc<Client>>,
        proved: &Proved,
    ) -> Result<Option<Rc<Client>>, Unread> {
        if let Some(client) = found {
            return self.client(calling, &client.id);
        }
        match self.registry.recall_owner(proved, calling.now)? {
            Some(id) => self.client(calling, &id),
            None => Ok(None),
        }
    }

    async fn learn(
        &self,
        calling: &Calling<'_>,
        id: &str,
        line: &mut Line,
    ) -> Result<(), BrokerError> {
        if calling.config.client(id).is_some() {
            if !self.registry.is_compared(id) && self.registry.has_also(id).await {
                line.found_faults(vec![format!(
                    "REGISTRY.{id}: is in CLIENTS as well, which wins"
                )]);
            }
            return Ok(());
        }
        if self.client(calling, id).is_err() {
            let read = self.registry.read(calling.config, id, calling.now).await;
            read.map(drop).or_else(|fault| told(fault, line))?;
        }
        Ok(())
    }

    async fn learn_owner(
        &self,
        calling: &Calling<'_>,
        found: Option<&Rc<Client>>,
        proved: &Proved,
        line: &mut Line,
    ) -> Result<(), BrokerError> {
        if let Some(client) = found {
            return self.learn(calling, &client.id, line).await;
        }
        let owner = match self.registry.recall_owner(proved, calling.now) {
            Ok(owner) => Ok(owner),
            Err(Unread) => self.registry.read_owner(proved, calling.now).await,
        };
        match owner {
            Ok(Some(id)) => self.learn(calling, &id, line).await,
            Ok(None) => Ok(()),
            Err(fault) => told(fault, line),
        }
    }
}

/// What a fault of the registry means for the caller. An entry that somebody else wrote is as good
/// as none.
fn told(fault: RegistryFault, line: &mut Line) -> Result<(), BrokerError> {
    match fault {
        RegistryFault::NotAuthentic => {
            line.registry_failed("not_authentic");
            Ok(())
        }
        RegistryFault::Unreachable(error) => {
            line.registry_failed(error.name());
            Err(BrokerError::RegistryUnavailable)
        }
        RegistryFault::Invalid(faults) => {
            line.found_faults(faults.iter().map(ToString::to_string).collect());
            Err(BrokerError::Misconfigured)
        }
    }
}
