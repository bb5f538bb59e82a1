//! One entry of a client's `jwt`: which JSON Web Tokens prove its identity.

use super::pins;
use crate::base::json::Json;
use crate::base::limits::JSON_NUMBER_MAX;
use crate::base::origin::is_trustworthy;
use crate::jwt::discovery::metadata_url;
use crate::jwt::{OneOf, Trust};
use crate::settings::Field;
use crate::settings::examples::is_placeholder;
use crate::settings::field::required;
use crate::settings::name::name_of;
use crate::settings::{Faults, Reason};

pub(super) fn parse(field: Field, faults: &mut Faults) -> Option<Trust> {
    let path = field.path.clone();
    let [issuer, audience, subject, claims, jwks_uri] =
        field.into_fields(["issuer", "audience", "subject", "claims", "jwks_uri"], faults)?;
    let has_keys = jwks_uri.is_some();
    let issuer = required(issuer, &path, "issuer", faults)
        .and_then(|field| issuer_of(field, has_keys, faults));
    let audience =
        required(audience, &path, "audience", faults).and_then(|field| one_of(field, faults));
    let subject = subject.map(|field| one_of(field, faults));
    let claims = claims.map_or_else(|| Some(Vec::new()), |field| claims_of(field, faults));
    let jwks_uri = jwks_uri.map(|field| secure_url(field, faults));
    let trust = Trust {
        issuer: issuer?,
        audience: audience?,
        subject: subject.map_or(Some(None), |subject| subject.map(Some))?,
        claims: claims?,
        jwks_uri: jwks_uri.map_or(Some(None), |uri| uri.map(Some))?,
    };
    pins::check(&trust, &path, faults);
    Some(trust)
}

fn issuer_of(field: Field, has_keys: bool, faults: &mut Faults) -> Option<String> {
    let path = field.path.clone();
    let issuer = field.into_text(faults)?;
    let issuer = faults.ok(path.clone(), name_of(&issuer))?;
    if !has_keys && metadata_url(&issuer).is_none() {
        faults.add(path, Reason::NotAnIssuer);
    }
    Some(issuer)
}

fn secure_url(field: Field, faults: &mut Faults) -> Option<String> {
    let path = field.path.clone();
    let url = field.into_text(faults)?;
    let fault = if is_metadata(&url) { Reason::Metadata } else { Reason::NotASecureUrl };
    let is_good = is_trustworthy(&url) && !is_metadata(&url);
    faults.ok(path, is_good.then_some(url).ok_or(fault))
}

/// Whether `url` is of an issuer's metadata (`OpenID` Connect Discovery 1.0 §4), which has no keys in it.
pub(super) fn is_metadata(url: &str) -> bool {
    url.ends_with("/.well-known/openid-configuration")
}

fn claims_of(field: Field, faults: &mut Faults) -> Option<Vec<(String, OneOf)>> {
    let path = field.path.clone();
    let entries = field.into_entries(faults)?;
    if entries.is_empty() {
        faults.add(path, Reason::Empty);
    }
    let claim = |(name, field)| Some((name, one_of(field, faults)?));
    entries.into_iter().map(claim).collect()
}

/// A permitted value, or a list of them.
fn one_of(field: Field, faults: &mut Faults) -> Option<OneOf> {
    let values = match &field.value {
        Json::List(values) => values,
        value => std::slice::from_ref(value),
    };
    let is_large = |value: &Json| matches!(value, Json::Whole(number) if *number > JSON_NUMBER_MAX);
    let fault = if values.iter().any(is_large) { Reason::LargeNumber } else { Reason::NotAClaim };
    let path = field.path;
    let one_of = faults.ok(path.clone(), OneOf::parse(field.value).ok_or(fault))?;
    if one_of.texts().any(is_placeholder) {
        faults.add(path, Reason::Placeholder);
    }
    Some(one_of)
}
