//! `scope` in the answer (RFC 6749 §5.1): where the request named none, and where upstream granted
//! another one.

use serde_json::{Value, json};

use crate::support::sent::{Response, Sent};
use crate::support::world::World;

/// The same request on both routes, with these further parameters.
fn on_both_routes(scope: Option<&str>) -> [Sent; 2] {
    let scope = scope.map(|scope| format!("scope={scope}")).unwrap_or_default();
    let form = format!("grant_type=client_credentials&{scope}");
    let post = Sent::post("/oauth2/v2.0/token", &form).by("Basic YzprZXk=");
    [Sent::get(&format!("/token?{scope}")), post]
}

fn scope_of(response: &Response) -> Option<&Value> {
    assert_eq!(response.status, 200, "{}", response.body);
    response.body.get("scope")
}

/// Upstream's next answer says this about the scope.
fn grant(world: &World, scope: &Value) {
    let body = json!({
        "token_type": "Bearer", "expires_in": 3600, "access_token": "one", "scope": scope,
    });
    world.broker.servers.endpoint.answer(200, &body.to_string());
}

#[test]
fn who_named_no_scope_is_told_which_it_got() {
    for sent in on_both_routes(None) {
        let world = World::new();
        world.issue("one", 3600);
        for tier in ["upstream", "isolate"] {
            assert_eq!(scope_of(&sent.to(&world.isolate)), Some(&"s".into()), "{tier}");
        }
        let elsewhere = sent.to(&world.another_isolate().isolate);
        assert_eq!(scope_of(&elsewhere), Some(&"s".into()), "KV");
    }
    for sent in on_both_routes(Some("s")) {
        let world = World::new();
        world.issue("one", 3600);
        assert_eq!(scope_of(&sent.to(&world.isolate)), None);
    }
}

#[test]
fn what_upstream_granted_is_told_in_every_tier_if_it_is_another_scope() {
    for granted in [json!("read write"), json!("write  read"), json!(["write", "read"])] {
        for scope in [Some("s"), None] {
            for sent in on_both_routes(scope) {
                let world = World::new();
                grant(&world, &granted);
                for tier in ["upstream", "isolate"] {
                    let told = sent.to(&world.isolate);
                    assert_eq!(scope_of(&told), Some(&"read write".into()), "{tier}");
                }
                let elsewhere = sent.to(&world.another_isolate().isolate);
                assert_eq!(scope_of(&elsewhere), Some(&"read write".into()), "KV");
                assert_eq!(world.upstream_requests(), 1);
            }
        }
    }
}

#[test]
fn the_same_scope_or_a_senseless_one_is_nothing_to_tell() {
    let odd = [json!(null), json!(""), json!([]), json!(7), json!({}), json!("a\"b"), json!([1])];
    for granted in [json!("s"), json!(" s s "), json!(["s"])].iter().chain(&odd) {
        for sent in on_both_routes(Some("s")) {
            let world = World::new();
            grant(&world, granted);
            assert_eq!(scope_of(&sent.to(&world.isolate)), None, "{granted}");
        }
    }
}
