//! The public documents: who may read and keep them, and the keys of the broker's own issuer.

use crate::support::bindings::Vars;
use crate::support::federated::federated;
use crate::support::keys::fixture;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};
use serde_json::{Value, json};

const METADATA: &str = "/.well-known/openid-configuration";
const OF_TENANT: &str = "/.well-known/oauth-authorization-server/t/v2.0";
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
fn everybody_may_read_and_keep_the_documents() {
    let world = World::of(isolate(&federated()));
    for path in [METADATA, OF_TENANT, KEYS] {
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
fn without_keys_there_is_an_empty_set() {
    assert_eq!(got(&vars(), KEYS).body, json!({"keys": []}));
}

#[test]
fn a_fault_of_the_configuration_is_told_here_too() {
    let broken = Vars::of(&[("ISSUER", "https://broker.example")]);
    let isolate = std::rc::Rc::new(isolate(&broken));
    for path in [METADATA, OF_TENANT, KEYS] {
        let response = Sent::get(path).by_nobody().to(&isolate);
        assert_eq!(response.status, 503, "{path}");
        assert_eq!(response.header("Cache-Control"), None);
    }
}
