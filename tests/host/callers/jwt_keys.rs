//! Key sets and metadata of issuers: which keys are used, and for what.

use crate::support::jwt::{base64url, claims, compact, ed25519, jwks, x_of};
use edge_token_broker::base::limits::{KEY_SET_KEYS_MAX, KEYS_TRIED_MAX};
use edge_token_broker::jwt::Jwt;
use edge_token_broker::jwt::algorithm::Algorithm;
use edge_token_broker::jwt::discovery::{jwks_uri, metadata_url};
use edge_token_broker::jwt::jwks::{Found, KeySet};
use proptest::prelude::*;

/// The JWK of an RSA key with a modulus of `bits`, and `more` members.
fn rsa(bits: usize, exponent: &[u8], more: &str) -> String {
    let bytes = bits.div_ceil(8);
    let mut modulus = vec![0xff >> (bytes * 8 - bits)];
    modulus.resize(bytes, 0xff);
    format!(
        r#"{{"kty":"RSA","kid":"k","n":"{}","e":"{}"{more}}}"#,
        base64url(modulus),
        base64url(exponent)
    )
}

fn usual_rsa(more: &str) -> String {
    rsa(2048, &[1, 0, 1], more)
}

fn p256(more: &str) -> String {
    let x = x_of(1);
    format!(r#"{{"kty":"EC","crv":"P-256","kid":"k","x":"{x}","y":"{x}"{more}}}"#)
}

fn header(alg: &str, kid: Option<&str>) -> Jwt {
    let kid = kid.map(|kid| format!(r#","kid":"{kid}""#)).unwrap_or_default();
    Jwt::parse(&compact(&format!(r#"{{"alg":"{alg}"{kid}}}"#), &claims(""))).unwrap()
}

/// What a set of `keys` has for a JWT with `alg` and `kid`.
fn find(keys: &[String], alg: &str, kid: Option<&str>) -> &'static str {
    let set = KeySet::parse(jwks(keys).as_bytes()).unwrap();
    match set.find(header(alg, kid).header()) {
        Found::Keys(keys) if keys.len() == 1 => "key",
        Found::Keys(_) => "keys",
        Found::LeftOut => "left out",
        Found::Unknown => "unknown",
        Found::OtherAlgorithm => "other algorithm",
        Found::Ambiguous => "ambiguous",
    }
}

/// The one algorithm of a key under the name `k`, if it is used at all.
fn algorithm(key: &str) -> Option<Algorithm> {
    let set = KeySet::parse(jwks(&[key.to_owned()]).as_bytes()).unwrap();
    ["RS256", "PS256", "ES256", "EdDSA"].into_iter().find_map(|alg| {
        match set.find(header(alg, Some("k")).header()) {
            Found::Keys(keys) => keys.first().map(|key| key.algorithm()),
            _ => None,
        }
    })
}

#[test]
fn each_key_is_for_one_algorithm() {
    for (key, expected) in [
        (usual_rsa(""), Algorithm::Rs256),
        (usual_rsa(r#","alg":"RS256""#), Algorithm::Rs256),
        (usual_rsa(r#","alg":"PS256""#), Algorithm::Ps256),
        (p256(""), Algorithm::Es256),
        (p256(r#","alg":"ES256""#), Algorithm::Es256),
        (ed25519("k", 1), Algorithm::EdDsa),
        (ed25519("k", 1).replace("\"kid\"", "\"alg\":\"Ed25519\",\"kid\""), Algorithm::EdDsa),
    ] {
        assert_eq!(algorithm(&key), Some(expected), "{key}");
    }
    let all = ["RS256", "PS256", "ES256", "EdDSA"];
    for (key, alg) in [(usual_rsa(""), "RS256"), (p256(""), "ES256"), (ed25519("k", 1), "EdDSA")] {
        for other in all.into_iter().filter(|other| *other != alg) {
            assert_eq!(find(std::slice::from_ref(&key), other, Some("k")), "other algorithm");
        }
    }
}

#[test]
fn a_key_that_must_not_verify_is_left_out() {
    for key in [
        r#"{"kty":"oct","kid":"k","k":"AAAA"}"#.to_owned(),
        r#"{"kty":"oct","kid":"k","k":"AAAA","alg":"HS256"}"#.to_owned(),
        usual_rsa(r#","alg":"HS256""#),
        usual_rsa(r#","alg":"RS512""#),
        usual_rsa(r#","alg":"ES256""#),
        usual_rsa(r#","alg":"none""#),
        usual_rsa(r#","alg":1"#),
        usual_rsa(r#","use":"enc""#),
        usual_rsa(r#","key_ops":["sign"]"#),
        usual_rsa(r#","key_ops":"verify""#),
        usual_rsa(r#","d":"AAAA""#),
        usual_rsa(r#","n":"AAAA""#),
        p256("").replace("P-256", "P-384"),
        p256("").replace("P-256", "secp256k1"),
        p256(r#","alg":"RS256""#),
        ed25519("k", 1).replace("Ed25519", "X25519"),
        ed25519("k", 1).replace("Ed25519", "Ed448"),
        "{}".to_owned(),
        "[]".to_owned(),
        "null".to_owned(),
        "1".to_owned(),
    ] {
        assert_eq!(algorithm(&key), None, "{key}");
    }
    assert!(algorithm(&usual_rsa(r#","use":"sig","key_ops":["verify"],"x5c":["A"]"#)).is_some());
}

#[test]
fn weak_oversized_and_crooked_keys_are_left_out() {
    assert!(algorithm(&rsa(2048, &[3], "")).is_some());
    assert!(algorithm(&rsa(8192, &[0, 1, 0, 1], "")).is_some());
    for key in [
        rsa(2047, &[1, 0, 1], ""),
        rsa(1024, &[1, 0, 1], ""),
        rsa(512, &[1, 0, 1], ""),
        rsa(8193, &[1, 0, 1], ""),
        rsa(16384, &[1, 0, 1], ""),
        rsa(2048, &[1], ""),
        rsa(2048, &[0], ""),
        rsa(2048, &[], ""),
        rsa(2048, &[2], ""),
        rsa(2048, &[1, 0, 0], ""),
        rsa(2048, &[1, 0, 0, 0, 1], ""),
        usual_rsa("").replace("AQAB", "AQAB=="),
        usual_rsa("").replace("\"AQAB\"", "65537"),
        p256("").replacen(&x_of(1), &base64url([1; 31]), 1),
        p256("").replacen(&x_of(1), &base64url([1; 33]), 1),
        p256("").replacen(&x_of(1), "", 1),
        ed25519("k", 1).replace(&x_of(1), &base64url([1; 57])),
    ] {
        assert_eq!(algorithm(&key), None, "{key}");
    }
    // 2047 bits do not become 2048 by a zero in front.
    let padded = [vec![0], vec![0x7f], vec![0xff; 255]].concat();
    let key = format!(r#"{{"kty":"RSA","kid":"k","n":"{}","e":"AQAB"}}"#, base64url(padded));
    assert_eq!(algorithm(&key), None);
}

#[test]
fn a_kid_that_is_not_in_the_set_is_unknown_whatever_it_says() {
    let keys = [ed25519("k1", 1), ed25519("k2", 2)];
    assert_eq!(find(&keys, "EdDSA", Some("k2")), "key");
    for kid in ["k3", "K1", "k1 ", "../k1", "' OR 1=1 --", "k1\\u0000", "k1/../k2"] {
        assert_eq!(find(&keys, "EdDSA", Some(kid)), "unknown", "{kid}");
    }
}

#[test]
fn a_jwt_without_kid_is_good_for_the_only_key_of_its_algorithm() {
    let keys = [ed25519("k1", 1), usual_rsa("")];
    assert_eq!(find(&keys, "EdDSA", None), "key");
    assert_eq!(find(&keys, "RS256", None), "key");
    assert_eq!(find(&keys, "ES256", None), "unknown");
}

#[test]
fn a_jwt_without_kid_is_tried_with_a_few_keys_and_not_with_many() {
    let keys: Vec<_> = (0..=KEYS_TRIED_MAX).map(|n| ed25519(&format!("k{n}"), 1)).collect();
    assert_eq!(find(&keys[..2], "EdDSA", None), "keys");
    assert_eq!(find(&keys[..KEYS_TRIED_MAX], "EdDSA", None), "keys");
    assert_eq!(find(&keys, "EdDSA", None), "ambiguous");
    assert_eq!(find(&[ed25519("k", 1), ed25519("k", 2)], "EdDSA", Some("k")), "keys");
}

#[test]
fn a_key_set_of_any_size_is_cut_to_one_that_fits() {
    let keys: Vec<_> = (0..=KEY_SET_KEYS_MAX).map(|n| ed25519(&format!("k{n}"), 1)).collect();
    assert_eq!(find(&keys, "EdDSA", Some(&format!("k{}", KEY_SET_KEYS_MAX - 1))), "key");
    assert_eq!(find(&keys, "EdDSA", Some(&format!("k{KEY_SET_KEYS_MAX}"))), "unknown");
}

#[test]
fn what_is_no_key_set_is_told_apart_from_an_empty_one() {
    for bytes in ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#, "<html>"] {
        assert!(KeySet::parse(bytes.as_bytes()).is_err(), "{bytes}");
    }
    assert!(KeySet::parse(br#"{"keys":[]}"#).is_ok());
}

#[test]
fn signatures_that_no_key_makes_are_refused_before_they_are_verified() {
    let keys = [usual_rsa(""), p256(""), ed25519("k", 1)];
    let set = KeySet::parse(jwks(&keys).as_bytes()).unwrap();
    let may = |alg: &str, signature: &[u8]| {
        let jwt = header(alg, None);
        let Found::Keys(keys) = set.find(jwt.header()) else { panic!("{alg}") };
        keys[0].may_have_made(signature)
    };
    assert!(may("RS256", &[1; 256]) && may("ES256", &[1; 64]) && may("EdDSA", &[1; 64]));
    assert!(!may("RS256", &[1; 255]) && !may("RS256", &[1; 257]) && !may("RS256", &[]));
    assert!(!may("ES256", &[1; 63]) && !may("ES256", &[1; 70]), "DER is not for JWTs");
    let (zero, one) = ([0; 32], [1; 32]);
    assert!(!may("ES256", &[zero, zero].concat()), "r = s = 0");
    assert!(!may("ES256", &[zero, one].concat()) && !may("ES256", &[one, zero].concat()));
    assert!(!may("EdDSA", &[1; 65]));
}

#[test]
fn keys_keep_the_issuers_text() {
    let set = KeySet::parse(jwks(&[p256("")]).as_bytes()).unwrap();
    let jwt = header("ES256", Some("k"));
    let Found::Keys(keys) = set.find(jwt.header()) else { panic!("it is there") };
    let x = x_of(1);
    assert_eq!(keys[0].jwk(), [("kty", "EC"), ("crv", "P-256"), ("x", &x), ("y", &x)]);
}

#[test]
fn metadata_is_where_the_issuer_is() {
    let url = |issuer| metadata_url(issuer);
    let expected = "https://i.example/t/.well-known/openid-configuration";
    assert_eq!(url("https://i.example/t").as_deref(), Some(expected));
    assert_eq!(url("https://i.example/t/").as_deref(), Some(expected));
    assert!(url("http://localhost:8080").is_some() && url("http://[::1]").is_some());
    for issuer in [
        "http://i.example",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "https://user@i.example",
        "https://i.example?x",
        "https://i.example#x",
        "https://good.example\\@evil.example",
        "https://",
        "ftp://i.example",
        "reports",
        "",
        "https://i.example/\n",
        "https://i.example:0",
    ] {
        assert_eq!(url(issuer), None, "{issuer}");
    }
}

#[test]
fn metadata_of_another_issuer_or_with_keys_from_elsewhere_is_refused() {
    let uri = |issuer: &str, uri: &str| {
        let metadata = format!(r#"{{"issuer":{issuer},"jwks_uri":{uri},"more":[1]}}"#);
        jwks_uri(metadata.as_bytes(), "https://i.example").ok()
    };
    let (own, keys) = (r#""https://i.example""#, r#""https://keys.example/jwks?v=1""#);
    assert_eq!(uri(own, keys).as_deref(), Some("https://keys.example/jwks?v=1"));
    for issuer in [r#""https://i.example/""#, r#""https://evil.example""#, "null", "1"] {
        assert_eq!(uri(issuer, keys), None, "{issuer}");
    }
    for bad in ["http://keys.example", "http://localhost/jwks", "file:///etc/passwd", "jwks", ""] {
        assert_eq!(uri(own, &format!("{bad:?}")), None, "{bad}");
    }
    assert_eq!(uri(own, "null"), None);
    assert!(jwks_uri(b"<html>", "https://i.example").is_err());
    let local = br#"{"issuer":"http://127.0.0.1:1","jwks_uri":"http://127.0.0.1:1/jwks"}"#;
    assert!(jwks_uri(local, "http://127.0.0.1:1").is_ok());
}

proptest! {
    #[test]
    fn any_bytes_are_no_key_set_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(KeySet::parse(&bytes).is_err());
        prop_assert!(jwks_uri(&bytes, "https://i.example").is_err());
    }

    #[test]
    fn any_members_of_a_key_do_not_panic(
        n in "[A-Za-z0-9_-]{0,400}",
        e in "[A-Za-z0-9_-]{0,8}",
        kty in "(RSA|EC|OKP|oct)",
        crv in "(P-256|Ed25519|)",
    ) {
        let key = format!(
            r#"{{"kty":"{kty}","crv":"{crv}","n":"{n}","e":"{e}","x":"{n}","y":"{e}"}}"#
        );
        prop_assert!(KeySet::parse(jwks(&[key]).as_bytes()).is_ok());
    }
}
