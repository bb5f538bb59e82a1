//! Installations of a GitHub App: from the private key to the token, and what a refusal means.

use crate::support::bindings::Vars;
use crate::support::config::DIGEST;
use crate::support::keys::{fixture, header_and_claims};
use crate::support::sent::Response;
use crate::support::world::{START, World, isolate, text};
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::oauth::scope::ScopeSet;
use edge_token_broker::upstream::assertion::signing_input;
use edge_token_broker::upstream::proof::Proof;
use edge_token_broker::upstream::server::{Endpoint, Order, Presented};
use serde_json::{Value, json};

pub(super) const PLAIN: &str = r#""client_id":"Iv23abc","installation_id":4711"#;

/// A client with a grant of an installation, whose table `github_app` has these members.
pub(super) fn vars(app: &str) -> Vars {
    with_entry(&format!(r#""github_app":{{{app}}},"private_key":"ONE""#))
}

pub(super) fn with_entry(entry: &str) -> Vars {
    let clients =
        format!(r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default"}}]}}}}"#);
    Vars::of(&[
        ("CREDENTIALS", &format!(r#"{{"default":{{{entry}}}}}"#)),
        ("CLIENTS", &clients),
        ("ONE", &fixture("rsa2048-pkcs1.pem")),
        ("TWO", &fixture("rsa3072.pem")),
        ("EC", &fixture("p256.pem")),
    ])
}

pub(super) fn world(app: &str) -> World {
    World::of(isolate(&vars(app)))
}

/// The answer with a token that lives for an hour.
fn issued(token: &str) -> String {
    // START is 2023-11-14T22:13:20Z.
    json!({
        "token": token,
        "expires_at": "2023-11-14T23:13:20Z",
        "permissions": {"contents": "read", "metadata": "read"},
        "repository_selection": "all",
    })
    .to_string()
}

#[test]
fn the_jwt_of_the_app_is_in_the_header() {
    let world = world(PLAIN);
    let server = &*world.grant.credential.server;
    let endpoint = "https://api.github.com/app/installations/4711/access_tokens";
    assert_eq!(server.endpoint(), Endpoint::Url(endpoint));
    assert!(!server.needs_scope());
    let scope = ScopeSet::parse("s").unwrap();
    let order = Order {
        endpoint,
        client_id: &world.grant.credential.client_id,
        scope: &scope,
        claims: None,
        parameters: &[],
    };
    let claims = server.assertion(&order).claims;
    assert_eq!(claims, [("iss".into(), "Iv23abc".into())]);
    let draft = server.request(&order, &Presented::Assertion("a.b.c"));
    assert_eq!(draft.authorization.unwrap().as_str(), "Bearer a.b.c");
    assert_eq!(draft.body.as_str(), "{}");
    for (name, value) in [
        ("accept", "application/vnd.github+json"),
        ("content-type", "application/json"),
        ("x-github-api-version", "2022-11-28"),
    ] {
        assert!(draft.headers.fixed.contains(&(name, value)), "{name}");
    }
    assert!(draft.headers.fixed.iter().any(|(name, _)| *name == "user-agent"));
}

#[test]
fn an_installation_token_is_served_until_it_expires() {
    let world = world(PLAIN);
    let long = format!("ghs_4711_{}", "eyJ0.e-_~+/=".repeat(80));
    world.broker.servers.endpoint.answer(201, &issued(&long));
    let served = world.obtain().0.unwrap();
    assert_eq!(text(&served), long);
    // 50 ms later than the request: the token is not believed to live longer than GitHub says.
    let left = UnixMillis(START).until(served.token.expires_at);
    assert!((3598 * 1000..=3600 * 1000).contains(&left.0), "{left:?}");
    assert_eq!(world.broker.servers.endpoint.requests.borrow()[0].1, "{}");
    assert_eq!(world.broker.servers.signer.signatures.get(), 1);
    assert_eq!(world.request().token(), long);
    assert_eq!(world.upstream_requests(), 1);
}

#[test]
fn a_token_may_be_narrowed_and_then_is_another_token() {
    let narrowed = [
        (PLAIN.to_owned(), "{}"),
        (
            format!(r#"{PLAIN},"repositories":["web",".github"]"#),
            r#"{"repositories":["web",".github"]}"#,
        ),
        (
            format!(r#"{PLAIN},"permissions":{{"contents":"read"}}"#),
            r#"{"permissions":{"contents":"read"}}"#,
        ),
        (
            format!(
                r#"{PLAIN},"repositories":["web"],"permissions":{{"contents":"read","issues":"write"}}"#
            ),
            r#"{"repositories":["web"],"permissions":{"contents":"read","issues":"write"}}"#,
        ),
    ];
    let mut keys = Vec::new();
    for (app, body) in narrowed {
        let world = world(&app);
        world.broker.servers.endpoint.answer(201, &issued("one"));
        assert!(world.obtain().0.is_ok());
        assert_eq!(world.broker.servers.endpoint.requests.borrow()[0].1, body);
        keys.push(world.grant.token_key);
    }
    let other_api = format!(r#"{PLAIN},"api":"https://github.example.com/api/v3""#);
    let other_installation = r#""client_id":"Iv23abc","installation_id":4712"#;
    keys.extend([&other_api, other_installation].map(|app| world(app).grant.token_key));
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn members_beside_the_token_are_handed_on() {
    let entry = format!(
        r#""github_app":{{{PLAIN}}},"private_key":"ONE","response_fields":["permissions","expires_at"]"#
    );
    let world = World::of(isolate(&with_entry(&entry)));
    world.broker.servers.endpoint.answer(201, &issued("one"));
    let response = world.request();
    assert_eq!(response.token(), "one");
    assert_eq!(response.body["permissions"], json!({"contents": "read", "metadata": "read"}));
    assert_eq!(response.body["expires_at"], "2023-11-14T23:13:20Z");
    assert_eq!(response.body["repository_selection"], Value::Null);
}

#[test]
fn an_enterprise_server_has_an_api_of_its_own() {
    for (app, endpoint) in [
        (r#""api":"https://github.example.com/api/v3/""#, "https://github.example.com/api/v3"),
        (r#""api":"http://localhost:8080""#, "http://localhost:8080"),
    ] {
        let app = format!(r#""client_id":"Iv23abc","installation_id":"4711",{app}"#);
        let url = [endpoint, "/app/installations/4711/access_tokens"].concat();
        let world = world(&app);
        assert_eq!(world.grant.credential.server.endpoint(), Endpoint::Url(&url));
    }
}

#[test]
fn a_refused_key_is_followed_by_the_next_one() {
    let entry = format!(r#""github_app":{{{PLAIN}}},"private_key":["ONE","TWO"]"#);
    let world = World::of(isolate(&with_entry(&entry)));
    let body = r#"{"message":"A JSON web token could not be decoded","status":"401"}"#;
    world.broker.servers.endpoint.answer(401, body);
    world.broker.servers.endpoint.answer(201, &issued("two"));
    assert_eq!(world.request().token(), "two");
}

/// What the caller gets where GitHub answers like this, and how many requests that took.
fn told(status: u16, retry_after: Option<&str>, words: &str) -> (Response, usize) {
    let world = world(PLAIN);
    let body = json!({
        "message": words,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.to_string(),
    });
    for _ in 0..2 {
        world.broker.servers.endpoint.answer_with(status, retry_after, &body.to_string());
    }
    (world.request(), world.upstream_requests())
}

#[test]
fn a_refusal_has_githubs_words_and_what_to_do() {
    for (status, words, advice) in [
        (401, "A JSON web token could not be decoded", "the private key and the client id"),
        (401, "'Expiration time' claim ('exp') is too far in the future", "the clock is right"),
        (404, "Not Found", "installation_id"),
        (404, "Integration not found", "client_id"),
        (403, "This installation has been suspended", "suspended"),
        (422, "The permissions requested are not granted to this installation.", "permissions"),
        (
            422,
            "There is at least one repository that does not exist or is not accessible to the \
             parent installation.",
            "repositories",
        ),
        (410, "Gone", "check the app"),
    ] {
        let (response, requests) = told(status, None, words);
        assert_eq!((response.status, requests), (502, 1), "{words}");
        let told = response.body["error_description"].as_str().unwrap();
        let words = ["GitHub says: ", words.trim_end_matches('.'), "; "].concat();
        assert!(told.contains(&words) && told.contains(advice), "{told}");
    }
}

#[test]
fn a_rate_limit_is_a_throttle_by_either_status() {
    for (status, retry_after, words, seconds) in [
        (403, Some("17"), "You have exceeded a secondary rate limit.", "17"),
        (403, None, "API rate limit exceeded for installation ID 1.", "60"),
        (429, Some("17"), "API rate limit exceeded for installation ID 1.", "17"),
    ] {
        let (response, requests) = told(status, retry_after, words);
        assert_eq!((response.status, requests), (503, 1), "{words}");
        assert_eq!(response.headers["Retry-After"], seconds, "{words}");
    }
    let (response, requests) = told(502, None, "Server Error");
    assert_eq!((response.status, requests), (503, 2));
}

#[test]
fn the_jwt_lives_for_less_than_ten_minutes() {
    let world = world(PLAIN);
    let Proof::Key(key) = &world.grant.credential.proof else { panic!("a key") };
    let assertion = world.grant.credential.server.assertion(&Order {
        endpoint: "",
        client_id: "Iv23abc",
        scope: &world.grant.scope,
        claims: None,
        parameters: &[],
    });
    assert!(assertion.lifetime < Millis::from_secs(600));
    let jwt = signing_input(key, assertion, UnixMillis(START), [7; 16]);
    let [header, claims] = header_and_claims(&[&jwt, ".signature"].concat());
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
    assert_eq!(claims["iss"], "Iv23abc");
    assert_eq!(claims["iat"], START / 1000 - 60);
    assert_eq!(claims["exp"], START / 1000 + 300);
}
