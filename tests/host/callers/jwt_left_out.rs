//! Keys of an issuer that are left out: which are not, however their members are written, and that the
//! log says why.

use crate::support::clock::run;
use crate::support::issuer::{Isolate, by_k1, k1};
use crate::support::jwt::{base64url, claims, ed25519, jwks, signed_by, x_of};
use crate::support::world::line;
use edge_token_broker::base::limits::{
    ISSUER_ASK_SPACING, KEY_SET_FRESH, KEY_SET_KEYS_MAX, KEYS_LEFT_OUT_LOGGED_MAX,
};
use edge_token_broker::jwt::JwtFault;
use edge_token_broker::jwt::jwks::KeySet;

/// `k1` with `more` members.
fn k1_with(more: &str) -> String {
    ed25519("k1", 1).replacen('{', &format!("{{{more},"), 1)
}

fn left_out(keys: &[String]) -> Vec<String> {
    KeySet::parse(jwks(keys).as_bytes()).unwrap().left_out()
}

/// An RSA key with a modulus of this many bytes.
fn rsa(bytes: usize, more: &str) -> String {
    let n = base64url(vec![0xff; bytes]);
    format!(r#"{{"kty":"RSA","kid":"rsa","n":"{n}","e":"AQAB"{more}}}"#)
}

#[test]
fn a_member_of_a_key_that_is_null_or_empty_is_absent() {
    for more in [
        r#""d":null"#,
        r#""d":"""#,
        r#""use":"sig","key_ops":[]"#,
        r#""use":"sig","key_ops":null"#,
        r#""use":null"#,
        r#""use":"""#,
        r#""alg":null"#,
        r#""alg":"""#,
        r#""x5c":null"#,
        r#""x5c":[],"x5t":"","x5u":null"#,
        // As .NET writes a key, with every member of its type.
        r#""additionalData":{},"alg":null,"d":null,"dp":null,"dq":null,"e":null,"k":null,"key_ops":[],
           "n":null,"oth":null,"p":null,"q":null,"qi":null,"use":"sig","x5c":[],"x5t":null,"y":null,
           "keySize":256,"hasPrivateKey":false"#,
    ] {
        let isolate = Isolate::new(&jwks(&[k1_with(more)]));
        assert_eq!(run(isolate.verify(&by_k1())), Ok(()), "{more}");
    }
    let unnamed = jwks(&[k1_with("").replace(r#""kid":"k1""#, r#""kid":null"#).replace("{,", "{")]);
    let set = KeySet::parse(unnamed.as_bytes()).unwrap();
    assert!(set.left_out().is_empty() && !set.names("k1"));
}

#[test]
fn a_key_with_an_rsa_member_that_is_null_is_used() {
    let nulls = r#","d":null,"p":null,"q":null,"dp":null,"dq":null,"qi":null,"crv":null,"x":null"#;
    assert_eq!(left_out(&[rsa(256, nulls)]), Vec::<String>::new());
}

#[test]
fn the_log_says_why_a_key_is_left_out() {
    let reasons = [
        (rsa(128, ""), "rsa modulus under 2048 bits"),
        (rsa(1025, ""), "rsa modulus over 8192 bits"),
        (rsa(256, "").replace("AQAB", "Ag"), "rsa exponent is even, 1, or over 4 bytes"),
        (rsa(256, r#","d":"AAAA""#), "shows its private half"),
        (rsa(256, r#","p":"AAAA""#), "shows its private half"),
        (rsa(256, r#","use":"enc""#), "use or key_ops is not for verifying"),
        (rsa(256, r#","key_ops":["sign"]"#), "use or key_ops is not for verifying"),
        (
            rsa(256, r#","alg":"RSA-OAEP""#),
            "alg is not RS256, PS256, ES256 or EdDSA, or not for such a key",
        ),
        (rsa(256, "").replace("AQAB", "AQAB=="), "e is missing or malformed"),
        (rsa(256, r#","e":"AQAB""#), "no JSON object with each member once"),
        (r#"{"kty":"oct","kid":"rsa","k":"c2VjcmV0"}"#.into(), "kty is not RSA, EC or OKP"),
        (ed25519("rsa", 1).replace("Ed25519", "Ed448"), "crv is not P-256 or Ed25519"),
        (ed25519("rsa", 0), "x is a point of small order"),
        (ed25519("rsa", 1).replace(&x_of(1), "AAAA"), "x is missing or malformed"),
    ];
    for (key, reason) in reasons {
        assert_eq!(left_out(&[ed25519("k1", 1), key]), [format!("1 (rsa): {reason}")]);
    }
    assert_eq!(left_out(&["7".into()]), ["0: no JSON object with each member once"]);
    assert_eq!(left_out(&[]), ["the list of keys is empty"]);
}

#[test]
fn a_kid_in_the_log_is_short_and_plain() {
    for kid in ["x".repeat(65), "two words".into(), "a\\u2028b".into(), "\\\"".into(), "é".into()]
    {
        let key = rsa(128, "").replace("rsa\"", &format!("{kid}\""));
        assert_eq!(left_out(&[key]), ["0: rsa modulus under 2048 bits"], "{kid}");
    }
    let long = rsa(256, "").replace(r#""rsa""#, &format!(r#""{}""#, "x".repeat(257)));
    assert_eq!(left_out(&[long]), ["0: kid is over 256 bytes"]);
}

#[test]
fn many_keys_left_out_make_a_short_line() {
    let many = vec!["{}".to_owned(); 5000];
    let lines = left_out(&many);
    assert_eq!(lines.len(), KEYS_LEFT_OUT_LOGGED_MAX + 1);
    assert_eq!(lines.last().unwrap(), &format!("and {} more", 5000 - KEYS_LEFT_OUT_LOGGED_MAX));
    let good: Vec<_> = (0..=KEY_SET_KEYS_MAX).map(|n| ed25519(&format!("k{n}"), 1)).collect();
    assert_eq!(left_out(&good), ["64: behind the first 64 keys"]);
}

#[test]
fn keys_left_out_are_logged_once_for_each_key_set() {
    let isolate = Isolate::new(&jwks(&[ed25519("k1", 1), rsa(128, "")]));
    let logged = |isolate: &Isolate| {
        let mut line = line();
        assert_eq!(run(isolate.verify_in(&by_k1(), &mut line)), Ok(()));
        line.keys_left_out
    };
    let said = ["1 (rsa): rsa modulus under 2048 bits"];
    assert_eq!(logged(&isolate), said);
    assert!(logged(&isolate).is_empty());
    assert_eq!(logged(&isolate.another()), said, "from the copy in KV");
    isolate.advance(KEY_SET_FRESH);
    assert!(logged(&isolate).is_empty(), "the same ones, an hour later");
    isolate.serve(&jwks(&[rsa(1025, ""), ed25519("k1", 1)]));
    isolate.advance(KEY_SET_FRESH);
    assert_eq!(logged(&isolate), ["0 (rsa): rsa modulus over 8192 bits"]);
    isolate.serve(&k1());
    isolate.advance(KEY_SET_FRESH);
    assert!(logged(&isolate).is_empty());
}

#[test]
fn keys_left_out_are_logged_also_by_an_isolate_that_begins_while_the_issuer_is_down() {
    let isolate = Isolate::new(&jwks(&[ed25519("k1", 1), rsa(128, "")]));
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
    isolate.advance(KEY_SET_FRESH);
    isolate.go_down();
    let late = isolate.another();
    let mut line = line();
    assert_eq!(run(late.verify_in(&by_k1(), &mut line)), Ok(()), "from the copy in KV");
    assert_eq!(line.keys_left_out, ["1 (rsa): rsa modulus under 2048 bits"]);
    assert!(line.issuer_fault.is_some());
    let mut next = crate::support::world::line();
    late.advance(ISSUER_ASK_SPACING);
    assert_eq!(run(late.verify_in(&by_k1(), &mut next)), Ok(()));
    assert!(next.keys_left_out.is_empty(), "once");
    assert!(next.issuer_fault.is_some(), "the issuer was asked");
}

#[test]
fn a_jwt_of_a_key_that_is_left_out_is_told_apart_in_the_log() {
    let isolate =
        Isolate::new(&jwks(&[ed25519("k1", 1), k1_with(r#""d":"AAAA""#).replace("k1", "p")]));
    let jwt = signed_by("p", 1, &claims(""));
    assert_eq!(run(isolate.verify(&jwt)), Err(JwtFault::KeyUnusable));
    assert_eq!(run(isolate.verify(&jwt)), Err(JwtFault::KeyUnusable), "also while nobody may ask");
    isolate.serve(&jwks(&[ed25519("p", 1)]));
    isolate.advance(ISSUER_ASK_SPACING);
    assert_eq!(run(isolate.verify(&jwt)), Ok(()), "the issuer has mended its key");
}
