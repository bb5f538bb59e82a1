//! Parses the bindings into a [`Config`], once in each isolate.
//!
//! All faults are collected. A fault names its field and a reason, and never the value: an operator
//! may have put a secret into the wrong field.

mod clients;
mod credentials;
mod issuers;
mod origins;
mod pins;
mod proofs;
mod trust;

use std::rc::Rc;

use base64ct::{Base64, Encoding};
use secrecy::{ExposeSecret, SecretBox, SecretString};

pub use clients::{Client, Grant};
pub use credentials::DEFAULT_CREDENTIAL;

pub use crate::settings::examples::WELL_KNOWN_KEYS;
pub use crate::settings::name::is_client_id;
pub use crate::settings::{Binding, Bindings, Fault, Reason};
pub use crate::upstream::credential::Credential;
pub use proofs::{AcceptedProofs, CertificateFingerprint, KeyDigest};

use crate::base::keys::{CacheKey, RegistryKey, SealingKey};
use crate::base::time::UnixMillis;
use crate::settings::binding::{is_bound, secret};
use crate::settings::stored::WithStored;
use crate::settings::{Faults, Field, field};
use crate::upstream::federation;
use crate::upstream::federation::published::Published;
use crate::upstream::secrets::Secrets;

/// The configuration, valid by construction.
#[derive(Debug)]
pub struct Config {
    credentials: credentials::Credentials,
    first_credential: Rc<Credential>,
    clients: clients::Clients,
    /// Whether any client of `CLIENTS` lists an origin.
    pub has_origins: bool,
    /// Whether hits are written to the request log.
    pub log_hits: bool,
    /// Whether proofs may come over plain http, because TLS ends elsewhere.
    pub allow_http: bool,
    /// `REGISTRY_KEY`: authenticates the entries of the registry.
    pub registry_key: Option<RegistryKey>,
    /// What the broker publishes of its own issuer.
    pub published: Published,
}

impl Config {
    /// Parses the bindings.
    ///
    /// # Errors
    /// Every fault found, in the order of the fields.
    pub fn parse(bindings: &impl Bindings) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let cache_key = key(bindings, "CACHE_KEY", &mut faults).map(CacheKey::new);
        let (own_issuer, published) = federation::settings::parse(bindings, &mut faults);
        let credentials =
            credentials::parse(bindings, cache_key.as_ref(), &own_issuer, &mut faults);
        if let Ok(own_issuer) = own_issuer {
            own_issuer.forget_others();
        }
        let clients = clients::parse(bindings, &credentials, &mut faults);
        let log_hits = boolean(bindings, "LOG_HITS", true, &mut faults);
        let allow_http = boolean(bindings, "ALLOW_HTTP", false, &mut faults);
        let registry_key = registry_key(bindings, &mut faults);
        faults.into_result()?;
        let first_credential = credentials.parsed.first().map(Rc::clone).ok_or_else(Vec::new)?;
        let has_origins = clients.iter().any(|client| !client.origins.is_empty());
        Ok(Self {
            credentials,
            first_credential,
            clients,
            has_origins,
            log_hits,
            allow_http,
            registry_key,
            published,
        })
    }

    /// The configuration with the values that were read from Secrets Store, which learns the names of what is
    /// to be read. At the first time, as [`Self::parse_at`]; later, as [`Self::parse`]: an expired
    /// certificate must not keep the secrets of other credentials from use.
    ///
    /// # Errors
    /// Every fault found. A secret that has not been read is one.
    pub fn with_secrets(
        bindings: &dyn Bindings,
        secrets: &Secrets,
        first_at: Option<UnixMillis>,
    ) -> Result<Self, Vec<Fault>> {
        let bindings = WithStored::new(bindings, secrets.take());
        let config = match first_at {
            Some(now) => Self::parse_at(&bindings, now),
            None => Self::parse(&bindings),
        };
        secrets.are_called(bindings.into_wanted());
        config
    }

    /// [`Self::parse`], and no credential has only certificates that have expired at `now`.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse_at(bindings: &impl Bindings, now: UnixMillis) -> Result<Self, Vec<Fault>> {
        let config = Self::parse(bindings)?;
        let mut faults = Faults::default();
        for credential in &config.credentials.parsed {
            for certificate in credential.expired_certificates(now) {
                faults.add(certificate.field.clone(), Reason::ExpiredCertificate);
            }
        }
        faults.into_result().map(|()| config)
    }

    /// The client `id`, from its entry in the registry, and every fault of the entry. The fields are
    /// those of `CLIENTS`. With a fault the client [has it](Client::fault), and without proofs there
    /// is none.
    #[must_use]
    pub fn registered(&self, id: &str, json: &[u8]) -> (Option<Client>, Vec<Fault>) {
        let mut faults = Faults::default();
        let mut client = field::parse("REGISTRY", json, &mut faults)
            .map(|value| Field::new(format!("REGISTRY.{id}"), value))
            .and_then(|field| {
                clients::client(id, field, &self.clients, &self.credentials, &mut faults)
            });
        if client.as_ref().is_some_and(|client| client.grants.iter().any(|grant| grant.keep_warm)) {
            faults.add(format!("REGISTRY.{id}.allow"), Reason::KeptWarmInRegistry);
        }
        let faults = faults.into_result().err().unwrap_or_default();
        if let Some(client) = &mut client {
            client.fault = faults.first().map(|first| (first.clone(), faults.len()));
        }
        (client, faults)
    }

    /// The client `id`, from an entry in the registry without a fault.
    ///
    /// # Errors
    /// Every fault found.
    pub fn registered_client(&self, id: &str, json: &[u8]) -> Result<Client, Vec<Fault>> {
        let (client, faults) = self.registered(id, json);
        client.filter(|client| client.fault.is_none()).ok_or(faults)
    }

    /// The client `id`.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<&Rc<Client>> {
        self.clients.by_id(id)
    }

    /// The client that has a client key with this digest.
    #[must_use]
    pub fn client_with_key(&self, digest: &KeyDigest) -> Option<&Rc<Client>> {
        self.clients.by_key(digest)
    }

    /// The client that lists this certificate.
    #[must_use]
    pub fn client_with_certificate(
        &self,
        fingerprint: &CertificateFingerprint,
    ) -> Option<&Rc<Client>> {
        self.clients.by_certificate(fingerprint)
    }

    /// Every client of `CLIENTS`.
    pub fn clients(&self) -> impl Iterator<Item = &Rc<Client>> {
        self.clients.iter()
    }

    /// Whether some client of `CLIENTS` lists this origin.
    #[must_use]
    pub fn lists_origin(&self, origin: &str) -> bool {
        self.clients().any(|client| client.has_origin(origin))
    }

    /// Every grant of every client, those with the client capability too.
    pub fn grants(&self) -> impl Iterator<Item = &Rc<Grant>> {
        self.clients.iter().flat_map(|client| &client.grants)
    }

    /// The grants to keep warm: one for each token, also if several clients have it.
    #[must_use]
    pub fn kept_warm(&self) -> Vec<Rc<Grant>> {
        let mut kept: Vec<Rc<Grant>> = Vec::new();
        for grant in self.grants().filter(|grant| grant.keep_warm) {
            if kept.iter().all(|known| known.token_key != grant.token_key) {
                kept.push(Rc::clone(grant));
            }
        }
        kept
    }

    /// The key for sealing values that belong to no credential. It is the first credential's.
    #[must_use]
    pub fn sealing_key(&self) -> &SealingKey {
        &self.first_credential.sealing_key
    }

    /// What [`Self::sealing_key`] is for a version of the broker with another first secret, during a
    /// rotation. They open messages of that version.
    #[must_use]
    pub fn other_sealing_keys(&self) -> &[SealingKey] {
        &self.first_credential.other_sealing_keys
    }

    /// Every credential.
    pub fn credentials(&self) -> impl Iterator<Item = &Rc<Credential>> {
        self.credentials.parsed.iter()
    }

    /// The credential called `name`. Case does not count: MSAL writes what it takes for a tenant in lower
    /// case.
    #[must_use]
    pub fn credential(&self, name: &str) -> Option<&Rc<Credential>> {
        self.credentials().find(|credential| credential.name.eq_ignore_ascii_case(name))
    }

    /// The credential called `text`, else the credentials of the tenant `text`.
    pub fn credentials_named<'a>(
        &'a self,
        text: &'a str,
    ) -> impl Iterator<Item = &'a Rc<Credential>> {
        let named = self.credential(text);
        self.credentials().filter(move |credential| match named {
            Some(named) => Rc::ptr_eq(named, credential),
            None => credential.server.is_called(text),
        })
    }
}

/// The registry key. A registry requires it: without it no entry could be verified.
fn registry_key(bindings: &impl Bindings, faults: &mut Faults) -> Option<RegistryKey> {
    let is_absent = matches!(bindings.secret("REGISTRY_KEY"), Binding::Absent);
    if is_bound(bindings, "REGISTRY") && is_absent {
        faults.add("REGISTRY_KEY", Reason::Missing);
    }
    key(bindings, "REGISTRY_KEY", faults).map(RegistryKey::new)
}

/// A key that an operator chose.
fn key(bindings: &impl Bindings, field: &str, faults: &mut Faults) -> Option<SecretBox<[u8; 32]>> {
    let text = secret(bindings, field, faults)?;
    let mut fault = None;
    let key = SecretBox::init_with_mut(|bytes: &mut [u8; 32]| {
        let decoded = Base64::decode(text.expose_secret().trim(), bytes);
        fault = match decoded {
            Ok(key) if key.len() != 32 => Some(Reason::NotAKey),
            Ok(key) => key.iter().all(|byte| *byte == 0).then_some(Reason::ZeroKey),
            Err(_) => Some(Reason::NotAKey),
        };
    });
    faults.ok(field, fault.map_or(Ok(key), Err))
}

/// A switch: a boolean, or its text.
fn boolean(bindings: &impl Bindings, field: &str, default: bool, faults: &mut Faults) -> bool {
    let text = match bindings.binding(field) {
        Binding::Absent => return default,
        Binding::Text(text) => text,
        Binding::Json(text) => text.into(),
        Binding::Stored | Binding::Unseen => SecretString::default(),
    };
    match text.expose_secret().trim() {
        "true" => true,
        "false" => false,
        _ => {
            faults.add(field, Reason::NotABoolean);
            default
        }
    }
}
