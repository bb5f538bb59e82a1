//! Google's service accounts: from the key file to the token, and what a refusal means.

use crate::support::bindings::Vars;
use crate::support::config::{DIGEST, assert_faults};
use crate::support::keys::{fixture, header_and_claims};
use crate::support::sent::Response;
use crate::support::world::{START, World, isolate, text};
use edge_token_broker::config::Config;
use edge_token_broker::upstream::google::key_file;
use edge_token_broker::upstream::server::Endpoint;
use serde_json::{Value, json};

const ACCOUNT: &str = "reports@project-1.iam.gserviceaccount.com";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const KEY_ID: &str = "0123456789abcdef0123456789abcdef01234567";

/// A key file as Google's console downloads it.
fn file(pem: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "project-1",
        "private_key_id": KEY_ID,
        "private_key": fixture(pem),
        "client_email": ACCOUNT,
        "client_id": "104000000000000000000",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/reports",
        "universe_domain": "googleapis.com",
    })
}

/// A key file with `member` as `value`, or without it.
fn changed(member: &str, value: &Value) -> String {
    let mut changed = file("rsa2048.pem");
    let members = changed.as_object_mut().unwrap();
    members.remove(member);
    if !value.is_null() {
        members.insert(member.to_owned(), value.clone());
    }
    changed.to_string()
}

/// A client with a grant of `credential`, whose secrets are `ONE` and `TWO`.
fn vars(credential: &str) -> Vars {
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"default","scope":"{SCOPE}"}}]}}}}"#
    );
    Vars::of(&[
        ("CREDENTIALS", &format!(r#"{{"default":{credential}}}"#)),
        ("CLIENTS", &clients),
        ("ONE", &file("rsa2048.pem").to_string()),
        ("TWO", &file("rsa3072.pem").to_string()),
    ])
}

fn world(credential: &str) -> World {
    World::of(isolate(&vars(credential)))
}

/// The form of the upstream request number `at`.
fn form(world: &World, at: usize) -> Vec<(String, String)> {
    let requests = world.broker.servers.endpoint.requests.borrow();
    form_urlencoded::parse(requests.get(at).unwrap().1.as_bytes()).into_owned().collect()
}

#[test]
fn the_whole_request_is_in_the_assertion() {
    let world = world(r#"{"service_account":"ONE"}"#);
    let credential = &world.grant.credential;
    let endpoint = "https://oauth2.googleapis.com/token";
    assert_eq!(credential.server.endpoint(), Endpoint::Url(endpoint));
    assert_eq!(credential.client_id, ACCOUNT);
    world.issue("one", 3599);
    assert_eq!(text(&world.obtain().0.unwrap()), "one");
    let form = form(&world, 0);
    let [(grant_type, bearer), (assertion, jwt)] = form.as_slice() else { panic!("{form:?}") };
    assert_eq!((grant_type.as_str(), assertion.as_str()), ("grant_type", "assertion"));
    assert_eq!(bearer, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let [header, claims] = header_and_claims(jwt);
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID}));
    let secs = START / 1000;
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert!(lifetime <= 3600 && claims["iat"].as_u64().unwrap() <= secs, "{claims}");
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(ACCOUNT), &json!(endpoint)));
    assert_eq!((&claims["scope"], &claims["sub"]), (&json!(SCOPE), &Value::Null));
}

#[test]
fn a_subject_is_in_the_assertion_and_has_tokens_of_its_own() {
    let key = |credential: &str| world(credential).grant.token_key;
    let of_ada = r#"{"service_account":"ONE","subject":"ada@example.com"}"#;
    let of_eve = r#"{"service_account":"ONE","subject":"eve@example.com"}"#;
    let of_nobody = r#"{"service_account":"ONE"}"#;
    assert!(key(of_ada) != key(of_eve) && key(of_ada) != key(of_nobody));
    assert!(key(of_ada) == key(of_ada));
    let world = world(of_ada);
    world.issue("one", 3599);
    assert!(world.obtain().0.is_ok());
    assert_eq!(header_and_claims(&form(&world, 0)[1].1)[1]["sub"], "ada@example.com");
}

#[test]
fn the_file_names_the_token_endpoint() {
    for (url, expected) in [
        (Value::Null, Some("https://oauth2.googleapis.com/token")),
        (json!("http://localhost:8080/token"), Some("http://localhost:8080/token")),
        (json!("http://oauth2.googleapis.com/token"), None),
        (json!("ftp://oauth2.googleapis.com/token"), None),
        (json!(["https://oauth2.googleapis.com/token"]), None),
    ] {
        let parsed = key_file::parse(&changed("token_uri", &url)).ok();
        assert_eq!(parsed.map(|file| file.token_uri).as_deref(), expected, "{url}");
    }
}

#[test]
fn a_refused_key_is_followed_by_the_next_one() {
    let world = world(r#"{"service_account":["ONE","TWO"]}"#);
    world
        .broker
        .servers
        .endpoint
        .answer(400, r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#);
    world.issue("two", 3599);
    assert_eq!(world.request().token(), "two");
    assert_eq!(world.upstream_requests(), 2);
    assert_ne!(form(&world, 0)[1].1, form(&world, 1)[1].1);
}

/// What the caller gets where Google answers like this, and how many requests that took.
fn told(credential: &str, status: u16, error: &str, words: &str) -> (Response, usize) {
    let world = world(credential);
    let body = json!({"error": error, "error_description": words}).to_string();
    for _ in 0..2 {
        world.broker.servers.endpoint.answer(status, &body);
    }
    (world.request(), world.upstream_requests())
}

#[test]
fn a_refusal_has_googles_words_and_what_to_do() {
    let plain = r#"{"service_account":"ONE"}"#;
    let delegated = r#"{"service_account":"ONE","subject":"ada@example.com"}"#;
    let time = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable \
                timeframe. Check your iat and exp values in the JWT claim.";
    let unauthorized = "Client is unauthorized to retrieve access tokens using this method, or client not \
         authorized for any of the scopes requested.";
    for (credential, status, error, words, advice) in [
        (plain, 400, "invalid_grant", "Invalid JWT Signature.", "this key of it are there"),
        (plain, 400, "invalid_grant", time, "the clock is right"),
        (plain, 400, "invalid_grant", "Invalid grant: account not found", "service account"),
        (delegated, 400, "invalid_grant", "Invalid email or User ID", "subject is a user"),
        (delegated, 401, "unauthorized_client", unauthorized, "domain-wide delegation is missing"),
        (plain, 401, "unauthorized_client", unauthorized, "set subject"),
        (plain, 401, "deleted_client", "The OAuth client was deleted.", "deleted or disabled"),
        (plain, 401, "disabled_client", "The OAuth client was disabled.", "deleted or disabled"),
        (plain, 400, "admin_policy_enforced", "Access is blocked.", "check the service account"),
    ] {
        let (response, requests) = told(credential, status, error, words);
        assert_eq!((response.status, requests), (502, 1), "{error}");
        let told = response.body["error_description"].as_str().unwrap();
        let words = ["Google says: ", words.trim_end_matches('.'), "; "].concat();
        assert!(told.contains(&words) && told.contains(advice), "{told}");
    }
}

#[test]
fn a_refused_scope_is_the_callers_and_an_outage_passes() {
    let plain = r#"{"service_account":"ONE"}"#;
    let words = "Invalid OAuth scope or ID token audience provided.";
    let (response, requests) = told(plain, 400, "invalid_scope", words);
    assert_eq!((response.status, response.error(), requests), (403, "insufficient_scope", 1));
    assert_eq!(response.body["error_description"], words);
    for (status, error, requests) in [
        (500, "internal_failure", 2),
        (503, "unavailable", 2),
        (400, "temporarily_unavailable", 2),
        (429, "quota", 1),
    ] {
        let (response, asked) = told(plain, status, error, "");
        assert_eq!((response.status, asked), (503, requests), "{error}");
    }
}

#[test]
fn faults_of_a_key_file_name_its_member_and_no_value() {
    let no_file = "must be the JSON key file of a service account as Google's console downloads it, \
                   whose type is service_account";
    let member = |name: &str| {
        format!("is a key file without a valid {name}: download it again and change nothing in it")
    };
    let of = |name: &str, value: &Value, reason: String| (changed(name, value), reason);
    let twice = file("rsa2048.pem").to_string().replacen('{', r#"{"type":"service_account","#, 1);
    for (text, reason) in [
        ("not JSON".to_owned(), no_file.to_owned()),
        (fixture("rsa2048.pem"), no_file.to_owned()),
        ("[]".to_owned(), no_file.to_owned()),
        (twice, no_file.to_owned()),
        of("type", &json!("authorized_user"), no_file.to_owned()),
        of("type", &Value::Null, no_file.to_owned()),
        of("client_email", &Value::Null, member("client_email")),
        of("client_email", &json!("<account>"), member("client_email")),
        of("private_key_id", &json!(""), member("private_key_id")),
        of("private_key_id", &json!(7), member("private_key_id")),
        of("token_uri", &json!("http://oauth2.googleapis.com/token"), member("token_uri")),
        of("private_key", &Value::Null, member("private_key")),
        of(
            "private_key",
            &json!(fixture("p256.pem")),
            "has a private key that is not RSA: take the file that the server gave out".to_owned(),
        ),
        of(
            "private_key",
            &json!(fixture("rsa2048.pem").replace("-----END", "")),
            "is cut off before its -----END line: copy the whole file".to_owned(),
        ),
        (" ".repeat(64 * 1024 + 1), "must be at most 64 KiB".to_owned()),
    ] {
        let vars = vars(r#"{"service_account":"ONE"}"#).with("ONE", &text);
        assert_faults(&vars, &[&format!("CREDENTIALS.default.service_account: {reason}")]);
    }
}

#[test]
fn the_key_is_found_in_every_form_that_a_file_has() {
    for pem in ["rsa2048.pem", "rsa2048-pkcs1.pem"] {
        let text = file(pem).to_string();
        let pretty = serde_json::to_string_pretty(&file(pem)).unwrap();
        // Pasted into a variable whose tool escapes the line breaks of the key once more.
        for text in [&text, &pretty, &text.replace(r"\n", r"\\n"), &format!("\u{feff}{text}\n")] {
            assert_eq!(key_file::parse(text).unwrap().client_email, ACCOUNT);
        }
    }
}

#[test]
fn faults_of_an_entry() {
    let other = changed("client_email", &json!("other@project-1.iam.gserviceaccount.com"));
    let path = "CREDENTIALS.default";
    for (credential, two, expected) in [
        (
            r#"{"service_account":"NONE"}"#,
            "",
            "service_account: must name an existing secret binding (the name of the binding, not the secret itself)",
        ),
        (
            r#"{"service_account":"ONE","subject":""}"#,
            "",
            "subject: must be 1 to 253 printable ASCII characters without a space at either end",
        ),
        (
            r#"{"service_account":"ONE","client_secret":"TWO"}"#,
            "",
            "client_secret: is not a known field",
        ),
        (
            r#"{"service_account":"ONE","tenant":"t"}"#,
            "",
            "service_account: stands beside tenant: a credential has one server",
        ),
        (
            r#"{"service_account":["ONE","TWO"]}"#,
            &other,
            "service_account[1]: is a key file with another client_email or token_uri than the first: a list is for several keys of one account",
        ),
        (
            r#"{"service_account":["ONE","TWO"]}"#,
            &changed("token_uri", &json!("https://other.example/token")),
            "service_account[1]: is a key file with another client_email or token_uri than the first: a list is for several keys of one account",
        ),
    ] {
        assert_faults(&vars(credential).with("TWO", two), &[&format!("{path}.{expected}")]);
    }
    assert!(Config::parse(&vars(r#"{"service_account":["ONE","TWO"]}"#)).is_ok());
}
