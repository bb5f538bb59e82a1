//! A JWT of the broker's own issuer at any OAuth server, which takes it as a client assertion (RFC 7521
//! §4.2).

use super::{ENDPOINT, ask, head, jwt, parameter, vars};
use crate::support::bindings::Vars;
use crate::support::config::assert_faults;
use crate::support::federated::ISSUER;
use crate::support::keys::fixture;
use crate::support::world::{World, isolate};
use serde_json::json;

fn federated(fields: &str) -> Vars {
    let entry = format!(r#"{{"token_endpoint":"{ENDPOINT}","client_id":"app",{fields}}}"#);
    vars(&entry, None).with("ISSUER", ISSUER).with("ISSUER_KEY", &fixture("rsa2048.pem"))
}

#[test]
fn the_client_id_goes_beside_the_assertion_which_says_nothing_of_it() {
    let fields = r#""federated":{"subject":"s","audience":"https://as.example"}"#;
    let world = World::of(isolate(&federated(fields)));
    world.issue("one", 3600);
    assert_eq!(ask(&world).token(), "one");
    let [header, claims] = jwt(&world, 0, "client_assertion");
    assert_eq!(header["alg"], "RS256");
    let expected = [json!(ISSUER), json!("s"), json!("https://as.example")];
    assert_eq!(["iss", "sub", "aud"].map(|claim| claims[claim].clone()), expected);
    assert_eq!(parameter(&world, 0, "client_id").unwrap(), "app");
    assert_eq!(parameter(&world, 0, "grant_type").unwrap(), "client_credentials");
    assert_eq!(head(&world, 0).1, None);
}

#[test]
fn the_audience_has_to_be_named_and_fields_of_other_proofs_mean_nothing() {
    let whole = r#""federated":{"subject":"s","audience":"a"}"#;
    for (fields, field, words) in [
        (r#""federated":{"subject":"s"}"#.to_owned(), "federated.audience", "is missing"),
        (
            format!(r#"{whole},"assertion_audience":"a""#),
            "assertion_audience",
            "has a meaning only beside private_key or certificate: remove it",
        ),
        (
            format!(r#"{whole},"key_id":"k""#),
            "key_id",
            "has a meaning only beside private_key: remove it",
        ),
        (
            format!(r#"{whole},"private_key":"ISSUER_KEY""#),
            "federated",
            "stands beside private_key: a credential has one kind of proof",
        ),
    ] {
        assert_faults(&federated(&fields), &[&format!("CREDENTIALS.x.{field}: {words}")]);
    }
    assert_faults(
        &federated(&format!(r#"{whole},"grant":"jwt_bearer","assertion":{{}}"#)),
        &[
            "CREDENTIALS.x.private_key: is missing",
            "CREDENTIALS.x.federated: has a meaning only beside the grant client_credentials: remove it",
        ],
    );
}
