//! Keys of the broker's own are no proofs, and a grant's capability is Entra's.

use crate::support::bindings::Vars;
use crate::support::config::{assert_faults, valid};

fn with(entry: &str) -> Vars {
    valid().with("CREDENTIALS", &format!(r#"{{"x":{entry}}}"#)).with("ISSUER_KEY_NEXT", "")
}

#[test]
fn no_credential_signs_with_a_key_of_the_broker_itself_or_sends_one() {
    for key in ["ISSUER_KEY", "ISSUER_KEY_NEXT", "ISSUER_KEY_PREVIOUS", "CACHE_KEY", "REGISTRY_KEY"]
    {
        for (field, rest) in [
            ("client_secret", r#""tenant":"t""#),
            ("private_key", r#""token_endpoint":"https://as.example/token""#),
        ] {
            let entry = format!(r#"{{{rest},"client_id":"c","{field}":"{key}"}}"#);
            let fault = "names a key of the broker itself, which is no proof: make a secret or key for this credential";
            assert_faults(&with(&entry), &[&format!("CREDENTIALS.x.{field}: {fault}")]);
        }
    }
}

#[test]
fn only_a_token_of_entra_has_the_client_capability() {
    let clients = r#"{"c":{"service_binding":true,"allow":[{"credential":"x","cae":true}]}}"#;
    let entry = r#"{"token_endpoint":"https://as.example/token","client_id":"c","client_secret":"AZ_CLIENT_SECRET"}"#;
    assert_faults(
        &with(entry).with("CLIENTS", clients),
        &[
            "CLIENTS.c.allow[0].cae: means nothing to this server: only Entra has continuous access evaluation",
        ],
    );
}
