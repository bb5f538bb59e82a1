//! A federated credential: the broker signs a JWT of its own issuer for each upstream request, and each
//! refusal of Entra says what to do.

use crate::support::federated::{ISSUER, credential, federated};
use crate::support::sent::Response;
use crate::support::world::{START, World, isolate, text};
use base64ct::{Base64UrlUnpadded, Encoding};
use edge_token_broker::base::time::Millis;
use edge_token_broker::config::Config;
use edge_token_broker::oauth::scope::ScopeSet;
use serde_json::{Value, json};

fn world() -> World {
    World::of(isolate(&federated()))
}

/// The assertion in the upstream request number `at`: header and claims.
fn assertion(world: &World, at: usize) -> [Value; 2] {
    let requests = world.broker.servers.endpoint.requests.borrow();
    let form = form_urlencoded::parse(requests.get(at).unwrap().1.as_bytes()).into_owned();
    let (_, jwt) = form.into_iter().find(|(name, _)| name == "client_assertion").unwrap();
    let mut parts = jwt.split('.');
    [(); 2].map(|()| {
        let part = Base64UrlUnpadded::decode_vec(parts.next().unwrap()).unwrap();
        serde_json::from_slice(&part).unwrap()
    })
}

fn description(response: &Response) -> &str {
    response.body.get("error_description").and_then(Value::as_str).unwrap()
}

#[test]
fn the_assertion_is_a_jwt_of_the_brokers_own_issuer() {
    let world = world();
    world.issue("one", 3600);
    assert_eq!(text(&world.obtain().0.unwrap()), "one");
    let [header, claims] = assertion(&world, 0);
    let published: Value =
        serde_json::from_str(&world.isolate.config().unwrap().published.keys).unwrap();
    let kid = &published["keys"][0]["kid"];
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": kid}));
    let secs = START / 1000;
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(
        (&claims["sub"], &claims["aud"]),
        (&json!("graph"), &json!("api://AzureADTokenExchange"))
    );
    assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(secs - 60), &json!(secs - 60)));
    assert_eq!(claims["exp"], secs + 300);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 36);
    let requests = world.broker.servers.endpoint.requests.borrow();
    assert!(requests[0].1.contains("client_id=app&client_assertion_type=urn"), "{}", requests[0].1);
    assert!(!requests[0].1.contains("client_secret"));
}

#[test]
fn a_miss_costs_one_signature_and_a_hit_none() {
    let world = world();
    world.issue("one", 3600);
    for _ in 0..3 {
        assert_eq!(world.request().status, 200);
    }
    assert_eq!(world.broker.servers.signer.signatures.get(), 1);
}

#[test]
fn a_refusal_that_may_pass_is_retried_once_with_a_new_assertion() {
    for number in [70021, 700_024, 7_000_272, 50166, 501_661, 90061, 500_133] {
        let world = world();
        world.refuse(401, "invalid_client", number);
        world.issue("one", 3600);
        assert_eq!(text(&world.obtain().0.unwrap()), "one", "{number}");
        let [first, second] = [0, 1].map(|at| assertion(&world, at)[1]["jti"].clone());
        assert_ne!(first, second);
        let requests = world.broker.servers.endpoint.requests.borrow();
        assert!((550..=1550).contains(&(requests[1].0.0 - requests[0].0.0)), "{number}");
    }
}

#[test]
fn a_refusal_that_stays_is_told_with_what_to_do() {
    for (number, requests, words) in [
        (70021, 2, "npm run explain"),
        (700_211, 1, "has this issuer"),
        (700_212, 1, "has this audience"),
        (700_213, 1, "has this subject"),
        (7_002_131, 1, "has this subject"),
        (7_002_137, 1, "has this subject"),
        (7_002_138, 1, "upper and lower case"),
        (7_000_272, 2, "ISSUER_KEY_NEXT"),
        (50166, 2, "documents at ISSUER"),
        (501_661, 2, "Cloudflare Access"),
        (90061, 2, "documents at ISSUER"),
        (700_024, 2, "clock"),
        (700_222, 1, "no token of its own"),
    ] {
        let world = world();
        for _ in 0..requests {
            world.refuse(400, "invalid_request", number);
        }
        let response = world.request();
        assert_eq!((response.status, world.upstream_requests()), (502, requests), "{number}");
        assert!(description(&response).contains(words), "{number}: {}", description(&response));
        assert_eq!(world.logged()["upstream_requests"], requests, "{number}");
    }
}

#[test]
fn the_time_in_which_a_new_federated_credential_is_not_known_everywhere_ends_by_itself() {
    let world = world();
    for _ in 0..8 {
        world.refuse(400, "invalid_request", 70021);
    }
    world.issue("one", 3600);
    // 2 s, 4 s, 8 s and 16 s: each round is one request of a caller with its retry.
    for pause in [2, 4, 8, 16] {
        let before = world.upstream_requests();
        assert_eq!(world.request().status, 502);
        assert_eq!(world.upstream_requests(), before + 2);
        assert_eq!(world.request().status, 502);
        assert_eq!(world.upstream_requests(), before + 2, "nobody is asked for {pause} s");
        world.broker.clock.advance(Millis::from_secs(pause));
    }
    assert_eq!(world.request().token(), "one");
}

#[test]
fn a_token_in_hand_is_served_while_entra_cannot_read_the_documents() {
    let world = world();
    world.issue("one", 3600);
    world.request();
    world.broker.clock.advance(Millis::from_secs(3200));
    for _ in 0..2 {
        world.refuse(400, "invalid_request", 50166);
    }
    assert_eq!(world.request().token(), "one");
    assert!(world.upstream_requests() > 1, "its renewal was refused");
    assert_eq!(world.request().token(), "one");
}

#[test]
fn a_signer_that_fails_or_hangs_is_a_passing_fault() {
    for hangs in [false, true] {
        let world = world();
        let signer = &world.broker.servers.signer;
        signer.fails.set(!hangs);
        signer.hangs.set(hangs);
        assert_eq!((world.request().status, world.upstream_requests()), (503, 0));
    }
}

#[test]
fn whatever_the_server_knows_of_the_broker_is_in_the_token_key() {
    let key = |vars| {
        let config = Config::parse(&vars).unwrap();
        config.credential("default").unwrap().token_key(&ScopeSet::parse("s").unwrap(), false)
    };
    let usual = key(federated());
    let with = |fields: &str| federated().with("CREDENTIALS", &credential(fields));
    assert_eq!(usual, key(with(r#"{"subject":"graph","audience":"api://AzureADTokenExchange"}"#)));
    for other in [
        with(r#"{"subject":"Graph"}"#),
        with(r#"{"subject":"graph","audience":"api://other"}"#),
        federated().with("ISSUER", "https://other.example"),
    ] {
        assert_ne!(usual, key(other));
    }
}

#[test]
fn two_applications_may_trust_the_same_subject() {
    let one = r#"{"tenant":"t","client_id":"app","federated":{"subject":"graph"}}"#;
    let two = one.replace("app", "other");
    let vars = federated().with("CREDENTIALS", &format!(r#"{{"default":{one},"two":{two}}}"#));
    let config = Config::parse(&vars).unwrap();
    let scope = ScopeSet::parse("s").unwrap();
    let key = |name| config.credential(name).unwrap().token_key(&scope, false);
    assert_ne!(key("default"), key("two"));
}
