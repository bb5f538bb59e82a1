//! A caller without a proof learns nothing of the configuration: the answers are the same for each one.

use serde_json::Value;

use crate::support::issuer::k1;
use crate::support::jwt::{ISSUER, NOW, compact, signed_text};
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const STRANGER: &str = "https://stranger.example";

/// `deploy` trusts the issuer, `own` signs its assertions itself, and both are for `broker`.
fn world() -> World {
    let entry = |issuer: &str, more: &str| {
        format!(
            r#"{{"jwt":[{{"issuer":"{issuer}","audience":"broker"{more}}}],
                "allow":[{{"credential":"default","scope":"s"}}]}}"#
        )
    };
    let clients = format!(
        r#"{{"deploy":{},"own":{}}}"#,
        entry(ISSUER, r#","subject":"deploy""#),
        entry("own", r#","jwks_uri":"https://keys.example/jwks""#)
    );
    let isolate = isolate(&vars().with("CLIENTS", &clients));
    isolate.callers.jwts.issuers.serve(&k1());
    World::of(isolate)
}

fn get(world: &World, client_id: Option<&str>, jwt: &str) -> Response {
    let query = client_id.map_or(String::new(), |id| format!("?client_id={id}"));
    Sent::get(&format!("/token{query}")).by(&format!("Bearer {jwt}")).to(&world.isolate)
}

fn post(world: &World, client_id: Option<&str>, jwt: &str) -> Response {
    let id = client_id.map_or(String::new(), |id| format!("&client_id={id}"));
    let form = format!(
        "grant_type=client_credentials{id}&client_assertion_type={JWT_BEARER}&client_assertion={jwt}"
    );
    let sent = Sent { authorization: None, ..Sent::post("/oauth2/v2.0/token", &form) };
    sent.to(&world.isolate)
}

/// The one answer to all of `sent`, and the outcomes in the log.
fn one_answer<'a>(world: &World, sent: &'a [Response]) -> (&'a Response, Vec<Value>) {
    let (first, others) = sent.split_first().unwrap();
    let told =
        |response: &Response| (response.status, response.headers.clone(), response.body.clone());
    for other in others {
        assert_eq!(told(other), told(first));
    }
    let lines = world.isolate.log.sink.lines.borrow();
    (first, lines.iter().filter_map(|line| line.get("outcome").cloned()).collect())
}

fn header(typ: &str, kid: &str) -> String {
    format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"{typ}"}}"#)
}

/// The description of the answer to this JWT. It does not depend on which clients exist, or on which
/// issuers they trust.
fn told_to_all(typ: &str, claims: &dyn Fn(&str) -> String, assertion: bool) -> String {
    let world = world();
    let (own, of) = if assertion { ("own", "nobody") } else { (ISSUER, STRANGER) };
    let mut answers = Vec::new();
    for issuer in [own, of] {
        let jwt = compact(&header(typ, "k1"), &claims(issuer));
        for client in [None, Some("deploy"), Some("own"), Some("nobody")] {
            let client = client.filter(|_| !assertion).or(assertion.then_some(issuer));
            let send = if assertion { post } else { get };
            answers.push(send(&world, client, &jwt));
        }
    }
    let (answer, _) = one_answer(&world, &answers);
    assert_eq!(answer.status, 401);
    assert!(world.isolate.callers.jwts.issuers.requests.borrow().is_empty(), "asked nobody");
    answer.body.get("error_description").unwrap().to_string()
}

#[test]
fn what_needs_no_configuration_is_told_before_anybody_is_looked_up() {
    let bearer = |more: &'static str| {
        move |issuer: &str| format!(r#"{{"iss":"{issuer}","aud":"broker"{more}}}"#)
    };
    let (past, soon) = (NOW - 300, NOW + 300);
    for (typ, claims, expected) in [
        ("JWT", format!(r#","exp":{past}"#), "has expired"),
        ("JWT", format!(r#","exp":{past},"sub":"deploy""#), "has expired"),
        ("JWT", String::new(), "exp is missing"),
        ("JWT", r#","exp":"soon""#.to_owned(), "exp is missing"),
        ("JWT", format!(r#","exp":{soon},"nbf":{soon}"#), "not valid yet"),
        ("dpop+jwt", format!(r#","exp":{soon}"#), "typ"),
    ] {
        let claims = bearer(claims.leak());
        let told = told_to_all(typ, &claims, false);
        assert!(told.contains(expected), "{told}");
    }
    let own = |issuer: &str| format!(r#"{{"iss":"{issuer}","sub":"{issuer}","exp":{soon}}}"#);
    assert!(told_to_all("JWT", &own, false).contains("issued by its own subject"));
}

#[test]
fn what_needs_no_configuration_is_told_of_assertions_too() {
    let (past, soon, late) = (NOW - 300, NOW + 300, NOW + 8000);
    for (typ, more, expected) in [
        ("JWT", format!(r#","exp":{past},"jti":"j""#), "has expired"),
        ("JWT", format!(r#","exp":{soon}"#), "jti"),
        ("JWT", format!(r#","exp":{late},"jti":"j""#), "within an hour"),
        ("at+jwt", format!(r#","exp":{soon},"jti":"j""#), "typ"),
    ] {
        let claims = |id: &str| format!(r#"{{"iss":"{id}","sub":"{id}","aud":"broker"{more}}}"#);
        let told = told_to_all(typ, &claims, true);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn before_a_good_signature_there_is_one_answer_and_one_cost() {
    let world = world();
    let claims =
        |issuer: &str, more: &str| format!(r#"{{"iss":"{issuer}","exp":{}{more}}}"#, NOW + 300);
    let good = r#","aud":"broker","sub":"deploy""#;
    // The keys are here: what follows is not slower for want of them.
    world.issue("one", 3600);
    assert_eq!(get(&world, None, &signed_text("k1", 1, &claims(ISSUER, good))).token(), "one");
    let verified = || world.isolate.callers.jwts.signatures.0.get();
    world.isolate.log.sink.lines.borrow_mut().clear();
    let mut sent = Vec::new();
    for (kid, issuer, more, client) in [
        // It makes the broker ask the issuer again, once in a minute.
        ("unknown", ISSUER, good, Some("deploy")),
        ("k1", ISSUER, good, None),
        ("k1", ISSUER, good, Some("deploy")),
        ("k1", ISSUER, good, Some("own")),
        ("k1", ISSUER, good, Some("nobody")),
        ("k1", ISSUER, r#","aud":"other""#, Some("deploy")),
        ("k1", ISSUER, r#","aud":"broker","sub":"other""#, Some("deploy")),
        ("k1", STRANGER, good, None),
        ("k1", STRANGER, good, Some("deploy")),
        ("k1", STRANGER, good, Some("nobody")),
    ] {
        let before = verified();
        // Signed by somebody, with a key of nobody.
        sent.push(get(&world, client, &signed_text(kid, 9, &claims(issuer, more))));
        assert_eq!(verified() - before, 1, "{kid} {issuer} {client:?}");
    }
    let (answer, outcomes) = one_answer(&world, &sent);
    assert_eq!((answer.status, answer.error()), (401, "invalid_token"));
    let [bad, unknown, stranger] = ["jwt_signature", "jwt_key_unknown", "jwt_issuer"];
    let expected = [unknown, bad, bad, stranger, stranger, bad, bad, stranger, stranger, stranger];
    assert_eq!(outcomes, expected, "the log says which");
}

/// What remains, as the threat model says: a new key that is not yet known is no refusal, and nobody
/// can tell its JWT from one with a made-up `kid`. So two such JWTs tell who trusts the issuer.
#[test]
fn made_up_kids_tell_who_trusts_an_issuer_and_nothing_of_what_is_required() {
    let statuses = |client: Option<&str>, issuer: &str, more: &str| {
        let world = world();
        world.issue("one", 3600);
        let claims =
            |issuer: &str, more: &str| format!(r#"{{"iss":"{issuer}","exp":{}{more}}}"#, NOW + 300);
        let good = signed_text("k1", 1, &claims(ISSUER, r#","aud":"broker","sub":"deploy""#));
        assert_eq!(get(&world, None, &good).token(), "one");
        ["a", "b"]
            .map(|kid| get(&world, client, &signed_text(kid, 9, &claims(issuer, more))).status)
    };
    for more in [r#","aud":"broker","sub":"deploy""#, r#","aud":"other""#, ""] {
        for client in [None, Some("deploy")] {
            assert_eq!(statuses(client, ISSUER, more), [401, 503], "{client:?} {more}");
            assert_eq!(statuses(client, STRANGER, more), [401, 401], "{client:?} {more}");
        }
        for client in ["own", "nobody"] {
            assert_eq!(statuses(Some(client), ISSUER, more), [401, 401], "{client} {more}");
        }
    }
}

#[test]
fn an_issuer_with_a_slash_too_much_is_told_to_the_log_and_not_to_the_caller() {
    let world = world();
    let verified = || world.isolate.callers.jwts.signatures.0.get();
    let slash = format!("{ISSUER}/");
    let two = format!("{ISSUER}//");
    let mut sent = Vec::new();
    for (issuer, client) in [
        (STRANGER, None),
        (&*slash, None),
        (&slash, Some("deploy")),
        (&slash, Some("own")),
        (&slash, Some("nobody")),
        (&two, None),
    ] {
        let before = verified();
        let claims = format!(r#"{{"iss":"{issuer}","aud":"broker","exp":{}}}"#, NOW + 300);
        sent.push(get(&world, client, &signed_text("k1", 9, &claims)));
        assert_eq!(verified() - before, 1, "{issuer} {client:?}");
    }
    let (answer, outcomes) = one_answer(&world, &sent);
    assert_eq!((answer.status, answer.error()), (401, "invalid_token"));
    let [stranger, near] = ["jwt_issuer", "jwt_issuer_slash"];
    assert_eq!(outcomes, [stranger, near, near, stranger, stranger, stranger]);
}

#[test]
fn an_assertion_of_nobody_is_as_one_with_a_bad_signature() {
    let world = world();
    let claims = |id: &str| {
        format!(r#"{{"iss":"{id}","sub":"{id}","aud":"broker","jti":"j","exp":{}}}"#, NOW + 300)
    };
    let sent = ["own", "nobody", "deploy"]
        .map(|id| post(&world, Some(id), &signed_text("k1", 9, &claims(id))));
    let (answer, outcomes) = one_answer(&world, &sent);
    assert_eq!((answer.status, answer.error()), (401, "invalid_client"));
    assert_eq!(outcomes, ["jwt_signature", "jwt_issuer", "jwt_issuer"]);
    assert_eq!(world.isolate.callers.jwts.signatures.0.get(), 3);
}

#[test]
fn what_the_configuration_requires_is_told_after_a_good_signature() {
    let world = world();
    world.issue("one", 3600);
    let told = |more: &str| {
        let payload = format!(r#"{{"iss":"{ISSUER}","exp":{}{more}}}"#, NOW + 300);
        get(&world, None, &signed_text("k1", 1, &payload))
    };
    assert!(told(r#","aud":"other""#).body.to_string().contains("not for this broker"));
    assert!(told(r#","aud":"broker","sub":"other""#).body.to_string().contains("subject"));
    assert_eq!(told(r#","aud":"broker","sub":"deploy""#).token(), "one");
}
