//! Clients: who may call the broker, and which tokens each client may get.

use std::rc::Rc;

use super::Bindings;
use super::apis::{self, ApiGrant, Apis};
use super::credentials::Credentials;
use super::grant::{self, Grant};
use super::origins;
use super::proofs::{self, AcceptedProofs, CertificateFingerprint, KeyDigest, Listed};
use crate::base::origin::Origin;
use crate::base::sorted_map::SortedMap;
use crate::settings::field::{self, Field, required};
use crate::settings::name::name_of;
use crate::settings::{Fault, Faults, Reason};

/// A caller that the configuration knows.
#[derive(Debug)]
pub struct Client {
    /// `client_id` (RFC 6749 §2.2).
    pub id: String,
    /// How it proves its identity.
    pub proofs: AcceptedProofs,
    /// The origins whose pages may read the replies (CORS). Most clients have none.
    pub origins: Vec<Origin>,
    /// Its grants of tokens. One that says `cae = true` is two: the other one has the client capability.
    /// If the entry has no fault, there is one here or in `apis`.
    pub grants: Vec<Rc<Grant>>,
    /// Its grants of APIs. They give it no token.
    pub apis: Vec<ApiGrant>,
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

    /// Adds the grants of an entry of `allow`: of a token, or of an API.
    fn allow(&mut self, field: Field, grantable: &Grantable<'_>, faults: &mut Faults) {
        let path = field.path.clone();
        let [credential, scope, keep_warm, cae] = grant::FIELDS;
        let names = [credential, scope, keep_warm, cae, "api", "methods", "paths"];
        let Some(fields) = field.into_fields(names, faults) else { return };
        let [credential, scope, keep_warm, cae, api, methods, paths] = fields;
        let (of_token, of_api) = ([credential, scope, keep_warm, cae], [methods, paths]);
        if let Some(api) = api {
            for field in of_token.into_iter().flatten() {
                faults.add(field.path, Reason::SaidByApi);
            }
            self.apis.extend(apis::grant(api, of_api, grantable.apis, faults));
            return;
        }
        for field in of_api.into_iter().flatten() {
            faults.add(field.path, Reason::OnlyBeside("api"));
        }
        if let Some((grant, capable)) = grant::parse(of_token, &path, grantable.credentials, faults)
        {
            for new in [Some(grant), capable].into_iter().flatten() {
                self.add(new);
            }
        }
    }

    /// A grant that is listed twice is one grant.
    fn add(&mut self, new: Grant) {
        let new = Rc::new(new);
        match self.grants.iter_mut().find(|old| old.is(&new)) {
            Some(old) if new.keep_warm => *old = new,
            Some(_) => {}
            None => self.grants.push(new),
        }
    }

    /// Whether pages of `origin` may read what this client gets.
    #[must_use]
    pub fn has_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|listed| listed.as_str() == origin)
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

/// What clients can be granted.
pub(super) struct Grantable<'a> {
    pub(super) credentials: &'a Credentials,
    pub(super) apis: &'a Apis,
}

pub(super) fn parse(
    bindings: &impl Bindings,
    grantable: &Grantable<'_>,
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
        if let Some(client) = client(&id, field, &clients, grantable, faults) {
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
    grantable: &Grantable<'_>,
    faults: &mut Faults,
) -> Option<Client> {
    let path = field.path.clone();
    let id = faults.ok(path.clone(), name_of(id));
    let [keys, service_binding, jwt, certificates] = proofs::FIELDS;
    let [keys, service_binding, jwt, certificates, origins, allow] = field
        .into_fields([keys, service_binding, jwt, certificates, "origins", "allow"], faults)?;
    let proofs = proofs::parse([keys, service_binding, jwt, certificates], &path, others, faults);
    let origins = origins.map_or_else(Vec::new, |field| origins::parse(field, faults));
    let allow = required(allow, &path, "allow", faults).and_then(|field| field.into_list(faults));
    let mut client =
        Client { id: id?, proofs, origins, grants: Vec::new(), apis: Vec::new(), fault: None };
    for field in allow.into_iter().flatten() {
        client.allow(field, grantable, faults);
    }
    Some(client)
}
