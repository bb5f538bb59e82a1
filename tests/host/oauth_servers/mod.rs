//! Authorization servers other than Entra: what the broker sends them, and what their answers mean.

#![expect(clippy::indexing_slicing, reason = "a test that panics has failed, which is its job")]

mod echoes;
mod federated;
mod grants;
mod keys;
mod metadata;
mod metadata_memory;
mod refusals;
mod requests;
mod settings;
mod shapes;

use base64ct::{Base64UrlUnpadded, Encoding};
use edge_token_broker::base::time::Millis;
use serde_json::Value;

use crate::support::bindings::Vars;
use crate::support::config::DIGEST;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate};

/// A token endpoint that needs no metadata.
const ENDPOINT: &str = "https://as.example/token";

/// A configuration with the credential `x` as `entry` has it, and a grant of it with `scope`, or without.
fn vars(entry: &str, scope: Option<&str>) -> Vars {
    let scope = scope.map(|scope| format!(r#","scope":"{scope}""#)).unwrap_or_default();
    let allow = format!(r#"[{{"credential":"x"{scope}}}]"#);
    let clients = format!(r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":{allow}}}}}"#);
    Vars::of(&[
        ("CREDENTIALS", &format!(r#"{{"x":{entry}}}"#)),
        ("CLIENTS", &clients),
        ("SECRET", "s3cret"),
        ("OTHER", "other"),
    ])
}

/// The entry of a credential at [`ENDPOINT`] with a client secret, and more fields.
fn with_secret(more: &str) -> String {
    format!(r#"{{"token_endpoint":"{ENDPOINT}","client_id":"app","client_secret":"SECRET"{more}}}"#)
}

fn world(entry: &str, scope: Option<&str>) -> World {
    let world = World::of(isolate(&vars(entry, scope)));
    // So that a token has its whole lifetime left.
    world.broker.servers.endpoint.latency.set(Millis(0));
    world
}

/// What a caller of the credential `x` gets.
fn ask(world: &World) -> Response {
    Sent::get("/token?credential=x").to(&world.isolate)
}

/// The body of the upstream request number `at`.
fn body(world: &World, at: usize) -> String {
    world.broker.servers.endpoint.requests.borrow()[at].1.clone()
}

/// The URL and the `Authorization` of the upstream request number `at`.
fn head(world: &World, at: usize) -> (String, Option<String>) {
    world.broker.servers.endpoint.sent.borrow()[at].clone()
}

/// A parameter of the upstream request number `at`.
fn parameter(world: &World, at: usize, name: &str) -> Option<String> {
    let body = body(world, at);
    let mut found = form_urlencoded::parse(body.as_bytes()).filter(|(key, _)| key == name);
    let value = found.next().map(|(_, value)| value.into_owned());
    assert!(found.next().is_none(), "{name} was sent twice");
    value
}

/// Header and claims of the JWT in the parameter `name` of the upstream request number `at`.
fn jwt(world: &World, at: usize, name: &str) -> [Value; 2] {
    let jwt = parameter(world, at, name).unwrap();
    let parts: Vec<_> = jwt.split('.').collect();
    assert_eq!(parts.len(), 3);
    [0, 1].map(|part| {
        serde_json::from_slice(&Base64UrlUnpadded::decode_vec(parts[part]).unwrap()).unwrap()
    })
}

/// What the error of a caller says.
fn description(response: &Response) -> &str {
    response.body["error_description"].as_str().unwrap()
}
