//! One entry of a client's `jwt`: which JSON Web Tokens prove its identity.

use super::credentials::{name_of, required};
use super::fault::{Faults, Reason};
use super::json::Field;
use crate::base::origin::is_trustworthy;
use crate::jwt::discovery::metadata_url;
use crate::jwt::{OneOf, Trust};

/// Public issuers: anyone can obtain a token from them, for any audience and with mostly freely chosen
/// claims. Beside each stand the claims that, like `sub`, say whose token it is.
const PUBLIC_ISSUERS: [(&str, &[&str]); 4] = [
    ("https://accounts.google.com", &["email", "hd"]),
    ("https://agent.buildkite.com", &["organization_slug", "organization_id", "pipeline_id"]),
    (
        "https://gitlab.com",
        &["project_id", "project_path", "namespace_id", "namespace_path", "user_id"],
    ),
    (
        "https://token.actions.githubusercontent.com",
        &[
            "repository",
            "repository_id",
            "repository_owner",
            "repository_owner_id",
            "enterprise",
            "enterprise_id",
        ],
    ),
];

/// Whether a token with `claims` can be of anyone: the issuer is public, and no claim says whose it is.
fn is_anybody(issuer: &str, claims: &[(String, OneOf)]) -> bool {
    let public = PUBLIC_ISSUERS.iter().find(|(known, _)| *known == issuer.trim_end_matches('/'));
    public.is_some_and(|(_, telling)| {
        !claims.iter().any(|(name, _)| telling.contains(&name.as_str()))
    })
}

pub(super) fn parse(field: Field, faults: &mut Faults) -> Option<Trust> {
    let path = field.path.clone();
    let [issuer, audience, subject, claims, jwks_uri] =
        field.into_fields(["issuer", "audience", "subject", "claims", "jwks_uri"], faults)?;
    let pinned = subject.is_some();
    let has_keys = jwks_uri.is_some();
    let issuer = required(issuer, &path, "issuer", faults)
        .and_then(|field| issuer_of(field, has_keys, faults));
    let audience =
        required(audience, &path, "audience", faults).and_then(|field| one_of(field, faults));
    let subject = subject.map(|field| one_of(field, faults));
    let claims = claims.map_or_else(|| Some(Vec::new()), |field| claims_of(field, faults));
    let jwks_uri = jwks_uri.map(|field| secure_url(field, faults));
    if let (Some(issuer), Some(claims)) = (&issuer, &claims)
        && !pinned
        && is_anybody(issuer, claims)
    {
        faults.add(format!("{path}.issuer"), Reason::PublicIssuer);
    }
    Some(Trust {
        issuer: issuer?,
        audience: audience?,
        subject: subject.map_or(Some(None), |subject| subject.map(Some))?,
        claims: claims?,
        jwks_uri: jwks_uri.map_or(Some(None), |uri| uri.map(Some))?,
    })
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
    faults.ok(path, is_trustworthy(&url).then_some(url).ok_or(Reason::NotASecureUrl))
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
    faults.ok(field.path, OneOf::parse(field.value).ok_or(Reason::NotAClaim))
}
