//! Credentials: what the broker is at authorization servers.

use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};

use crate::base::keys::CacheKey;
use crate::base::origin::Origin;
use crate::settings::binding::{is_bound, required_secret, required_text, secret, text};
use crate::settings::field::{self, Field};
use crate::settings::name::name_of;
use crate::settings::{Binding, Bindings, Faults, Reason};
use crate::upstream::credential::{Credential, Parts};
use crate::upstream::entra::Entra;
use crate::upstream::entra::authority::{PUBLIC_CLOUD, Tenant};
use crate::upstream::entry::Entry;
use crate::upstream::federation::settings::Availability;
use crate::upstream::kinds::SERVER_FIELDS;
use crate::upstream::proof::Proof;
use crate::upstream::proof_settings::{certificates, client_secrets};

/// The name of the credential that the bindings `AZ_…` configure. A
/// request that names no credential means this one.
pub const DEFAULT_CREDENTIAL: &str = "default";

/// The bindings of the default credential: what it is, its certificates, its secrets. The first one of
/// each kind is the one that should work.
const FIELDS: [&str; 2] = ["AZ_TENANT", "AZ_CLIENT_ID"];
const CERTIFICATES: [&str; 2] = ["AZ_CLIENT_CERTIFICATE", "AZ_CLIENT_CERTIFICATE_SECONDARY"];
const SECRETS: [&str; 2] = ["AZ_CLIENT_SECRET", "AZ_CLIENT_SECRET_SECONDARY"];

/// The valid credentials, and the names of all: a grant for a faulty credential is not a second fault.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    pub(super) parsed: Vec<Rc<Credential>>,
    pub(super) names: Vec<String>,
}

pub(super) fn parse(
    bindings: &dyn Bindings,
    cache_key: Option<&CacheKey>,
    own_issuer: &Availability,
    faults: &mut Faults,
) -> Credentials {
    let host = text(bindings, "AZ_AUTHORITY_HOST", faults);
    let host = host.as_ref().map_or(PUBLIC_CLOUD, SecretString::expose_secret);
    let authority = faults.ok("AZ_AUTHORITY_HOST", Origin::parse(host));
    let mut credentials = Credentials::default();
    let required = !is_bound(bindings, "CREDENTIALS");
    let mut all = [FIELDS, CERTIFICATES, SECRETS].into_iter().flatten();
    if required || all.any(|name| is_bound(bindings, name)) {
        let parts = default_credential(bindings, authority.clone(), faults);
        credentials.add(DEFAULT_CREDENTIAL.to_owned(), parts, cache_key);
    }
    let entries = field::of_binding(bindings, "CREDENTIALS", faults)
        .and_then(|table| Field::new("CREDENTIALS", table).into_entries(faults));
    if entries.as_ref().is_some_and(Vec::is_empty) && credentials.names.is_empty() {
        faults.add("CREDENTIALS", Reason::Empty);
    }
    for (name, field) in entries.unwrap_or_default() {
        let same = credentials.names.iter().find(|known| known.eq_ignore_ascii_case(&name));
        if let Some(same) = same {
            let is_default = *same == name;
            let reason = if is_default { Reason::DefaultTwice } else { Reason::SameButForCase };
            faults.add(field.path, reason);
            credentials.names.push(name);
        } else {
            let parts = named(bindings, &name, field, (authority.as_ref(), own_issuer), faults);
            credentials.add(name, parts, cache_key);
        }
    }
    credentials
}

impl Credentials {
    fn add(&mut self, name: String, parts: Option<Parts>, cache_key: Option<&CacheKey>) {
        let credential = parts.and_then(|parts| Credential::new(name.clone(), parts, cache_key));
        self.parsed.extend(credential.map(Rc::new));
        self.names.push(name);
    }
}

/// The default credential. It is complete or absent.
fn default_credential(
    bindings: &dyn Bindings,
    authority: Option<Origin>,
    faults: &mut Faults,
) -> Option<Parts> {
    let [tenant, client_id] = FIELDS.map(|field| (field, required_text(bindings, field, faults)));
    let proofs = default_proofs(bindings, faults);
    let tenant = tenant.1.and_then(|text| faults.ok(tenant.0, Tenant::parse(text.expose_secret())));
    let client_id =
        client_id.1.and_then(|text| faults.ok(client_id.0, name_of(text.expose_secret())));
    let server = Box::new(Entra::new(authority?, tenant?));
    Some(Parts { server, client_id: client_id?, proofs, parameters: Vec::new() })
}

/// Certificates, then secrets. Both may be there: `wrangler secret put` and `wrangler secret delete` are
/// two deployments, and between them there must be a proof.
fn default_proofs(bindings: &dyn Bindings, faults: &mut Faults) -> Vec<Proof> {
    let is_any = |fields: [&str; 2]| fields.iter().any(|name| is_bound(bindings, name));
    let mut read = |fields: [&'static str; 2], required: bool| {
        let [first, second] = fields;
        let first_text = if required {
            required_secret(bindings, first, faults)
        } else {
            secret(bindings, first, faults)
        };
        let second_text = secret(bindings, second, faults);
        let found = [(first, first_text), (second, second_text)];
        found.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect()
    };
    let by_certificate = is_any(CERTIFICATES);
    let certificate_texts = read(CERTIFICATES, by_certificate);
    let secret_texts = read(SECRETS, !by_certificate);
    let mut proofs = certificates(certificate_texts, faults);
    proofs.extend(client_secrets(secret_texts, faults));
    let is_unseen = |name| matches!(bindings.secret(name), Binding::Unseen);
    if proofs.is_empty() && [CERTIFICATES, SECRETS].into_iter().flatten().any(is_unseen) {
        proofs.push(Proof::unseen());
    }
    proofs
}

/// One entry of `CREDENTIALS`. It has exactly one of [`SERVER_FIELDS`], and no field that the kind of
/// server does not know.
fn named(
    bindings: &dyn Bindings,
    name: &str,
    field: Field,
    (authority, own_issuer): (Option<&Origin>, &Availability),
    faults: &mut Faults,
) -> Option<Parts> {
    let path = field.path.clone();
    // The same rule as for tenants: both can be the first segment of a request's path.
    if Tenant::parse(name).is_err() {
        faults.add(path.clone(), Reason::NotACredentialName);
    }
    let fields = field.into_entries(faults)?;
    let mut entry = Entry { path, fields, bindings, authority, own_issuer, faults, unseen: false };
    let mut found = SERVER_FIELDS.iter().filter(|(name, _)| entry.has(name));
    let (first, second) = (found.next(), found.next());
    if let (Some((first, _)), Some((second, _))) = (first, second) {
        entry.add(second, Reason::TwoServers(first));
        return None;
    }
    let Some((_, parse)) = first else {
        entry.add("tenant", Reason::NoServer);
        return None;
    };
    let mut parts = parse(&mut entry);
    if let Some(parts) = parts.as_mut().filter(|parts| entry.unseen && parts.proofs.is_empty()) {
        parts.proofs.push(Proof::unseen());
    }
    entry.refuse_rest();
    parts
}
