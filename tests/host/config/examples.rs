//! Examples that are pasted as they are give nobody access.

use super::clients::proving;
use crate::support::config::{DIGEST, GRAPH, assert_faults, faults, valid};
use base64ct::{Base64, Encoding};
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::config::{Config, KeyDigest, WELL_KNOWN_KEYS};

fn digest(key: &str) -> String {
    let digest = KeyDigest::of(&PresentedKey::new(key.to_owned()));
    base16ct::lower::encode_string(digest.as_bytes())
}

const WELL_KNOWN: &str = "is the digest of a well-known word, so everybody has the key: make one with npm run \
     new-client";

#[test]
fn the_digest_of_a_well_known_word_is_no_client_key() {
    // With a line break behind, as echo writes it.
    for word in ["", "password", "secret", "test", "\n", "password\n", "secret\n", "123456\n"] {
        let keys = format!(r#""key_sha256":["{DIGEST}","{}"]"#, digest(word));
        let expected = format!("CLIENTS.reports.key_sha256[1]: {WELL_KNOWN}");
        assert_faults(&proving(&keys), &[&expected]);
    }
    let of_readme = "5E884898DA28047151D0E56F8DC6292773603D0D6AABBDD62A11EF721D1542D8";
    for digest in [of_readme, &"0".repeat(64)] {
        let expected = format!("CLIENTS.reports.key_sha256[0]: {WELL_KNOWN}");
        assert_faults(&proving(&format!(r#""key_sha256":["{digest}"]"#)), &[&expected]);
    }
}

#[test]
fn well_known_words_are_refused_in_the_registry_as_well() {
    let config = Config::parse(&valid()).unwrap();
    let allow = format!(r#""allow":[{{"credential":"default","scope":"{GRAPH}"}}]"#);
    let json = format!(r#"{{"key_sha256":["{}"],{allow}}}"#, digest("password"));
    let faults = config.registered_client("far", json.as_bytes()).unwrap_err();
    assert_eq!(faults[0].to_string(), format!("REGISTRY.far.key_sha256[0]: {WELL_KNOWN}"));
    assert_eq!(faults.len(), 1);
}

#[test]
fn the_list_of_digests_is_that_of_its_words() {
    for (word, [prefix, of_a_line]) in WELL_KNOWN_KEYS {
        assert_eq!(digest(word)[..16], format!("{prefix:016x}"), "{word}");
        assert_eq!(digest(&format!("{word}\n"))[..16], format!("{of_a_line:016x}"), "{word}");
    }
}

#[test]
fn a_key_of_zeros_is_refused() {
    let zeros = Base64::encode_string(&[0; 32]);
    for field in ["CACHE_KEY", "REGISTRY_KEY"] {
        let expected = format!("{field}: is all zeros: make one with openssl rand -base64 32");
        assert_faults(&valid().with(field, &zeros), &[&expected]);
    }
}

#[test]
fn a_placeholder_is_refused_wherever_it_stands() {
    let jwt = |fields: &str| proving(&format!(r#""jwt":[{{{fields}}}]"#));
    let issuer = r#""issuer":"https://id.example""#;
    let cases = [
        (valid().with("AZ_TENANT", "<tenant id>"), "AZ_TENANT"),
        (valid().with("AZ_CLIENT_ID", "<client id>"), "AZ_CLIENT_ID"),
        (valid().with("AZ_CLIENT_SECRET", "<client secret>"), "AZ_CLIENT_SECRET"),
        (valid().with("CACHE_KEY", "<32 bytes in base64>"), "CACHE_KEY"),
        (proving(r#""key_sha256":["<64 hex digits>"]"#), "CLIENTS.reports.key_sha256[0]"),
        (proving(r#""mtls_sha256":["<fingerprint>"]"#), "CLIENTS.reports.mtls_sha256[0]"),
        (jwt(r#""issuer":"<issuer>","audience":"a""#), "CLIENTS.reports.jwt[0].issuer"),
        (jwt(&format!(r#"{issuer},"audience":"<URL>""#)), "CLIENTS.reports.jwt[0].audience"),
        (
            jwt(&format!(r#"{issuer},"audience":"a","subject":["s","<object id>"]"#)),
            "CLIENTS.reports.jwt[0].subject",
        ),
        (
            jwt(&format!(r#"{issuer},"audience":"a","claims":{{"email":"<you>"}}"#)),
            "CLIENTS.reports.jwt[0].claims.email",
        ),
    ];
    for (vars, field) in cases {
        let found = faults(&vars);
        assert!(found.len() == 1 && found[0].starts_with(&format!("{field}: ")), "{found:?}");
    }
    let expected = "AZ_CLIENT_ID: is the placeholder of an example: write your own value";
    assert_faults(&valid().with("AZ_CLIENT_ID", "<client id>"), &[expected]);
}

#[test]
fn no_document_has_a_digest_that_works() {
    let documents = [
        include_str!("../../../README.md"),
        include_str!("../../../docs/callers.md"),
        include_str!("../../../docs/proofs.md"),
        include_str!("../../../docs/operations.md"),
        include_str!("../../../wrangler.toml"),
        include_str!("../../../.dev.vars.example"),
        include_str!("../../../cli/commands/new-client.mjs"),
    ];
    for text in documents {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
        for word in words {
            assert!(KeyDigest::parse(&word.replace(':', "")).is_none(), "{word}");
        }
    }
}
