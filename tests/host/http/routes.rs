//! Which endpoint a request is for.

use edge_token_broker::http::route::{Route, path_and_query};

#[test]
fn paths_and_methods() {
    let endpoint = |credential| Route::TokenEndpoint { credential };
    let metadata = |tenant, version| Route::Metadata { tenant, version };
    let refused = |allow| Route::MethodNotAllowed { allow, takes_proof: true };
    let not_allowed = Route::MethodNotAllowed { allow: "GET, HEAD", takes_proof: false };
    for (method, path, route) in [
        ("GET", "/token", Route::Token),
        ("GET", "/healthz", Route::Health),
        ("GET", "/readyz", Route::Ready),
        ("POST", "/revoke", Route::Revoke),
        ("GET", "/revoke", refused("POST")),
        ("POST", "/oauth2/v2.0/token", endpoint(None)),
        ("POST", "/contoso.com/oauth2/v2.0/token", endpoint(Some("contoso.com"))),
        ("GET", "/oauth2/v2.0/authorize", Route::Authorize),
        ("HEAD", "/contoso.com/oauth2/v2.0/authorize", Route::Authorize),
        ("POST", "/contoso.com/oauth2/v2.0/authorize", not_allowed),
        ("GET", "/.well-known/openid-configuration", metadata("", "")),
        ("GET", "/.well-known/oauth-authorization-server", metadata("", "")),
        ("HEAD", "/t/.well-known/openid-configuration", metadata("/t", "")),
        ("GET", "/t/v2.0/.well-known/openid-configuration", metadata("/t", "/v2.0")),
        ("GET", "/.well-known/oauth-authorization-server/t", metadata("/t", "")),
        ("HEAD", "/.well-known/oauth-authorization-server/t/v2.0", metadata("/t", "/v2.0")),
        ("DELETE", "/.well-known/oauth-authorization-server/t/v2.0", not_allowed),
        ("GET", "/.well-known/jwks.json", Route::PublicKeys),
        ("HEAD", "/token", Route::Token),
        ("GET", "/msi/token", Route::ManagedIdentity),
        ("HEAD", "/msi/token", Route::ManagedIdentity),
        ("POST", "/msi/token", refused("GET, HEAD")),
        ("HEAD", "/healthz", Route::Health),
        ("HEAD", "/readyz", Route::Ready),
        ("HEAD", "/oauth2/v2.0/token", refused("POST")),
        ("HEAD", "/revoke", refused("POST")),
        ("", "/token", refused("GET, HEAD")),
        ("GET, HEAD", "/token", refused("GET, HEAD")),
        ("GET", "/x/oauth2/v2.0/token", refused("POST")),
        ("get", "/token", refused("GET, HEAD")),
        ("POST", "/healthz", not_allowed),
        ("PUT", "/readyz", not_allowed),
        ("GET", "/", Route::NotFound),
        ("GET", "/token/", Route::NotFound),
        ("GET", "/Token", Route::NotFound),
        ("POST", "//oauth2/v2.0/token", Route::NotFound),
        ("POST", "/a/b/oauth2/v2.0/token", Route::NotFound),
        ("POST", "/oauth2/v2.0/token/x", Route::NotFound),
        ("POST", "x/oauth2/v2.0/token", Route::NotFound),
    ] {
        assert_eq!(Route::new(method, path), route, "{method} {path}");
    }
}

#[test]
fn a_url_falls_into_path_and_query() {
    for (url, parts) in [
        ("https://h/token?scope=a", ("/token", "scope=a")),
        ("https://h:1/token?a=?/b#c", ("/token", "a=?/b")),
        ("https://h/token#?x", ("/token", "")),
        ("https://h", ("/", "")),
        ("https://h/", ("/", "")),
    ] {
        assert_eq!(path_and_query(url), parts, "{url}");
    }
}
