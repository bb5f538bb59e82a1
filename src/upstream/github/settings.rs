//! An app of GitHub in `CREDENTIALS`.

use std::rc::Rc;

use secrecy::ExposeSecret;

use super::GitHub;
use crate::base::json::Json;
use crate::base::limits::NAME_MAX_BYTES;
use crate::base::origin::is_trustworthy;
use crate::jwt::algorithm::Algorithm;
use crate::settings::name::name_of;
use crate::settings::{Faults, Field, Reason};
use crate::upstream::credential::Parts;
use crate::upstream::entry::Entry;
use crate::upstream::oauth::settings::response_fields;
use crate::upstream::proof::{Proof, SigningKey};
use crate::upstream::proof_settings::rsa_key;

/// GitHub's own API. A GitHub Enterprise Server has its API at `https://HOST/api/v3`.
const PUBLIC_API: &str = "https://api.github.com";

/// The entry with the field `github_app`.
pub fn parse(entry: &mut Entry<'_>) -> Option<Parts> {
    let app = entry.take_required("github_app").and_then(|field| app(entry, field));
    let keys = entry.take_required("private_key").map(|field| entry.named_secrets(field));
    let mut proofs = Vec::new();
    for (path, text) in keys.unwrap_or_default() {
        let Some(key) = entry.faults.ok(path, rsa_key(text.expose_secret())) else { continue };
        // GitHub finds the key by itself.
        let key = SigningKey::new(key, Algorithm::Rs256, None, None);
        proofs.push(Proof::Key(Rc::new(key)));
    }
    let fields = entry.take("response_fields");
    let fields = fields.map(|field| response_fields(field, entry.faults)).unwrap_or_default();
    let (client_id, endpoint, body) = app?;
    let server = Box::new(GitHub { endpoint, body, response_fields: fields });
    Some(Parts { server, client_id, proofs, parameters: Vec::new() })
}

/// The table `github_app`: the client id, the URL that makes tokens, and what they are narrowed to.
fn app(entry: &mut Entry<'_>, field: Field) -> Option<(String, String, String)> {
    let path = field.path.clone();
    let fields = field.into_entries(entry.faults)?;
    let mut table = Entry {
        path,
        fields,
        bindings: entry.bindings,
        authority: None,
        own_issuer: entry.own_issuer,
        faults: &mut *entry.faults,
        unseen: false,
    };
    let client_id = table.required("client_id", name_of);
    let id = table.take_required("installation_id");
    let id = id.and_then(|field| installation_id(field, table.faults));
    let api = table.optional("api", api).unwrap_or_else(|| Some(PUBLIC_API.to_owned()));
    let body = body(&mut table);
    table.refuse_rest();
    let endpoint = [&api?, "/app/installations/", &id?, "/access_tokens"].concat();
    Some((client_id?, endpoint, body))
}

/// A number, or its digits.
fn installation_id(field: Field, faults: &mut Faults) -> Option<String> {
    let id = match field.value {
        Json::Whole(id) => Ok(id.to_string()),
        Json::Text(id) if is_plain(&id) && id.bytes().all(|byte| byte.is_ascii_digit()) => Ok(id),
        _ => Err(Reason::NotAnInstallation),
    };
    faults.ok(field.path, id)
}

fn api(text: &str) -> Result<String, Reason> {
    let base = text.strip_suffix('/').unwrap_or(text);
    let is_api = is_trustworthy(base) && !base.contains('?');
    if is_api { Ok(base.to_owned()) } else { Err(Reason::NotASecureUrl) }
}

/// What the token is narrowed to, as the JSON of the request. Plain names need no escape.
fn body(table: &mut Entry<'_>) -> String {
    let list = table.take("repositories").and_then(|field| field.into_list(table.faults));
    let names = list.unwrap_or_default().into_iter();
    let names: Vec<_> = names.filter_map(|field| plain(field, table.faults)).collect();
    let mut permissions = Vec::new();
    if let Some(field) = table.take("permissions") {
        let path = field.path.clone();
        let entries = field.into_entries(table.faults);
        if entries.as_ref().is_some_and(Vec::is_empty) {
            table.faults.add(path, Reason::Empty);
        }
        for (name, field) in entries.unwrap_or_default() {
            if !is_plain(&name) {
                table.faults.add(field.path.clone(), Reason::NotAPlainName);
            }
            let level = plain(field, table.faults).unwrap_or_default();
            permissions.push([&name, r#"":""#, &level].concat());
        }
    }
    let mut body = String::from("{");
    if !names.is_empty() {
        body.push_str(r#""repositories":[""#);
        body.push_str(&names.join(r#"",""#));
        body.push_str(r#""]"#);
    }
    if !permissions.is_empty() {
        body.push_str(if names.is_empty() { "" } else { "," });
        body.push_str(r#""permissions":{""#);
        body.push_str(&permissions.join(r#"",""#));
        body.push_str(r#""}"#);
    }
    body.push('}');
    body
}

/// The name of a repository, of a permission, or of its level.
fn plain(field: Field, faults: &mut Faults) -> Option<String> {
    let path = field.path.clone();
    let text = field.into_text(faults)?;
    faults.ok(path, if is_plain(&text) { Ok(text) } else { Err(Reason::NotAPlainName) })
}

fn is_plain(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=NAME_MAX_BYTES).contains(&text.len()) && text.bytes().all(allowed)
}
