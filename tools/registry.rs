//! Makes entries of the client registry on the host, with the Worker's own code. `npm run
//! new-client -- NAME --registry` runs it.
//!
//! Standard input is JSON: `key`, which is `REGISTRY_KEY` in base64, and `clients`, a list of `id`
//! and
//! `entry` (the JSON text of an entry of `CLIENTS`). Standard output is JSON: for each client a list of
//! `key` and `value` as KV has to hold them, the client's own entry first. The exit code is 2 for any
//! other input, and for an entry that is longer than the Worker reads.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use base64ct::{Base64, Encoding};
use edge_token_broker::base::json::Json;
use edge_token_broker::base::keys::RegistryKey;
use edge_token_broker::base::limits::KV_CLIENT_MAX_BYTES;
use edge_token_broker::callers::registry::{OwnerKey, entry};
use secrecy::SecretBox;
use serde::Serialize;

fn main() -> ExitCode {
    match answer() {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::from(2),
    }
}

fn answer() -> Option<()> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).ok()?;
    let [key, clients] = Json::parse(&input).ok()?.into_members(["key", "clients"])?;
    let key = registry_key(&key?.into_text()?)?;
    let Json::List(clients) = clients? else { return None };
    let values: Vec<_> =
        clients.into_iter().map(|client| values_of(client, &key)).collect::<Option<_>>()?;
    io::stdout().write_all(&serde_json::to_vec(&values).ok()?).ok()
}

/// One KV key with its value.
#[derive(Serialize)]
struct KvValue {
    key: String,
    value: String,
}

fn values_of(client: Json, key: &RegistryKey) -> Option<Vec<KvValue>> {
    let [id, fields] = client.into_members(["id", "entry"])?;
    let (id, fields) = (id?.into_text()?, fields?.into_text()?);
    let name = entry::name_of(&id);
    let value = String::from_utf8(entry::seal(key, &name, fields.as_bytes())).ok()?;
    if value.len() > KV_CLIENT_MAX_BYTES {
        return None;
    }
    let owners = OwnerKey::all_of(fields.as_bytes());
    let owners = owners.iter().map(|owner| KvValue { key: owner.name(), value: id.clone() });
    Some([KvValue { key: name, value }].into_iter().chain(owners).collect())
}

fn registry_key(base64: &str) -> Option<RegistryKey> {
    let bytes = Base64::decode_vec(base64).ok()?;
    Some(RegistryKey::new(SecretBox::new(Box::new(bytes.try_into().ok()?))))
}
