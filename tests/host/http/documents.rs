//! The documents of the broker's own issuer: what they say, and who may read and keep them.

use crate::support::bindings::Vars;
use crate::support::federated::{ISSUER, federated};
use crate::support::keys::fixture;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};
use edge_token_broker::http::route::Route;
use serde_json::{Value, json};

const METADATA: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/.well-known/jwks.json";

fn got(vars: &Vars, path: &str) -> Response {
    Sent::get(path).by_nobody().to(&World::of(isolate(vars)).isolate)
}

fn kids(vars: &Vars) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let body = got(vars, KEYS).body;
    let keys = body.get("keys").and_then(Value::as_array).unwrap();
    keys.iter().map(|key| text(key.get("kid").unwrap())).collect()
}

#[test]
fn the_metadata_name_the_issuer_and_routes_that_exist() {
    let document = got(&federated(), METADATA).body;
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["id_token_signing_alg_values_supported"], json!(["RS256"]));
    assert_eq!(document["subject_types_supported"], json!(["public"]));
    assert_eq!(document["response_types_supported"], json!(["id_token"]));
    let route = |member: &str, method: &str| {
        let path = document[member].as_str().unwrap().strip_prefix(ISSUER).unwrap();
        Route::new(method, path).name()
    };
    assert_eq!(route("jwks_uri", "GET"), "jwks");
    assert_eq!(route("token_endpoint", "POST"), "token_endpoint");
    assert_eq!(route("revocation_endpoint", "POST"), "revoke");
}

#[test]
fn everybody_may_read_and_keep_the_documents() {
    let world = World::of(isolate(&federated()));
    for path in [METADATA, KEYS] {
        for method in ["GET", "HEAD"] {
            let sent = Sent { method, ..Sent::get(path).by_nobody() };
            let response = sent.on_page("https://any.example").to(&world.isolate);
            assert_eq!(response.status, 200, "{method} {path}");
            assert_eq!(response.header("Cache-Control"), Some("public, max-age=3600"));
            assert_eq!(response.header("Access-Control-Allow-Origin"), Some("*"));
            assert_eq!(response.header("Vary"), None);
        }
        let post = Sent::post(path, "a=b").by_nobody().to(&world.isolate);
        assert_eq!((post.status, post.header("Allow")), (405, Some("GET, HEAD")));
        assert_eq!(post.header("Cache-Control"), None, "the platform adds no-store");
    }
    assert_eq!(world.upstream_requests() + world.broker.kv.loads.get(), 0);
}

#[test]
fn the_keys_are_public_halves_with_their_thumbprints() {
    let keys = got(&federated(), KEYS).body;
    let [key] = &keys["keys"].as_array().unwrap()[..] else { panic!("{keys}") };
    let mut names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!((&key["alg"], &key["use"]), (&json!("RS256"), &json!("sig")));
    let jwk: Value = serde_json::from_str(&fixture("rsa2048.jwk")).unwrap();
    assert_eq!((&key["n"], &key["e"]), (&jwk["n"], &jwk["e"]));
    let expected: Value = serde_json::from_str(&fixture("expected.json")).unwrap();
    assert_eq!(key["kid"], expected["kids"]["rsa2048.pem"]);
}

#[test]
fn each_key_is_published_once() {
    let next = federated().with("ISSUER_KEY_NEXT", &fixture("other.pem"));
    let [signing, other] = &kids(&next)[..] else { panic!("two keys") };
    assert_eq!(kids(&federated()), [signing.as_str()]);
    let all = next.clone().with("ISSUER_KEY_PREVIOUS", &fixture("rsa3072.pem"));
    assert_eq!(kids(&all)[..2], [signing.as_str(), other]);
    assert_eq!(kids(&all).len(), 3);
    let flipped = next.with("ISSUER_KEY", &fixture("other.pem"));
    let flipped = flipped.with("ISSUER_KEY_PREVIOUS", &fixture("rsa2048.pem"));
    assert_eq!(kids(&flipped), [other.as_str(), signing]);
}

#[test]
fn without_an_issuer_there_are_no_metadata_and_without_keys_an_empty_set() {
    let response = got(&vars(), METADATA);
    assert_eq!((response.status, response.error()), (404, "not_found"));
    assert_eq!(
        response.body["error_description"],
        "the broker has no issuer of its own: the var ISSUER is not set"
    );
    assert_eq!(response.header("Cache-Control"), None);
    assert_eq!(got(&vars(), KEYS).body, json!({"keys": []}));
}

#[test]
fn a_fault_of_the_configuration_is_told_here_too() {
    let broken = Vars::of(&[("ISSUER", "https://broker.example")]);
    let response = Sent::get(METADATA).by_nobody().to(&std::rc::Rc::new(isolate(&broken)));
    assert_eq!(response.status, 503);
    assert_eq!(response.header("Cache-Control"), None);
}
