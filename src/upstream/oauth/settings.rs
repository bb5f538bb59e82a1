//! A credential of any OAuth server in `CREDENTIALS`.

use super::{Claims, Grant, OAuth, proofs};
use crate::base::json::Json;
use crate::base::limits::EXPIRES_IN_MAX_SECS;
use crate::base::origin::is_trustworthy;
use crate::base::time::Millis;
use crate::jwt::signing::ClaimValue;
use crate::oauth::response_fields::is_reserved;
use crate::oauth::token_response::ResponseRules;
use crate::settings::examples::is_placeholder;
use crate::settings::name::{is_client_id, name_of};
use crate::settings::{Faults, Field, Reason};
use crate::upstream::credential::Parts;
use crate::upstream::entry::Entry;
use crate::upstream::metadata::document;

/// Parameters that the broker itself sets.
const PARAMETERS: [&str; 7] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "assertion",
    "scope",
    "claims",
];
/// Claims that follow from the time and from randomness.
const CLAIMS: [&str; 4] = ["iat", "nbf", "exp", "jti"];
/// Fields that mean nothing alone, and beside which they do.
const BESIDE: [(&str, &str); 7] = [
    ("auth_method", "client_secret"),
    ("key_id", "private_key"),
    ("signing_alg", "private_key or certificate"),
    ("assertion_audience", "private_key or certificate"),
    ("assertion", "the grant jwt_bearer"),
    ("client_secret", "the grant client_credentials"),
    ("federated", "the grant client_credentials"),
];

/// The entry with the field `server`: `issuer`, `resource` or `token_endpoint`.
pub fn parse(entry: &mut Entry<'_>, server: &'static str) -> Option<Parts> {
    let url = entry.required(server, if server == "issuer" { issuer } else { secure_url });
    let grant = entry.optional("grant", grant);
    let is_bearer = grant == Some(Some(true));
    let claims = if is_bearer { entry.take_required("assertion") } else { None };
    let mut claims = claims.map(|field| claims_of(field, entry.faults)).unwrap_or_default();
    let issuer = claims.iter().find_map(|(name, value)| match value {
        ClaimValue::Text(issuer) if name == "iss" => Some(issuer.clone().into_owned()),
        _ => None,
    });
    let client_id = match issuer {
        Some(issuer) => entry.optional("client_id", name_of).unwrap_or(Some(issuer)),
        None => entry.required("client_id", name_of),
    };
    let (proof, proofs) = proofs::parse(entry, is_bearer);
    let is_secret = proof == "client_secret";
    let method =
        if is_secret { entry.optional("auth_method", auth_method).flatten() } else { None };
    let has_audience = !is_secret && proof != "federated";
    let audience = if has_audience { entry.optional("assertion_audience", text) } else { None };
    let audience = audience.flatten();
    let mut parameters = Vec::new();
    if let (Some(url), "resource") = (&url, server) {
        parameters.push(("resource".to_owned(), url.clone()));
    }
    if let Some(field) = entry.take("parameters") {
        add_parameters(&mut parameters, field, is_bearer, entry.faults);
    }
    let rules = ResponseRules {
        default_expires_in: entry
            .take("default_expires_in")
            .and_then(|field| entry.faults.ok(field.path, lifetime(&field.value))),
        response_fields: entry
            .take("response_fields")
            .map(|field| response_fields(field, entry.faults))
            .unwrap_or_default(),
    };
    refuse_alone(entry);
    if let (true, Some(audience)) = (claims.iter().all(|(name, _)| name != "aud"), &audience) {
        claims.push(("aud".to_owned(), ClaimValue::Text(audience.clone().into())));
    }
    let grant = if is_bearer { Grant::JwtBearer(claims) } else { Grant::ClientCredentials };
    let in_header = method.unwrap_or(true);
    let server = OAuth { field: server, url: url?, grant, in_header, audience, rules };
    Some(Parts { server: Box::new(server), client_id: client_id?, proofs, parameters })
}

fn issuer(text: &str) -> Result<String, Reason> {
    match text {
        text if text.contains("/.well-known/") => Err(Reason::MetadataOfServer),
        text if document::is_issuer(text) => Ok(text.to_owned()),
        _ => Err(Reason::NotASecureUrl),
    }
}

fn secure_url(text: &str) -> Result<String, Reason> {
    if is_trustworthy(text) { Ok(text.to_owned()) } else { Err(Reason::NotASecureUrl) }
}

/// Whether the grant is `jwt_bearer`.
fn grant(text: &str) -> Result<bool, Reason> {
    match text {
        "client_credentials" => Ok(false),
        "jwt_bearer" => Ok(true),
        _ => Err(Reason::NotAGrant),
    }
}

/// Whether the method is `client_secret_basic`.
fn auth_method(text: &str) -> Result<bool, Reason> {
    match text {
        "client_secret_basic" => Ok(true),
        "client_secret_post" => Ok(false),
        _ => Err(Reason::NotAnAuthMethod),
    }
}

fn text(text: &str) -> Result<String, Reason> {
    match text {
        "" => Err(Reason::Empty),
        text if is_placeholder(text) => Err(Reason::Placeholder),
        text => Ok(text.to_owned()),
    }
}

fn lifetime(value: &Json) -> Result<Millis, Reason> {
    match value {
        Json::Whole(secs @ 1..=EXPIRES_IN_MAX_SECS) => Ok(Millis::from_secs(*secs)),
        _ => Err(Reason::NotALifetime),
    }
}

fn claims_of(field: Field, faults: &mut Faults) -> Claims {
    let mut claims = Vec::new();
    for (name, field) in field.into_entries(faults).unwrap_or_default() {
        if CLAIMS.contains(&name.as_str()) || name.is_empty() {
            faults.add(field.path, Reason::Reserved);
            continue;
        }
        let value = ClaimValue::parse(field.value).ok_or(Reason::NotAClaim);
        claims.extend(faults.ok(field.path, value).map(|value| (name, value)));
    }
    claims
}

fn add_parameters(
    parameters: &mut Vec<(String, String)>,
    field: Field,
    is_bearer: bool,
    faults: &mut Faults,
) {
    for (name, field) in field.into_entries(faults).unwrap_or_default() {
        let path = field.path.clone();
        let is_set = PARAMETERS.contains(&name.as_str())
            || (is_bearer && name == "grant_type")
            || parameters.iter().any(|(other, _)| *other == name);
        if is_set || name.is_empty() {
            faults.add(path, Reason::Reserved);
            continue;
        }
        let Some(value) = field.into_text(faults) else { continue };
        parameters.extend(faults.ok(path, text(&value)).map(|value| (name, value)));
    }
}

/// The names of members that callers get as well.
pub fn response_fields(field: Field, faults: &mut Faults) -> Vec<String> {
    let mut names = Vec::new();
    for field in field.into_list(faults).unwrap_or_default() {
        let path = field.path.clone();
        let Some(name) = field.into_text(faults) else { continue };
        if is_reserved(&name) {
            faults.add(path, Reason::Reserved);
        } else if !is_client_id(&name) {
            faults.add(path, Reason::NotAName);
        } else {
            names.push(name);
        }
    }
    names
}

/// Adds a fault for each field that means nothing here, but does beside another one.
fn refuse_alone(entry: &mut Entry<'_>) {
    for (name, other) in BESIDE {
        if entry.take(name).is_some() {
            entry.add(name, Reason::OnlyBeside(other));
        }
    }
}
