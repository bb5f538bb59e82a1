//! Clients: who calls the broker, and what each may get.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Bindings;
use super::credentials::{Credential, Credentials, name_of, required};
use super::fault::{Faults, Reason};
use super::json::{self, Field};
use crate::keys::TokenKey;
use crate::oauth::scope::ScopeSet;
use crate::secret::PresentedKey;

/// The SHA-256 of a client key. Compared in constant time.
#[derive(Clone, Copy)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Stands in for the keys of a client that does not exist, so that it costs what others cost.
    pub const OF_NOBODY: Self = Self([0; 32]);

    /// The digest of a presented key.
    #[must_use]
    pub fn of(key: &PresentedKey) -> Self {
        Self(Sha256::digest(key.expose().as_bytes()).into())
    }

    /// Whether both are the same digest; takes equally long for any two.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    fn parse(hex: &str) -> Result<Self, Reason> {
        let mut bytes = [0; 32];
        match base16ct::mixed::decode(hex, &mut bytes) {
            Ok(decoded) if decoded.len() == 32 => Ok(Self(bytes)),
            _ => Err(Reason::NotADigest),
        }
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(REDACTED)")
    }
}

/// Someone who may call the broker.
#[derive(Debug)]
pub struct Client {
    /// `client_id` (RFC 6749 §2.2).
    pub id: String,
    /// What it may get; at least one.
    pub grants: Vec<Rc<Grant>>,
    keys: Vec<KeyDigest>,
}

impl Client {
    /// Whether `digest` is of one of the client's keys; looks at all of them.
    #[must_use]
    pub fn has_key(&self, digest: &KeyDigest) -> bool {
        self.keys.iter().fold(false, |found, key| found | key.matches(digest))
    }
}

/// The permission to get one token.
#[derive(Debug)]
pub struct Grant {
    /// With which credential.
    pub credential: Rc<Credential>,
    /// For which scope.
    pub scope: ScopeSet,
    /// Renewed whether somebody asks or not.
    pub keep_warm: bool,
    /// The token's name in every tier, computed once.
    pub token_key: TokenKey,
}

impl Grant {
    fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.credential, &other.credential) && self.scope == other.scope
    }
}

/// All clients, by id and by key.
#[derive(Debug, Default)]
pub(super) struct Clients {
    by_id: BTreeMap<String, Rc<Client>>,
    by_key: BTreeMap<u64, Vec<(KeyDigest, Rc<Client>)>>,
}

impl Clients {
    pub(super) fn by_id(&self, id: &str) -> Option<&Client> {
        self.by_id.get(id).map(Rc::as_ref)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Client> {
        self.by_id.values().map(Rc::as_ref)
    }

    /// Looks up by the digest's first eight bytes, then compares all of it in constant time.
    /// How long the lookup takes tells at most a prefix of a digest, which leads nobody to a key.
    pub(super) fn by_key(&self, digest: &KeyDigest) -> Option<&Client> {
        let candidates = self.by_key.get(&prefix(digest))?;
        candidates.iter().find(|(key, _)| key.matches(digest)).map(|(_, client)| client.as_ref())
    }

    fn add(&mut self, client: Client) {
        let client = Rc::new(client);
        for key in &client.keys {
            self.by_key.entry(prefix(key)).or_default().push((*key, Rc::clone(&client)));
        }
        self.by_id.insert(client.id.clone(), client);
    }
}

fn prefix(digest: &KeyDigest) -> u64 {
    digest.0.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

pub(super) fn parse(
    bindings: &impl Bindings,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Clients {
    let mut clients = Clients::default();
    if matches!(bindings.binding("CLIENTS"), super::Binding::Absent) {
        faults.add("CLIENTS", Reason::Missing);
    }
    let entries = json::of_binding(bindings, "CLIENTS", faults)
        .and_then(|table| Field::new("CLIENTS", table).into_entries(faults));
    for (id, field) in entries.unwrap_or_default() {
        if let Some(client) = client(id, field, &clients, credentials, faults) {
            clients.add(client);
        }
    }
    clients
}

fn client(
    id: String,
    field: Field,
    others: &Clients,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Option<Client> {
    let path = field.path.clone();
    let id = faults.ok(path.clone(), name_of(id));
    let [keys, allow] = field.into_fields(["key_sha256", "allow"], faults)?;
    let keys = required(keys, &path, "key_sha256", faults)
        .and_then(|field| field.into_list(faults))
        .map(|fields| key_digests(fields, others, faults));
    let grants = required(allow, &path, "allow", faults)
        .and_then(|field| field.into_list(faults))
        .map(|fields| distinct_grants(fields, credentials, faults));
    Some(Client { id: id?, keys: keys?, grants: grants? })
}

fn key_digests(fields: Vec<Field>, others: &Clients, faults: &mut Faults) -> Vec<KeyDigest> {
    let mut digests: Vec<KeyDigest> = Vec::new();
    for field in fields {
        let path = field.path.clone();
        let Some(hex) = field.into_text(faults) else { continue };
        let Some(digest) = faults.ok(path.clone(), KeyDigest::parse(&hex)) else { continue };
        if others.by_key(&digest).is_some() {
            faults.add(path, Reason::SharedDigest);
        } else if !digests.iter().any(|known| known.matches(&digest)) {
            digests.push(digest);
        }
    }
    digests
}

/// A grant that is listed twice is one grant.
fn distinct_grants(
    fields: Vec<Field>,
    credentials: &Credentials,
    faults: &mut Faults,
) -> Vec<Rc<Grant>> {
    let mut grants: Vec<Rc<Grant>> = Vec::new();
    for field in fields {
        let Some(new) = grant(field, credentials, faults) else { continue };
        match grants.iter_mut().find(|old| old.is(&new)) {
            Some(old) if new.keep_warm => *old = new,
            Some(_) => {}
            None => grants.push(new),
        }
    }
    grants
}

fn grant(field: Field, credentials: &Credentials, faults: &mut Faults) -> Option<Rc<Grant>> {
    let path = field.path.clone();
    let [credential, scope, keep_warm] =
        field.into_fields(["credential", "scope", "keep_warm"], faults)?;
    let keep_warm = keep_warm.and_then(|field| field.into_bool(faults)).unwrap_or(false);
    let name =
        required(credential, &path, "credential", faults).and_then(|field| field.into_text(faults));
    let scope = required(scope, &path, "scope", faults).and_then(|field| field.into_text(faults));
    let scope = scope.and_then(|text| {
        let parsed = ScopeSet::parse(&text).map_err(|_| Reason::NotAScope);
        faults.ok(format!("{path}.scope"), parsed)
    });
    let name = name?;
    if !credentials.names.contains(&name) {
        faults.add(format!("{path}.credential"), Reason::NoSuchCredential);
    }
    let credential = credentials.parsed.iter().find(|credential| credential.name == name)?;
    let scope = scope?;
    Some(Rc::new(Grant {
        token_key: credential.token_key(&scope),
        credential: Rc::clone(credential),
        scope,
        keep_warm,
    }))
}
