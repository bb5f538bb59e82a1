//! What a request says of itself: `method\nurl\nX-Request-Id\nscope`.

#![no_main]

use edge_token_broker::base::limits::{REQUEST_ID_MAX_CHARS, SCOPE_MAX_BYTES};
use edge_token_broker::base::origin::{is_path_safe, is_private, public_origin};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::http::route::{Route, path_and_query};
use edge_token_broker::oauth::scope::ScopeSet;
use libfuzzer_sys::fuzz_target;

fn url(method: &str, url: &str) {
    let (path, query) = path_and_query(url);
    assert!(path.starts_with('/') && !path.contains(['?', '#']) && !query.contains('#'));
    assert!(path == "/" || url.contains(path));
    assert!(url.contains(query));
    match Route::new(method, path) {
        Route::TokenEndpoint { credential: Some(name) } => {
            assert!(method == "POST" && is_path_safe(name));
            assert_eq!(path, format!("/{name}/oauth2/v2.0/token"));
        }
        Route::Metadata { tenant, version } => {
            assert!(tenant.is_empty() || tenant.strip_prefix('/').is_some_and(is_path_safe));
            let behind = format!("{tenant}{version}/.well-known/openid-configuration");
            let in_front = format!("/.well-known/oauth-authorization-server{tenant}{version}");
            assert!(path == behind || path == in_front);
        }
        _ => {}
    }
    let origin = public_origin(url);
    assert!(origin.starts_with("https://") || is_private(url));
    assert!(!is_private(url) || url.starts_with(&origin));
    // An URL made of the parts comes apart into the same parts.
    let again = format!("https://broker.example{path}?{query}#fragment");
    assert_eq!(path_and_query(&again), (path, query));
}

fn request_id(text: &str) {
    let fine = (1..=REQUEST_ID_MAX_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic());
    assert_eq!(RequestId::parse(text).as_ref().map(RequestId::as_str), fine.then_some(text));
}

fn scope(text: &str) {
    let Ok(scope) = ScopeSet::parse(text) else { return };
    assert!(!scope.as_str().is_empty() && scope.as_str().len() <= SCOPE_MAX_BYTES);
    assert_eq!(ScopeSet::parse(scope.as_str()).as_ref(), Ok(&scope), "printed, it reads the same");
    let tokens = |text: &'_ str| {
        let mut tokens: Vec<String> =
            text.split(' ').filter(|token| !token.is_empty()).map(str::to_owned).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    };
    assert_eq!(tokens(text), tokens(scope.as_str()), "it is the same set");
}

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(4, '\n');
    let mut line = || lines.next().unwrap_or_default();
    let method = line();
    url(method, line());
    request_id(line());
    scope(line());
});
