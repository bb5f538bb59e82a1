//! `ISSUER`, and the keys of the broker's own issuer.

use std::rc::Rc;

use secrecy::ExposeSecret;

use super::OwnIssuer;
use super::published::Published;
use crate::base::base_path::BasePathFault;
use crate::base::origin::Origin;
use crate::jwt::algorithm::Algorithm;
use crate::jwt::signing::{PrivateKey, PublicJwk, public_jwk};
use crate::settings::binding::{is_bound, text};
use crate::settings::{Bindings, Faults, Reason};
use crate::upstream::proof::SigningKey;

/// The key that signs, and those that are only published.
const KEYS: [&str; 3] = ["ISSUER_KEY", "ISSUER_KEY_NEXT", "ISSUER_KEY_PREVIOUS"];

/// The broker's own issuer, or the binding without which there is none. `None` if it has a fault, which
/// is told already.
pub type Availability = Result<Rc<OwnIssuer>, Option<&'static str>>;

/// The broker's own issuer, and what it publishes. Servers find its documents below the issuer, so it ends in
/// `base_path`.
pub fn parse(
    bindings: &dyn Bindings,
    base_path: &str,
    faults: &mut Faults,
) -> (Availability, Published) {
    let url = text(bindings, "ISSUER", faults)
        .and_then(|text| faults.ok("ISSUER", issuer_url(text.expose_secret(), base_path)));
    let (mut keys, mut public_keys) = (Vec::new(), Vec::<PublicJwk>::new());
    for field in KEYS {
        let Some(text) = text(bindings, field, faults) else { continue };
        let Some((key, public)) = faults.ok(field, key_of(text.expose_secret())) else { continue };
        keys.push(key);
        // During a rotation, one key may be in two bindings.
        if public_keys.iter().all(|other| other.kid != public.kid) {
            public_keys.push(public);
        }
    }
    let published = Published::new(url.clone(), &public_keys);
    let missing = ["ISSUER", "ISSUER_KEY"].into_iter().find(|name| !is_bound(bindings, name));
    let mut keys = keys.into_iter();
    let issuer = match (missing, url, keys.next()) {
        (None, Some(url), Some(key)) => Ok(Rc::new(OwnIssuer { url, key, others: keys.collect() })),
        _ => Err(missing),
    };
    (issuer, published)
}

/// Servers compare the issuer to the letter, so the broker corrects nothing.
fn issuer_url(text: &str, base_path: &str) -> Result<String, Reason> {
    let is_origin = |text: &&str| Origin::parse(text).is_ok_and(|origin| origin.as_str() == *text);
    match text.strip_suffix(base_path).filter(is_origin) {
        Some(_) => Ok(text.to_owned()),
        None if base_path.is_empty() => Err(Reason::NotAnOwnIssuer),
        None => Err(BasePathFault::IssuerElsewhere.into()),
    }
}

fn key_of(text: &str) -> Result<(SigningKey, PublicJwk), Reason> {
    let key = PrivateKey::parse(text)?;
    let public = public_jwk(&key).filter(|_| key.is_for(Algorithm::Rs256));
    let public = public.ok_or(Reason::NotAnIssuerKey)?;
    let header = Some(("kid", public.kid.clone()));
    Ok((SigningKey::new(key, Algorithm::Rs256, header, None), public))
}
