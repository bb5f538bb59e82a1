//! Parses the bindings into a [`Config`], once in each isolate.
//!
//! All faults are collected. A fault names its field and a reason, and never the value: an operator
//! may have put a secret into the wrong field.

mod apis;
mod clients;
mod credentials;
mod grant;
mod issuers;
mod keys;
mod origins;
mod pins;
mod proofs;
mod trust;

use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};

pub use apis::{Api, ApiGrant};
pub use clients::Client;
pub use credentials::DEFAULT_CREDENTIAL;
pub use grant::Grant;

pub use crate::settings::examples::WELL_KNOWN_KEYS;
pub use crate::settings::name::is_client_id;
pub use crate::settings::{Binding, Bindings, Fault, Reason};
pub use crate::upstream::credential::Credential;
pub use proofs::{AcceptedProofs, CertificateFingerprint, KeyDigest};

use self::clients::Grantable;
use crate::base::base_path::BasePath;
use crate::base::keys::{CacheKey, RegistryKey, SealingKey};
use crate::base::time::UnixMillis;
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
    apis: apis::Apis,
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
    /// The path below which the broker answers.
    pub base_path: BasePath,
}

impl Config {
    /// Parses the bindings.
    ///
    /// # Errors
    /// Every fault found, in the order of the fields.
    pub fn parse(bindings: &impl Bindings) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let cache_key = keys::key(bindings, "CACHE_KEY", &mut faults).map(CacheKey::new);
        let base_path = faults.ok("BASE_PATH", base_path(bindings)).unwrap_or_default();
        let (own_issuer, published) =
            federation::settings::parse(bindings, base_path.as_str(), &mut faults);
        let credentials =
            credentials::parse(bindings, cache_key.as_ref(), &own_issuer, &mut faults);
        if let Ok(own_issuer) = own_issuer {
            own_issuer.forget_others();
        }
        let own_origin =
            published.issuer.as_deref().and_then(|url| url.strip_suffix(base_path.as_str()));
        let own = own_origin.map(|origin| (origin, &base_path));
        let apis = apis::parse(bindings, &credentials, own, &mut faults);
        let grantable = Grantable { credentials: &credentials, apis: &apis };
        let clients = clients::parse(bindings, &grantable, &mut faults);
        let log_hits = boolean(bindings, "LOG_HITS", true, &mut faults);
        let allow_http = boolean(bindings, "ALLOW_HTTP", false, &mut faults);
        let registry_key = keys::registry_key(bindings, &mut faults);
        faults.into_result()?;
        let first_credential = credentials.parsed.first().map(Rc::clone).ok_or_else(Vec::new)?;
        let has_origins = clients.iter().any(|client| !client.origins.is_empty());
        Ok(Self {
            credentials,
            first_credential,
            apis,
            clients,
            has_origins,
            log_hits,
            allow_http,
            registry_key,
            published,
            base_path,
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
        let grantable = Grantable { credentials: &self.credentials, apis: &self.apis };
        let mut client = field::parse("REGISTRY", json, &mut faults)
            .map(|value| Field::new(format!("REGISTRY.{id}"), value))
            .and_then(|field| clients::client(id, field, &self.clients, &grantable, &mut faults));
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

    /// The API `name`. Case counts.
    #[must_use]
    pub fn api(&self, name: &str) -> Option<&Rc<Api>> {
        self.apis().find(|api| api.name == name)
    }

    /// Every API.
    pub fn apis(&self) -> impl Iterator<Item = &Rc<Api>> {
        self.apis.parsed.iter()
    }

    /// Every grant of every client, those with the client capability too, and that of every API.
    pub fn grants(&self) -> impl Iterator<Item = &Rc<Grant>> {
        let of_clients = self.clients.iter().flat_map(|client| &client.grants);
        of_clients.chain(self.apis().map(|api| &api.grant))
    }

    /// The grants to keep warm: one for each token, also if several clients and APIs have it.
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

/// `BASE_PATH`. Without the binding it is empty.
///
/// # Errors
/// The binding is no text, or [a fault of the path](crate::base::base_path::BasePathFault).
pub fn base_path(bindings: &dyn Bindings) -> Result<BasePath, Reason> {
    match bindings.binding("BASE_PATH") {
        Binding::Absent => Ok(BasePath::default()),
        Binding::Text(text) => Ok(BasePath::parse(text.expose_secret())?),
        _ => Err(Reason::NotText),
    }
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
