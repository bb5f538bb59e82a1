//! Credentials: how the broker proves its identity to an authorization server.

use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};

use super::examples::is_placeholder;
use super::fault::{Faults, Reason};
use super::json::{self, Field};
use super::{Binding, Bindings, text};
use crate::base::json::Json;
use crate::base::keys::CacheKey;
use crate::base::limits::{CLIENT_SECRETS_MAX, NAME_MAX_BYTES};
use crate::base::origin::Origin;
use crate::base::secret::ClientSecret;
use crate::upstream::credential::Credential;
use crate::upstream::entra::Entra;
use crate::upstream::entra::authority::{PUBLIC_CLOUD, Tenant};
use crate::upstream::server::Server;

/// The name of the credential that `AZ_TENANT`, `AZ_CLIENT_ID` and `AZ_CLIENT_SECRET` configure. A
/// request that names no credential means this one.
pub const DEFAULT_CREDENTIAL: &str = "default";

/// The bindings of the default credential.
const FIELDS: [&str; 4] =
    ["AZ_TENANT", "AZ_CLIENT_ID", "AZ_CLIENT_SECRET", "AZ_CLIENT_SECRET_SECONDARY"];

/// The valid credentials, and the names of all: a grant for a faulty credential is not a second fault.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    pub(super) parsed: Vec<Rc<Credential>>,
    pub(super) names: Vec<String>,
}

/// The fields of a [`Credential`], as far as they are valid.
struct Draft {
    tenant: Option<Tenant>,
    client_id: Option<String>,
    secrets: Vec<ClientSecret>,
    authority: Option<Origin>,
}

pub(super) fn parse(
    bindings: &impl Bindings,
    cache_key: Option<&CacheKey>,
    faults: &mut Faults,
) -> Credentials {
    let host = text(bindings, "AZ_AUTHORITY_HOST", faults);
    let host = host.as_ref().map_or(PUBLIC_CLOUD, SecretString::expose_secret);
    let authority = faults.ok("AZ_AUTHORITY_HOST", Origin::parse(host));
    let mut credentials = Credentials::default();
    let others = !matches!(bindings.binding("CREDENTIALS"), Binding::Absent);
    if let Some(draft) = default_draft(bindings, !others, authority.clone(), faults) {
        credentials.add(DEFAULT_CREDENTIAL.to_owned(), Some(draft), cache_key);
    }
    let entries = json::of_binding(bindings, "CREDENTIALS", faults)
        .and_then(|table| Field::new("CREDENTIALS", table).into_entries(faults));
    if entries.as_ref().is_some_and(Vec::is_empty) && credentials.names.is_empty() {
        faults.add("CREDENTIALS", Reason::Empty);
    }
    for (name, field) in entries.unwrap_or_default() {
        if credentials.names.contains(&name) {
            faults.add(field.path, Reason::DefaultTwice);
        } else {
            let draft = named_draft(bindings, &name, field, authority.clone(), faults);
            credentials.add(name, draft, cache_key);
        }
    }
    credentials
}

impl Credentials {
    fn add(&mut self, name: String, draft: Option<Draft>, cache_key: Option<&CacheKey>) {
        let credential = draft.and_then(|draft| finish(name.clone(), draft, cache_key));
        self.parsed.extend(credential.map(Rc::new));
        self.names.push(name);
    }
}

/// The default credential. It is complete or absent, and `required` if there is no other.
fn default_draft(
    bindings: &impl Bindings,
    required: bool,
    authority: Option<Origin>,
    faults: &mut Faults,
) -> Option<Draft> {
    let begun = FIELDS.iter().any(|name| !matches!(bindings.binding(name), Binding::Absent));
    if !begun && !required {
        return None;
    }
    let [tenant, client_id, secret, secondary] = FIELDS;
    let tenant_text = required_text(bindings, tenant, faults);
    let client_id_text = required_text(bindings, client_id, faults);
    let mut secrets = Vec::new();
    if let Some(text) = required_text(bindings, secret, faults) {
        add_secret(&mut secrets, text, secret, faults);
    }
    if let Binding::Text(text) = bindings.binding(secondary) {
        add_secret(&mut secrets, text, secondary, faults);
    }
    let tenant =
        tenant_text.and_then(|text| faults.ok(tenant, Tenant::parse(text.expose_secret())));
    let client_id =
        client_id_text.and_then(|text| faults.ok(client_id, name_of(text.expose_secret())));
    Some(Draft { tenant, client_id, secrets, authority })
}

/// The text of a required binding.
fn required_text(
    bindings: &impl Bindings,
    field: &str,
    faults: &mut Faults,
) -> Option<SecretString> {
    let fault = match bindings.binding(field) {
        Binding::Text(text) => return Some(text),
        Binding::Absent => Reason::Missing,
        Binding::Json(_) => Reason::NotText,
    };
    faults.add(field, fault);
    None
}

/// One entry of `CREDENTIALS`.
fn named_draft(
    bindings: &impl Bindings,
    name: &str,
    field: Field,
    default_authority: Option<Origin>,
    faults: &mut Faults,
) -> Option<Draft> {
    let path = field.path.clone();
    // The same rule as for tenants: both can be the first segment of a request's path.
    if Tenant::parse(name).is_err() {
        faults.add(path.clone(), Reason::NotACredentialName);
    }
    let [tenant, client_id, secret_names, host] =
        field.into_fields(["tenant", "client_id", "client_secret", "authority_host"], faults)?;
    let mut required_text = |field: Option<Field>, name: &str| {
        required(field, &path, name, faults).and_then(|field| field.into_text(faults))
    };
    let (tenant, client_id) =
        (required_text(tenant, "tenant"), required_text(client_id, "client_id"));
    let secret_names = required(secret_names, &path, "client_secret", faults);
    let authority = match host.map(|field| (field.path.clone(), field.into_text(faults))) {
        Some((path, Some(text))) => faults.ok(path, Origin::parse(&text)),
        Some((_, None)) => None,
        None => default_authority,
    };
    Some(Draft {
        tenant: tenant.and_then(|text| faults.ok(format!("{path}.tenant"), Tenant::parse(&text))),
        client_id: client_id
            .and_then(|text| faults.ok(format!("{path}.client_id"), name_of(&text))),
        secrets: secret_names
            .map(|names| named_secrets(bindings, names, faults))
            .unwrap_or_default(),
        authority,
    })
}

/// The secrets of one binding, or of a list of bindings.
fn named_secrets(bindings: &impl Bindings, field: Field, faults: &mut Faults) -> Vec<ClientSecret> {
    let path = field.path.clone();
    let names = match field.value {
        Json::List(_) => field.into_list(faults).unwrap_or_default(),
        _ => vec![field],
    };
    if names.len() > CLIENT_SECRETS_MAX {
        faults.add(path, Reason::TooManySecrets);
    }
    let mut secrets = Vec::new();
    for field in names {
        let path = field.path.clone();
        let Some(name) = field.into_text(faults) else { continue };
        match bindings.binding(&name) {
            Binding::Text(text) => add_secret(&mut secrets, text, &path, faults),
            _ => faults.add(path, Reason::NoSuchSecret),
        }
    }
    secrets
}

/// Adds the secret `text`, unless it is among them: it would only be refused twice.
fn add_secret(
    secrets: &mut Vec<ClientSecret>,
    text: SecretString,
    path: &str,
    faults: &mut Faults,
) {
    let exposed = text.expose_secret();
    if exposed.trim() != exposed || exposed.chars().any(char::is_control) {
        faults.add(path, Reason::SecretWhiteSpace);
    } else if is_placeholder(exposed) {
        faults.add(path, Reason::Placeholder);
    } else if secrets.iter().all(|known| known.expose() != exposed) {
        secrets.push(ClientSecret::new(text));
    }
}

/// Whether `text` can be a client id: `1*VSCHAR` (RFC 6749 appendix A.1), without a space at either
/// end and not longer than [`NAME_MAX_BYTES`].
#[must_use]
pub fn is_client_id(text: &str) -> bool {
    (1..=NAME_MAX_BYTES).contains(&text.len())
        && text.trim() == text
        && text.bytes().all(|b| (0x20..=0x7e).contains(&b))
}

/// A client id, or the name of an issuer, which has the same characters.
pub(super) fn name_of(text: &str) -> Result<String, Reason> {
    match text {
        _ if is_placeholder(text) => Err(Reason::Placeholder),
        _ if is_client_id(text) => Ok(text.to_owned()),
        _ => Err(Reason::NotAName),
    }
}

/// A required field. A missing one is a fault.
pub(super) fn required(
    field: Option<Field>,
    path: &str,
    name: &str,
    faults: &mut Faults,
) -> Option<Field> {
    if field.is_none() {
        faults.add(format!("{path}.{name}"), Reason::Missing);
    }
    field
}

fn finish(name: String, draft: Draft, cache_key: Option<&CacheKey>) -> Option<Credential> {
    let server = Server::Entra(Entra::new(draft.authority?, draft.tenant?));
    Credential::new(name, server, draft.client_id?, draft.secrets, cache_key)
}
