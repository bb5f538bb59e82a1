//! A credential of Entra in `CREDENTIALS`.

use super::Entra;
use super::authority::Tenant;
use crate::base::origin::Origin;
use crate::settings::name::name_of;
use crate::upstream::credential::Parts;
use crate::upstream::entry::Entry;
use crate::upstream::proof::Proof;
use crate::upstream::proof_settings::{certificates, client_secrets, federated, one_of};

/// The audience of a federated credential, unless an operator chose another one there.
pub const USUAL_AUDIENCE: &str = "api://AzureADTokenExchange";

/// The entry with the field `tenant`.
pub fn parse(entry: &mut Entry<'_>) -> Option<Parts> {
    let tenant = entry.required("tenant", Tenant::parse);
    let client_id = entry.required("client_id", name_of);
    let proofs = proofs(entry);
    let authority = entry.optional("authority_host", |text| Ok(Origin::parse(text)?));
    let authority = authority.unwrap_or_else(|| entry.authority.cloned());
    let server = Box::new(Entra::new(authority?, tenant?));
    Some(Parts { server, client_id: client_id?, proofs, parameters: Vec::new() })
}

fn proofs(entry: &mut Entry<'_>) -> Vec<Proof> {
    let fields = &["client_secret", "certificate", "federated"];
    let Some(name) = one_of(entry, fields) else { return Vec::new() };
    if name == "federated" {
        return federated(entry, Some(USUAL_AUDIENCE));
    }
    let secrets = entry.take(name).map(|field| entry.named_secrets(field)).unwrap_or_default();
    match name {
        "client_secret" => client_secrets(secrets, entry.faults),
        _ => certificates(secrets, entry.faults),
    }
}
