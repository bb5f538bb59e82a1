//! The proofs of a credential at an OAuth server, as its entry in `CREDENTIALS` has them.

use std::rc::Rc;

use secrecy::{ExposeSecret, SecretString};

use crate::base::json::Json;
use crate::base::limits::JWT_KEY_ID_MAX_BYTES;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::signing::PrivateKey;
use crate::settings::{Field, Reason};
use crate::upstream::entry::Entry;
use crate::upstream::proof::{Proof, SigningKey};
use crate::upstream::proof_settings::{certificates_by, client_secrets, federated, one_of};

/// The proofs of the client, or of the assertion that is the grant.
const OF_CLIENT: [&str; 4] = ["client_secret", "certificate", "private_key", "federated"];
const OF_ASSERTION: [&str; 2] = ["private_key", "certificate"];

/// The proofs, and the name of their field.
pub fn parse(entry: &mut Entry<'_>, is_bearer: bool) -> (&'static str, Vec<Proof>) {
    let fields: &'static [&'static str] = if is_bearer { &OF_ASSERTION } else { &OF_CLIENT };
    let Some(name) = one_of(entry, fields) else { return ("", Vec::new()) };
    if name == "federated" {
        return (name, federated(entry, None));
    }
    let secrets = entry.take(name).map(|field| entry.named_secrets(field)).unwrap_or_default();
    let proofs = match name {
        "client_secret" => client_secrets(secrets, entry.faults),
        "certificate" => {
            let algorithm = match algorithm(entry) {
                Some(Algorithm::Es256 | Algorithm::EdDsa) => {
                    entry.add("signing_alg", Reason::NotASigningAlg);
                    Algorithm::Rs256
                }
                Some(algorithm) => algorithm,
                // Salesforce takes no other, and all servers take it.
                None => Algorithm::Rs256,
            };
            certificates_by(algorithm, secrets, entry.faults)
        }
        _ => private_keys(entry, secrets),
    };
    (name, proofs)
}

fn algorithm(entry: &mut Entry<'_>) -> Option<Algorithm> {
    let parse = |text: &str| Algorithm::parse(text).ok_or(Reason::NotASigningAlg);
    entry.optional("signing_alg", parse).flatten()
}

/// Private keys, each with its id: that of the list `key_id`, else that of the JWK.
fn private_keys(entry: &mut Entry<'_>, secrets: Vec<(String, SecretString)>) -> Vec<Proof> {
    let algorithm = algorithm(entry);
    let ids = entry.take("key_id").map(|field| key_ids(entry, field, secrets.len()));
    let mut ids = ids.unwrap_or_default().into_iter();
    let mut proofs = Vec::new();
    for (path, text) in secrets {
        let id = ids.next();
        let Some(key) = entry.faults.ok(path.clone(), PrivateKey::parse(text.expose_secret()))
        else {
            continue;
        };
        let algorithm = algorithm.unwrap_or_else(|| key.usual_algorithm());
        if !key.is_for(algorithm) {
            entry.faults.add(path, Reason::NotASigningAlg);
            continue;
        }
        let id = id.or_else(|| key.key_id().map(str::to_owned)).map(|id| ("kid", id));
        proofs.push(Proof::Key(Rc::new(SigningKey::new(key, algorithm, id, None))));
    }
    proofs
}

/// The ids of `count` keys: one text, or a list.
fn key_ids(entry: &mut Entry<'_>, field: Field, count: usize) -> Vec<String> {
    let path = field.path.clone();
    let fields = match field.value {
        Json::List(_) => field.into_list(entry.faults).unwrap_or_default(),
        _ => vec![field],
    };
    // A secret that is not read may still have its id.
    if fields.len() != count && !entry.unseen {
        entry.faults.add(path, Reason::NotOneForEach);
    }
    let mut ids = Vec::new();
    for field in fields {
        let path = field.path.clone();
        let Some(id) = field.into_text(entry.faults) else { continue };
        if (1..=JWT_KEY_ID_MAX_BYTES).contains(&id.len()) {
            ids.push(id);
        } else {
            entry.faults.add(path, Reason::NotAName);
        }
    }
    ids
}
