//! The metadata of an issuer and of a resource: a line with its URL, then the document.

#![no_main]

use edge_token_broker::base::json::Json;
use edge_token_broker::base::origin::is_trustworthy;
use edge_token_broker::upstream::metadata::document::{
    is_issuer, resource_urls, server, server_of_resource, server_urls,
};
use libfuzzer_sys::fuzz_target;

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let host = rest.split(['/', '?']).next().expect("a host");
    &url[..scheme.len() + 3 + host.len()]
}

/// Nobody is asked for the metadata of `url` but its own host, and nobody twice.
fn places(url: &str, places: &[String]) {
    for (at, place) in places.iter().enumerate() {
        assert!(place.len() > 2048 || is_trustworthy(place), "{place}");
        assert!(place.contains("/.well-known/"), "{place}");
        assert_eq!(origin(place), origin(url));
        assert!(!places[..at].contains(place), "{place} twice");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some(url), Some(document)) = (parts.next(), parts.next()) else { return };
    let Ok(url) = str::from_utf8(url) else { return };
    if !is_trustworthy(url) {
        // No configuration has it.
        return;
    }
    let is_plain = url.starts_with("http:");
    if is_issuer(url) {
        places(url, &server_urls(url));
        if let Ok(found) = server(document, url) {
            let stated = Json::parse(document).ok().and_then(|json| json.into_members(["issuer"]));
            let stated = stated.and_then(|[issuer]| issuer?.into_text());
            assert_eq!(stated.as_deref(), Some(url), "to the letter");
            assert!(is_trustworthy(&found.token_endpoint));
            assert!(is_plain || found.token_endpoint.starts_with("https://"));
        }
    }
    places(url, &resource_urls(url));
    if let Ok(issuer) = server_of_resource(document, url) {
        assert!(is_issuer(&issuer));
        assert!(is_plain || issuer.starts_with("https://"));
    }
});
