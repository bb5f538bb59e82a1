//! The broker as an authorization server, in a document that libraries read in order to find its endpoints
//! (RFC 8414 §2, `OpenID` Connect Discovery 1.0 §3).

use super::route::{AUTHORIZATION_ENDPOINT, PUBLIC_KEYS, REVOCATION_ENDPOINT, TOKEN_ENDPOINT};
use crate::base::json_object::JsonObject;

/// How a caller authenticates itself, at the token endpoint and at the revocation endpoint.
const METHODS: &str = r#"["client_secret_basic","client_secret_post","private_key_jwt"]"#;
const SIGNING_ALGS: &str = r#"["RS256","PS256","ES256","EdDSA"]"#;

/// What every document has. `OpenID` Connect Discovery requires the first three, although the only ID tokens
/// are the JWTs by which the broker proves its own identity.
const CONSTANTS: [(&str, &str); 8] = [
    ("response_types_supported", r#"["id_token"]"#),
    ("subject_types_supported", r#"["public"]"#),
    ("id_token_signing_alg_values_supported", r#"["RS256"]"#),
    ("grant_types_supported", r#"["client_credentials"]"#),
    ("token_endpoint_auth_methods_supported", METHODS),
    ("token_endpoint_auth_signing_alg_values_supported", SIGNING_ALGS),
    ("revocation_endpoint_auth_methods_supported", METHODS),
    ("revocation_endpoint_auth_signing_alg_values_supported", SIGNING_ALGS),
];

/// The metadata, as JSON text, for a caller that has reached the broker at this `origin`, with the path below which
/// the broker answers. Its endpoints are there. A tenant is not looked up, so that nobody finds out which tenants the broker knows.
///
/// The issuer is that origin with tenant and version, because a library compares it with where it has
/// found the document. `own_issuer` is the issuer of the document without a tenant, which authorization
/// servers compare with the JWTs of the broker. They get its keys at its origin: behind a proxy, that of the
/// request may be out of their reach.
pub(super) fn document(
    origin: &str,
    tenant: &str,
    version: &str,
    own_issuer: Option<&str>,
) -> String {
    let issuer = [origin, tenant, version].concat();
    let own_issuer = own_issuer.filter(|_| tenant.is_empty());
    let mut json = JsonObject::default();
    json.text("issuer", own_issuer.unwrap_or(&issuer));
    for (name, origin, tenant, path) in [
        ("authorization_endpoint", origin, tenant, AUTHORIZATION_ENDPOINT),
        ("token_endpoint", origin, tenant, TOKEN_ENDPOINT),
        ("revocation_endpoint", origin, "", REVOCATION_ENDPOINT),
        ("jwks_uri", own_issuer.unwrap_or(origin), "", PUBLIC_KEYS),
    ] {
        json.text(name, &[origin, tenant, path].concat());
    }
    for (name, value) in CONSTANTS {
        json.member(name, value);
    }
    json.finish()
}
