//! Clients: who may call the broker, and which tokens each client may get.

use std::rc::Rc;

use super::Bindings;
use super::credentials::Credentials;
use super::origins;
use super::proofs::{self, AcceptedProofs, CertificateFingerprint, KeyDigest, Listed};
use crate::base::origin::Origin;
use crate::base::sorted_map::SortedMap;
use crate::oauth::scope::ScopeSet;
use crate::settings::field::{self, Field, required};
use crate::settings::name::name_of;
use crate::settings::{Fault, Faults, Reason};
use crate::upstream::credential::Credential;
use crate::upstream::token_key::TokenKey;

/// A caller that the configuration knows.
#[derive(Debug)]
pub struct Client {
    /// `client_id` (RFC 6749 §2.2).
    pub id: String,
    /// How it proves its identity.
    pub proofs: AcceptedProofs,
    /// The origins whose pages may read the replies (CORS). Most clients have none.
    pub origins: Vec<Origin>,
    /// Its grants, at least one if the entry has no fault. One that says `cae = true` is two: the other
    /// one has the client capability.
    pub grants: Vec<Rc<Grant>>,
    /// The first fault of its entry, which is in the registry, and how many there are. Such a client
    /// can prove its identity, and gets no token.
    pub fault: Option<(Fault, usize)>,
}

impl Client {
    /// The grant for the token of `grant` with the client capability, if there is one.
    #[must_use]
    pub fn capable(&self, grant: &Grant) -> Option<&Rc<Grant>> {
        let is_same = |other: &Grant| {
            Rc::ptr_eq(&other.credential, &grant.credential) && other.scope == grant.scope
        };
        self.grants.iter().find(|other| other.capability && is_same(other))
    }

    /// Whether pages of `origin` may read what this client gets.
    #[must_use]
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|listed| listed.as_str() == origin)
    }
}

/// The permission to get one token.
#[derive(Debug)]
pub struct Grant {
    /// The credential that fetches the token.
    pub credential: Rc<Credential>,
    /// The scope of the token.
    pub scope: ScopeSet,
    /// Whether the token is renewed also when no caller requests it.
    pub keep_warm: bool,
    /// The token's name in every tier, computed once.
    pub token_key: TokenKey,
    /// Whether the token has the client capability `CP1`. Such a token may live for a day, and is
    /// for clients that answer claims challenges.
    pub capability: bool,
}

impl Grant {
    /// A grant without the capability, or with it.
    #[must_use]
    pub fn new(
        credential: &Rc<Credential>,
        scope: ScopeSet,
        keep_warm: bool,
        capability: bool,
    ) -> Self {
        let token_key = credential.token_key(&scope, capability);
        let credential = Rc::clone(credential);
        Self { credential, scope, keep_warm, token_key, capability }
    }

    /// Two credentials may be the same application under two names, and so have one token.
    fn is(&self, other: &Self) -> bool {
        self.token_key == other.token_key && Rc::ptr_eq(&self.credential, &other.credential)
    }
}

/// All clients, by id, by client key and by certificate.
#[derive(Debug, Default)]
pub(super) struct Clients {
    all: SortedMap<String, Rc<Client>>,
    keys: SortedMap<u64, Vec<(KeyDigest, Rc<Client>)>>,
    certificates: SortedMap<CertificateFingerprint, Rc<Client>>,
}

impl Clients {
    pub(super) fn by_id(&self, id: &str) -> Option<&Rc<Client>> {
        self.all.get(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Rc<Client>> {
        self.all.values()
    }

    /// Looks up by a prefix of the digest, then compares all of it in constant time.
    pub(super) fn by_key(&self, digest: &KeyDigest) -> Option<&Rc<Client>> {
        let candidates = self.keys.get(&digest.prefix())?;
        candidates.iter().find(|(key, _)| key.matches(digest)).map(|(_, client)| client)
    }

    pub(super) fn by_certificate(
        &self,
        fingerprint: &CertificateFingerprint,
    ) -> Option<&Rc<Client>> {
        self.certificates.get(fingerprint)
    }

    fn add(&mut self, client: Client) {
        let client = Rc::new(client);
        for key in &client.proofs.keys {
            let proved = (*key, Rc::clone(&client));
            match self.keys.get_mut(&key.prefix()) {
                Some(same_prefix) => same_prefix.push(proved),
                None => self.keys.insert(key.prefix(), vec![proved]),
            }
        }
        for certificate in &client.proofs.certificates {
            self.certificates.insert(*certificate, Rc::clone(&client));
        }
        self.all.insert(client.id.clone(), client);
    }
}

impl Listed for Clients {
    fn lists_key(&self, digest: &KeyDigest) -> bool {
        self.by_key(digest).is_some()
    }

    fn lists_certificate(&self, fingerprint: &CertificateFingerprint) -> bool {
        self.by_certificate(fingerprint).is_some()
    }
}

pub(super) fn parse(
    bindings: &impl Bindings,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Clients {
    let mut clients = Clients::default();
    let registry = !matches!(bindings.binding("REGISTRY"), super::Binding::Absent);
    if !registry && matches!(bindings.binding("CLIENTS"), super::Binding::Absent) {
        faults.add("CLIENTS", Reason::Missing);
    }
    let entries = field::of_binding(bindings, "CLIENTS", faults)
        .and_then(|table| Field::new("CLIENTS", table).into_entries(faults));
    for (id, field) in entries.unwrap_or_default() {
        if let Some(client) = client(&id, field, &clients, credentials, faults) {
            clients.add(client);
        }
    }
    clients
}

/// The client of one entry, in `CLIENTS` or in the registry, if it is a table. It counts only if there
/// is no fault.
pub(super) fn client(
    id: &str,
    field: Field,
    others: &Clients,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Option<Client> {
    let path = field.path.clone();
    let id = faults.ok(path.clone(), name_of(id));
    let [keys, service_binding, jwt, certificates] = proofs::FIELDS;
    let [keys, service_binding, jwt, certificates, origins, allow] = field
        .into_fields([keys, service_binding, jwt, certificates, "origins", "allow"], faults)?;
    let proofs = proofs::parse([keys, service_binding, jwt, certificates], &path, others, faults);
    let origins = origins.map_or_else(Vec::new, |field| origins::parse(field, faults));
    let grants = required(allow, &path, "allow", faults)
        .and_then(|field| field.into_list(faults))
        .map(|fields| distinct_grants(fields, credentials, faults));
    let grants = grants.unwrap_or_default();
    Some(Client { id: id?, proofs, origins, grants, fault: None })
}

/// The grants of a list. A grant that is listed twice is one grant.
fn distinct_grants(
    fields: Vec<Field>,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Vec<Rc<Grant>> {
    let mut grants: Vec<Rc<Grant>> = Vec::new();
    for field in fields {
        let Some((new, capable)) = grant(field, credentials, faults) else { continue };
        for new in [Some(new), capable].into_iter().flatten().map(Rc::new) {
            match grants.iter_mut().find(|old| old.is(&new)) {
                Some(old) if new.keep_warm => *old = new,
                Some(_) => {}
                None => grants.push(new),
            }
        }
    }
    grants
}

/// The grant of one entry, and with `cae = true` the one with the client capability.
fn grant(
    field: Field,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Option<(Grant, Option<Grant>)> {
    let path = field.path.clone();
    let [credential, scope, keep_warm, cae] =
        field.into_fields(["credential", "scope", "keep_warm", "cae"], faults)?;
    let [keep_warm, cae] = [keep_warm, cae]
        .map(|field| field.and_then(|field| field.into_bool(faults)).unwrap_or(false));
    let name =
        required(credential, &path, "credential", faults).and_then(|field| field.into_text(faults));
    let known = credentials.parsed.iter().find(|known| Some(&known.name) == name.as_ref());
    let is_named = name.as_ref().is_some_and(|name| credentials.names.contains(name));
    let needs_scope = known.map_or(!is_named, |credential| credential.needs_scope());
    let takes_scope = known.is_none_or(|credential| credential.server.takes_scope());
    let scope = match scope {
        Some(scope) if !takes_scope => faults.ok(scope.path, Err(Reason::ScopeOfNoUse)),
        None if !needs_scope => Some(ScopeSet::none()),
        scope => required(scope, &path, "scope", faults)
            .and_then(|field| field.into_text(faults))
            .and_then(|text| {
                let parsed = ScopeSet::parse(&text).map_err(|_| Reason::NotAScope);
                faults.ok(format!("{path}.scope"), parsed)
            }),
    };
    if name.is_some() && !is_named {
        faults.add(format!("{path}.credential"), Reason::NoSuchCredential);
    }
    let (credential, scope) = (known?, scope?);
    if cae && !credential.server.takes_capability() {
        faults.add(format!("{path}.cae"), Reason::CapabilityOfNoUse);
    }
    let capable = cae.then(|| Grant::new(credential, scope.clone(), keep_warm, true));
    Some((Grant::new(credential, scope, keep_warm, false), capable))
}
