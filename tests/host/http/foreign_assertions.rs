//! A `client_assertion` of an issuer that the client trusts: verified as a bearer JWT is, and good until
//! it expires.

use edge_token_broker::base::time::Millis;
use edge_token_broker::http::exchange::Progress;

use crate::support::issuer::k1;
use crate::support::jwt::{ISSUER, NOW, signed_text};
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate, vars};

const POD: &str = "system:serviceaccount:shop:worker";
/// Ten hours, as a projected token may live.
pub(super) const LATE: u64 = NOW + 36_000;

/// `pod` and `robot` are subjects of the issuer, and `any` is every subject of it. `own` signs its
/// assertions itself, and `friend` trusts `own` as an issuer.
pub(super) fn world() -> World {
    let entry = |id: &str, issuer: &str, more: &str| {
        format!(
            r#""{id}":{{"jwt":[{{"issuer":"{issuer}","audience":"broker"{more}}}],
                "allow":[{{"credential":"default","scope":"s"}}]}}"#
        )
    };
    let keys = r#","jwks_uri":"https://keys.example/jwks""#;
    let clients = [
        entry("pod", ISSUER, &format!(r#","subject":"{POD}""#)),
        entry("robot", ISSUER, r#","subject":"robot""#),
        entry("any", ISSUER, ""),
        entry("own", "own", keys),
        entry("friend", "own", keys),
    ];
    let isolate = isolate(&vars().with("CLIENTS", &format!("{{{}}}", clients.join(","))));
    isolate.callers.jwts.issuers.serve(&k1());
    let world = World::of(isolate);
    world.issue("one", 3600);
    world
}

pub(super) fn of(iss: &str, sub: &str, more: &str) -> String {
    let claims = format!(r#"{{"iss":"{iss}","sub":"{sub}","aud":"broker","exp":{LATE}{more}}}"#);
    signed_text("k1", 1, &claims)
}

/// As Kubernetes makes it.
fn of_pod() -> String {
    let claims = format!(
        r#"{{"iss":"{ISSUER}","sub":"{POD}","aud":["broker","https://kubernetes.default.svc"],
            "exp":{LATE},"iat":{NOW},"nbf":{NOW},"kubernetes.io":{{"namespace":"shop",
            "pod":{{"name":"worker-1","uid":"1"}},"serviceaccount":{{"name":"worker","uid":"2"}}}}}}"#
    );
    signed_text("k1", 1, &claims)
}

fn request(target: &str, parameters: &str, client: Option<&str>, jwt: &str) -> Sent {
    let id = client.map_or(String::new(), |id| format!("&client_id={id}"));
    let form = format!(
        "{parameters}{id}&client_assertion={jwt}\
         &client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    Sent::post(target, &form).by_nobody()
}

fn token_request(client: Option<&str>, jwt: &str) -> Sent {
    request("/oauth2/v2.0/token", "grant_type=client_credentials&scope=s", client, jwt)
}

pub(super) fn post(world: &World, client: Option<&str>, jwt: &str) -> Response {
    token_request(client, jwt).to(&world.isolate)
}

fn revoke(world: &World, client: Option<&str>, jwt: &str) -> Response {
    request("/revoke", "token=t", client, jwt).to(&world.isolate)
}

pub(super) fn outcome(world: &World) -> String {
    world.logged().get("outcome").unwrap().as_str().unwrap().to_owned()
}

fn verified(world: &World) -> usize {
    world.isolate.callers.jwts.signatures.0.get()
}

/// A refusal, and its name in the log.
#[track_caller]
pub(super) fn refused(world: &World, client: &str, jwt: &str, expected: &str) {
    for send in [post, revoke] {
        let answer = send(world, Some(client), jwt);
        assert_eq!((answer.status, answer.error()), (401, "invalid_client"), "{}", answer.body);
        assert!(answer.header("WWW-Authenticate").unwrap().starts_with("Basic "));
        assert_eq!(outcome(world), expected);
    }
}

#[test]
fn a_jwt_of_an_issuer_is_good_as_client_assertion_until_it_expires() {
    let world = world();
    let jwt = of_pod();
    for _ in 0..3 {
        assert_eq!(post(&world, Some("pod"), &jwt).token(), "one");
        let line = world.logged();
        let said = ["client_id", "proof", "issuer", "subject"].map(|name| line[name].clone());
        assert_eq!(said, ["pod", "jwt", ISSUER, POD]);
        assert_eq!(revoke(&world, Some("pod"), &jwt).status, 200);
    }
    let clock = &world.broker.clock;
    clock.advance(Millis::from_secs(35_900));
    world.issue("two", 3600);
    assert_eq!(post(&world, Some("pod"), &jwt).token(), "two", "after an hour, too");
    clock.advance(Millis::from_secs(200));
    let expired = post(&world, Some("pod"), &jwt);
    assert_eq!((expired.status, expired.error()), (401, "invalid_client"));
    assert_eq!(outcome(&world), "jwt_expired");
}

#[test]
fn the_second_request_takes_no_signature_no_io_and_no_future() {
    let world = world();
    let jwt = of_pod();
    assert_eq!(post(&world, Some("pod"), &jwt).token(), "one");
    let documents = || world.isolate.callers.jwts.issuers.requests.borrow().len();
    let before = (verified(&world), documents());
    let progress = token_request(Some("pod"), &jwt).begin(&world.isolate);
    let Progress::Done(answered) = progress else { panic!("it took a future") };
    assert_eq!(Response::of(&answered).token(), "one");
    // The memory is that of bearer JWTs.
    let bearer = Sent::get("/token?client_id=pod").by(&format!("Bearer {jwt}"));
    assert!(matches!(bearer.begin(&world.isolate), Progress::Done(_)));
    assert_eq!((verified(&world), documents()), before);
}

#[test]
fn it_needs_a_client_id_whatever_else_is_known_of_it() {
    let world = world();
    let jwt = of(ISSUER, "robot", "");
    let text = |answer: &Response| {
        answer.body.get("error_description").unwrap().as_str().unwrap().to_owned()
    };
    let nameless = |jwt: &str| {
        for send in [post, revoke] {
            let answer = send(&world, None, jwt);
            assert_eq!((answer.status, answer.error()), (400, "invalid_request"));
            assert!(text(&answer).starts_with("parameter client_id is missing"), "{answer:?}");
        }
    };
    nameless(&jwt);
    // A bearer JWT needs none, and is then remembered under no name.
    let only = of_pod();
    let bearer = Sent::get("/token").by(&format!("Bearer {}", of("own", "job", "")));
    assert_eq!(bearer.to(&world.isolate).token(), "one");
    nameless(&of("own", "job", ""));
    assert_eq!(post(&world, Some("pod"), &only).token(), "one");
    nameless(&only);
    // An own assertion whose `sub` is wrong or missing.
    nameless(&of("own", "other", r#","jti":"j""#));
    let without = signed_text("k1", 1, &format!(r#"{{"iss":"own","exp":{LATE},"jti":"j"}}"#));
    nameless(&without);
    let before = verified(&world);
    nameless(&signed_text("k1", 9, &format!(r#"{{"iss":"x","sub":"y","exp":{LATE}}}"#)));
    assert_eq!(verified(&world), before, "it costs nothing");
}

#[test]
fn pins_audience_and_keys_count_as_for_a_bearer_jwt() {
    let world = world();
    refused(&world, "robot", &of_pod(), "jwt_subject");
    refused(&world, "pod", &of(ISSUER, "robot", ""), "jwt_subject");
    refused(&world, "nobody", &of_pod(), "jwt_issuer");
    refused(&world, "own", &of_pod(), "jwt_issuer");
    refused(&world, "any", &of("https://issuer.example/", "s", ""), "jwt_issuer_slash");
    let other = |aud: &str, exp: u64, seed| {
        let claims = format!(r#"{{"iss":"{ISSUER}","sub":"{POD}","aud":{aud},"exp":{exp}}}"#);
        signed_text("k1", seed, &claims)
    };
    refused(
        &world,
        "pod",
        &other(r#"["https://kubernetes.default.svc"]"#, LATE, 1),
        "jwt_audience",
    );
    refused(&world, "pod", &other(r#""broker""#, NOW - 61, 1), "jwt_expired");
    refused(&world, "pod", &other(r#""broker""#, LATE, 9), "jwt_signature");
    let unsigned = of_pod().rsplit_once('.').unwrap().0.to_owned() + ".";
    refused(&world, "pod", &unsigned, "jwt_malformed");
    // A refused one is not remembered, and a good one not for another client.
    assert_eq!(post(&world, Some("pod"), &of_pod()).token(), "one");
    refused(&world, "robot", &of_pod(), "jwt_subject");
}

#[test]
fn what_a_caller_without_a_signature_is_told_is_the_same_for_each_client() {
    let world = world();
    assert_eq!(post(&world, Some("pod"), &of_pod()).token(), "one");
    let forged = |iss: &str, sub: &str| {
        let claims = format!(r#"{{"iss":"{iss}","sub":"{sub}","aud":"broker","exp":{LATE}}}"#);
        signed_text("k1", 9, &claims)
    };
    // The keys are new: what follows does not make the broker ask the issuer again.
    post(&world, Some("pod"), &forged(ISSUER, POD));
    let mut answers = Vec::new();
    for client in ["pod", "robot", "own", "friend", "nobody"] {
        for jwt in [forged(ISSUER, POD), forged(ISSUER, client), forged("https://x.example", POD)] {
            let before = verified(&world);
            let answer = post(&world, Some(client), &jwt);
            assert_eq!(verified(&world) - before, 1, "the same cost");
            answers.push((answer.status, answer.headers.clone(), answer.body.clone()));
        }
    }
    assert_eq!(answers.iter().filter(|answer| **answer == answers[0]).count(), answers.len());
}

#[test]
fn an_issuer_that_is_down_and_a_jwt_beside_another_proof() {
    let world = world();
    world.isolate.callers.jwts.issuers.bodies.borrow_mut().clear();
    let down = post(&world, Some("pod"), &of_pod());
    assert_eq!((down.status, outcome(&world).as_str()), (503, "issuer_unavailable"));
    assert!(down.header("Retry-After").is_some());
    let twice =
        Sent { authorization: Some("Basic cG9kOms=".to_owned()), ..token_request(None, &of_pod()) };
    assert_eq!(twice.to(&world.isolate).error(), "invalid_request");
}
