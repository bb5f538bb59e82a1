//! `ISSUER`, its keys, and `federated` in a credential: what is accepted, and which fault says what to
//! do.

use crate::support::bindings::Vars;
use crate::support::config::assert_faults;
use crate::support::federated::{credential, federated};
use crate::support::keys::fixture;
use crate::support::world::vars;
use edge_token_broker::config::Config;
use edge_token_broker::upstream::proof::Proof;

const PATH: &str = "CREDENTIALS.default.federated";

fn with_fields(fields: &str) -> Vars {
    federated().with("CREDENTIALS", &credential(fields))
}

#[test]
fn what_is_missing_is_named_with_what_to_do() {
    for missing in ["ISSUER", "ISSUER_KEY"] {
        let fault = format!(
            "{PATH}: needs the binding {missing}, which is not set: npm run issuer-key says how"
        );
        assert_faults(&federated().with(missing, ""), &[&fault]);
    }
    // Nobody needs them without a federated credential.
    assert_faults(&vars().with("ISSUER", "https://broker.example"), &[]);
    assert_faults(&vars().with("ISSUER_KEY_NEXT", &fixture("rsa2048.pem")), &[]);
}

#[test]
fn the_issuer_is_an_origin_to_the_letter() {
    for issuer in ["https://broker.example", "https://b.example:8443", "http://localhost:8787"] {
        assert_faults(&federated().with("ISSUER", issuer), &[]);
    }
    let fault = "ISSUER: must be the broker's own origin such as https://broker.example: lower case, no path, no slash at the end (http for loopback hosts only)";
    for issuer in [
        "https://broker.example/",
        "https://Broker.example",
        "https://broker.example:443",
        "https://broker.example/path",
        "https://broker.example?",
        "http://broker.example",
        "broker.example",
        " https://broker.example",
        "https://user@broker.example",
        "<origin>",
    ] {
        assert_faults(&federated().with("ISSUER", issuer), &[fault]);
        assert_faults(&vars().with("ISSUER", issuer), &[fault]);
    }
}

#[test]
fn each_key_is_an_rsa_key_for_rs256() {
    let no_key = "must be an RSA private key for RS256: npm run issuer-key makes one";
    for binding in ["ISSUER_KEY", "ISSUER_KEY_NEXT", "ISSUER_KEY_PREVIOUS"] {
        for good in ["other.pem", "rsa2048-pkcs1.pem", "rsa4096.pem", "rsa2048.jwk", "text.pem"] {
            assert_faults(&federated().with(binding, &fixture(good)), &[]);
        }
        for (file, words) in [
            ("p256.pem", no_key),
            ("ed25519.jwk", no_key),
            ("rsa1024.pem", "has an RSA key under 2048 bits: make one of 2048 to 4096 bits"),
            (
                "public.pem",
                "has a public key and no private key: take the private half of the pair",
            ),
        ] {
            let fault = [binding, ": ", words].concat();
            assert_faults(&federated().with(binding, &fixture(file)), &[&fault]);
        }
    }
    let ps256 = fixture("rsa2048.jwk").replace("RS256", "PS256");
    let fault = ["ISSUER_KEY: ", no_key].concat();
    assert_faults(&federated().with("ISSUER_KEY", &ps256), &[&fault]);
}

#[test]
fn subject_and_audience_are_texts_that_the_server_can_have() {
    let long = "é".repeat(600);
    for subject in ["a", "a b", "system:x/y#z", &long] {
        assert_faults(&with_fields(&format!(r#"{{"subject":"{subject}"}}"#)), &[]);
    }
    let words =
        "must be 1 to 600 characters without white space at either end or control characters";
    let fault = |field: &str, words: &str| format!("{PATH}.{field}: {words}");
    for text in ["", " a", "a ", "a\\n", "a\\u0000b", "\\u00a0a", &"a".repeat(601)] {
        let subject = format!(r#"{{"subject":"{text}"}}"#);
        assert_faults(&with_fields(&subject), &[&fault("subject", words)]);
        let audience = format!(r#"{{"subject":"s","audience":"{text}"}}"#);
        assert_faults(&with_fields(&audience), &[&fault("audience", words)]);
    }
    for (fields, expected) in [
        ("{}", fault("subject", "is missing")),
        (r#"{"subject":7}"#, fault("subject", "must be text")),
        (r#"{"subject":"s","audience":["a"]}"#, fault("audience", "must be text")),
        (
            r#"{"subject":"<subject>"}"#,
            fault("subject", "is the placeholder of an example: write your own value"),
        ),
        (r#"{"subject":"s","issuer":"i"}"#, fault("issuer", "is not a known field")),
        (r#""subject""#, format!("{PATH}: must be a table (JSON object)")),
    ] {
        assert_faults(&with_fields(fields), &[&expected]);
    }
}

#[test]
fn a_federated_credential_has_no_other_proof() {
    let both = credential(r#"{"subject":"s"},"client_secret":"S""#).replace("}}}", "}}");
    let vars = federated().with("CREDENTIALS", &both).with("S", "secret");
    assert_faults(
        &vars,
        &[
            "CREDENTIALS.default.federated: stands beside client_secret: a credential has one kind of proof",
        ],
    );
}

#[test]
fn the_audience_is_entras_unless_it_is_named() {
    for (fields, expected) in [
        (r#"{"subject":"s"}"#, "api://AzureADTokenExchange"),
        (r#"{"subject":"s","audience":"api://other"}"#, "api://other"),
    ] {
        let config = Config::parse(&with_fields(fields)).unwrap();
        let credential = config.credential("default").unwrap();
        let [Proof::Federated(federated)] = &credential.proofs().collect::<Vec<_>>()[..] else {
            panic!("another proof")
        };
        assert_eq!(federated.audience, expected);
    }
}
