//! A credential of Entra in `CREDENTIALS`.

use super::Entra;
use super::authority::Tenant;
use crate::base::origin::Origin;
use crate::settings::name::name_of;
use crate::upstream::credential::Parts;
use crate::upstream::entry::{Entry, client_secrets};

/// The entry with the field `tenant`.
pub fn parse(entry: &mut Entry<'_>) -> Option<Parts> {
    let tenant = entry.required("tenant", Tenant::parse);
    let client_id = entry.required("client_id", name_of);
    let secrets = entry.take_required("client_secret").map(|field| entry.named_secrets(field));
    let proofs = client_secrets(secrets.unwrap_or_default(), entry.faults);
    let authority = entry.optional("authority_host", |text| Ok(Origin::parse(text)?));
    let authority = authority.unwrap_or_else(|| entry.authority.cloned());
    let server = Box::new(Entra::new(authority?, tenant?));
    Some(Parts { server, client_id: client_id?, proofs, parameters: Vec::new() })
}
