//! Who calls? A proof, verified against the clients of the configuration and of the registry.
//!
//! Most callers are recognized by plain synchronous code. What takes I/O is an entry of the
//! registry that was not read yet, and a JWT that was not seen yet.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

pub mod issuer;
pub mod ledger;
pub mod ports;
pub mod presented;
pub mod proofs;
pub mod registry;
pub mod seen;

use std::rc::Rc;

use crate::base::keys::SealingKey;
use crate::base::origin::is_trustworthy;
use crate::base::ports::{Clock, Entropy};
use crate::base::time::UnixMillis;
use crate::callers::issuer::JwtVerifier;
use crate::callers::ledger::UsedAssertions;
use crate::callers::ports::{
    AssertionLedger, ClientEntries, IssuerEndpoint, KeySetTier, SignatureVerifier,
};
use crate::callers::presented::Proof;
use crate::callers::proofs::Caller;
use crate::callers::registry::{Proved, Registry, RegistryFault, Unread};
use crate::callers::seen::VerifiedJwts;
use crate::config::{CertificateFingerprint, Client, Config, KeyDigest};
use crate::error::{BrokerError, Presented};
use crate::jwt::{Jwt, JwtFault, JwtSubject, Profile, Trust};
use crate::log::Event;

/// What an isolate knows of its callers, over ports.
#[derive(Debug)]
pub struct Callers<S, V, L> {
    /// The clients that are not in `CLIENTS`.
    pub registry: Registry<S>,
    /// Verifies JWTs.
    pub jwts: V,
    /// Those that it found good.
    pub verified: VerifiedJwts<Caller>,
    /// Those that are not good again, as far as this isolate knows.
    pub used: UsedAssertions,
    /// The same for the whole network.
    pub ledger: L,
}

/// Verifies JWTs: [`crate::callers::issuer::JwtVerifier`], whatever its ports.
pub trait Verifier {
    /// Whom `jwt` names, once everything about it has been found good under `trust`.
    async fn authenticate(
        &self,
        jwt: &Jwt,
        trust: &Trust,
        profile: Profile,
        sealing_key: &SealingKey,
    ) -> Result<JwtSubject, JwtFault>;
}

impl<E, K, S, C, R> Verifier for JwtVerifier<E, K, S, C, R>
where
    E: IssuerEndpoint,
    K: KeySetTier,
    S: SignatureVerifier,
    C: Clock,
    R: Entropy,
{
    async fn authenticate(
        &self,
        jwt: &Jwt,
        trust: &Trust,
        profile: Profile,
        sealing_key: &SealingKey,
    ) -> Result<JwtSubject, JwtFault> {
        Self::authenticate(self, jwt, trust, profile, sealing_key).await
    }
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

impl<S: ClientEntries, V: Verifier, L: AssertionLedger> Callers<S, V, L> {
    /// Who presents the proof.
    ///
    /// # Errors
    /// [`Unread`]: [`Callers::authenticate`] finds out.
    pub fn recognize(
        &self,
        calling: &Calling<'_>,
        event: &mut Event,
    ) -> Result<Result<Caller, BrokerError>, Unread> {
        match calling.proof {
            Proof::Secret(credentials) => {
                let client = self.client(calling, &credentials.client_id)?;
                // An id that is nobody's may be a misplaced key: it stays out of the log.
                event.client_id = client.as_ref().map(|client| client.id.clone());
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
                event.client_id = client.as_ref().map(|client| client.id.clone());
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
        event: &mut Event,
    ) -> Result<Caller, BrokerError> {
        match calling.proof {
            Proof::Secret(credentials) => {
                self.learn(calling, &credentials.client_id, event).await?;
            }
            Proof::ServiceBinding { client_id } => self.learn(calling, client_id, event).await?,
            Proof::Key(key) => {
                let digest = KeyDigest::of(key);
                let known = calling.config.client_with_key(&digest);
                self.learn_owner(calling, known, &Proved::key(&digest), event).await?;
            }
            Proof::Certificate { client_id: Some(id), .. } => {
                self.learn(calling, id, event).await?;
            }
            Proof::Certificate { fingerprint, .. } => {
                if let Some(fingerprint) = CertificateFingerprint::parse(fingerprint) {
                    let known = calling.config.client_with_certificate(&fingerprint);
                    let proved = Proved::Certificate(fingerprint);
                    self.learn_owner(calling, known, &proved, event).await?;
                }
            }
            Proof::Jwt { .. } | Proof::Assertion { .. } => {
                return self.authenticate_jwt(calling, event).await;
            }
        }
        // What was just learnt may be forgotten only where very many ask at once.
        self.recognize(calling, event).unwrap_or(Err(BrokerError::RegistryUnavailable))
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
        event: &mut Event,
    ) -> Result<(), BrokerError> {
        if calling.config.client(id).is_some() {
            if !self.registry.is_compared(id) && self.registry.has_also(id).await {
                event.found_faults(vec![format!(
                    "REGISTRY.{id}: is in CLIENTS as well, which wins"
                )]);
            }
            return Ok(());
        }
        if self.client(calling, id).is_err() {
            let read = self.registry.read(calling.config, id, calling.now).await;
            read.map(drop).or_else(|fault| told(fault, event))?;
        }
        Ok(())
    }

    async fn learn_owner(
        &self,
        calling: &Calling<'_>,
        found: Option<&Rc<Client>>,
        proved: &Proved,
        event: &mut Event,
    ) -> Result<(), BrokerError> {
        if let Some(client) = found {
            return self.learn(calling, &client.id, event).await;
        }
        let owner = match self.registry.recall_owner(proved, calling.now) {
            Ok(owner) => Ok(owner),
            Err(Unread) => self.registry.read_owner(proved, calling.now).await,
        };
        match owner {
            Ok(Some(id)) => self.learn(calling, &id, event).await,
            Ok(None) => Ok(()),
            Err(fault) => told(fault, event),
        }
    }
}

/// What a fault of the registry means for the caller. An entry that somebody else wrote is as good
/// as none.
fn told(fault: RegistryFault, event: &mut Event) -> Result<(), BrokerError> {
    match fault {
        RegistryFault::NotAuthentic => {
            event.registry_failed("not_authentic");
            Ok(())
        }
        RegistryFault::Unreachable(error) => {
            event.registry_failed(error.name());
            Err(BrokerError::RegistryUnavailable)
        }
        RegistryFault::Invalid(faults) => {
            event.found_faults(faults.iter().map(ToString::to_string).collect());
            Err(BrokerError::Misconfigured)
        }
    }
}
