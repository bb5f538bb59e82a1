//! A service account of Google in `CREDENTIALS`.

use std::rc::Rc;

use secrecy::ExposeSecret;

use super::{Google, key_file};
use crate::settings::Reason;
use crate::settings::name::name_of;
use crate::upstream::credential::Parts;
use crate::upstream::entry::Entry;
use crate::upstream::proof::Proof;

/// The entry with the field `service_account`.
pub fn parse(entry: &mut Entry<'_>) -> Option<Parts> {
    let field = entry.take_required("service_account")?;
    let secrets = entry.named_secrets(field);
    let subject = entry.optional("subject", name_of);
    let mut account: Option<(String, String)> = None;
    let mut proofs = Vec::new();
    for (path, text) in secrets {
        let parsed = key_file::parse(text.expose_secret());
        let Some(file) = entry.faults.ok(path.clone(), parsed) else { continue };
        let of_file = (file.client_email, file.token_uri);
        if *account.get_or_insert_with(|| of_file.clone()) != of_file {
            entry.faults.add(path, Reason::OtherAccount);
        }
        proofs.push(Proof::Key(Rc::new(file.key)));
    }
    // What stands in a file that a tool cannot see changes no grant.
    let unseen = || entry.unseen.then(|| ("unseen".to_owned(), String::new()));
    let (client_id, token_uri) = account.or_else(unseen)?;
    let subject = match subject {
        Some(subject) => Some(subject?),
        None => None,
    };
    let server = Box::new(Google { token_uri, subject });
    Some(Parts { server, client_id, proofs, parameters: Vec::new() })
}
