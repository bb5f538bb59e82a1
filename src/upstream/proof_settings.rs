//! The proofs in an entry of `CREDENTIALS`.

use std::rc::Rc;

use base64ct::{Base64UrlUnpadded, Encoding};
use secrecy::{ExposeSecret, SecretString};

use super::entry::Entry;
use super::federation::Federated;
use super::proof::{Proof, SigningKey, Validity};
use crate::base::limits::FEDERATED_TEXT_MAX;
use crate::base::secret::ClientSecret;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::signing::{PrivateKey, certificate_and_key};
use crate::settings::examples::is_placeholder;
use crate::settings::field::required;
use crate::settings::{Faults, Field, Reason};

/// The name of the one of `fields` that is there. None, or a second one, is a fault.
pub fn one_of(entry: &mut Entry<'_>, fields: &'static [&'static str]) -> Option<&'static str> {
    let mut found = fields.iter().copied().filter(|name| entry.has(name));
    match (found.next(), found.next()) {
        (Some(first), Some(second)) => {
            entry.add(second, Reason::TwoProofs(first));
            // None of them is a second fault.
            entry.fields.retain(|(name, _)| !fields.contains(&name.as_str()));
            None
        }
        (Some(only), None) => Some(only),
        (None, _) => {
            entry.add(fields.first().copied().unwrap_or_default(), Reason::Missing);
            None
        }
    }
}

/// The client secrets among `secrets`, each once: another time it would only be refused again.
pub fn client_secrets(secrets: Vec<(String, SecretString)>, faults: &mut Faults) -> Vec<Proof> {
    let mut proofs: Vec<Proof> = Vec::new();
    for (path, text) in secrets {
        let exposed = text.expose_secret();
        let is_known =
            |proof: &Proof| matches!(proof, Proof::Secret(secret) if secret.expose() == exposed);
        if exposed.trim() != exposed || exposed.chars().any(char::is_control) {
            faults.add(path, Reason::SecretWhiteSpace);
        } else if is_placeholder(exposed) {
            faults.add(path, Reason::Placeholder);
        } else if !proofs.iter().any(is_known) {
            proofs.push(Proof::Secret(ClientSecret::new(text)));
        }
    }
    proofs
}

/// The certificates with their private keys among `secrets`, which sign by PS256.
pub fn certificates(secrets: Vec<(String, SecretString)>, faults: &mut Faults) -> Vec<Proof> {
    certificates_by(Algorithm::Ps256, secrets, faults)
}

/// The same, signing by `algorithm`. `x5t#S256` names the certificate (RFC 7515 §4.1.8).
pub fn certificates_by(
    algorithm: Algorithm,
    secrets: Vec<(String, SecretString)>,
    faults: &mut Faults,
) -> Vec<Proof> {
    let mut proofs = Vec::new();
    for (path, text) in secrets {
        let parsed = certificate_and_key(text.expose_secret());
        let Some((certificate, key)) = faults.ok(path.clone(), parsed) else { continue };
        let thumbprint = Base64UrlUnpadded::encode_string(&certificate.thumbprint);
        let header = Some(("x5t#S256", thumbprint));
        let validity = Validity { field: path, not_after: certificate.not_after };
        let key = SigningKey::new(key, algorithm, header, Some(validity));
        proofs.push(Proof::Key(Rc::new(key)));
    }
    proofs
}

/// The private key `text` of a server that makes its clients' keys itself, which are RSA and sign by RS256.
///
/// # Errors
/// Why it is no such key.
pub fn rsa_key(text: &str) -> Result<PrivateKey, Reason> {
    let key = PrivateKey::parse(text)?;
    if key.is_for(Algorithm::Rs256) { Ok(key) } else { Err(Reason::NotAnRsaKey) }
}

/// The JWT of the broker that the field `federated` describes. It is for `usual_audience` if the field
/// names none.
pub fn federated(entry: &mut Entry<'_>, usual_audience: Option<&str>) -> Vec<Proof> {
    let Some(field) = entry.take("federated") else { return Vec::new() };
    let path = field.path.clone();
    let Some([subject, audience]) = field.into_fields(["subject", "audience"], entry.faults) else {
        return Vec::new();
    };
    if let Err(Some(missing)) = entry.own_issuer {
        entry.faults.add(path.clone(), Reason::NoOwnIssuer(missing));
    }
    let subject = required(subject, &path, "subject", entry.faults);
    let subject = subject.and_then(|field| federated_text(field, entry.faults));
    let audience = match (audience, usual_audience) {
        (None, Some(usual)) => Some(usual.to_owned()),
        (field, _) => required(field, &path, "audience", entry.faults)
            .and_then(|field| federated_text(field, entry.faults)),
    };
    let parts = subject.zip(audience).zip(entry.own_issuer.as_ref().ok());
    let proof = |((subject, audience), issuer)| {
        Proof::Federated(Federated { issuer: Rc::clone(issuer), subject, audience })
    };
    parts.map(proof).into_iter().collect()
}

/// Servers compare it to the letter, so the broker corrects nothing.
fn federated_text(field: Field, faults: &mut Faults) -> Option<String> {
    let path = field.path.clone();
    let text = field.into_text(faults)?;
    let length = text.chars().count();
    let reason = if is_placeholder(&text) {
        Reason::Placeholder
    } else if !(1..=FEDERATED_TEXT_MAX).contains(&length)
        || text.trim() != text
        || text.chars().any(char::is_control)
    {
        Reason::NotAFederatedText
    } else {
        return Some(text);
    };
    faults.add(path, reason);
    None
}
