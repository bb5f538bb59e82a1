//! JWTs as attackers write them: none of them gets as far as a key.

use crate::support::jwt::{base64url, claims, compact, fault_of};
use edge_token_broker::base::json::Json;
use edge_token_broker::base::limits::{JWT_MAX_BYTES, JWT_MEMBERS_MAX};
use edge_token_broker::jwt::algorithm::Algorithm;
use edge_token_broker::jwt::{Jwt, JwtFault};
use proptest::prelude::*;

const EDDSA: &str = r#"{"alg":"EdDSA"}"#;

fn header_fault(header: &str) -> JwtFault {
    fault_of(&compact(header, &claims("")))
}

#[test]
fn alg_none_in_every_spelling_is_refused() {
    for none in ["none", "None", "NONE", "nOnE", "noNe", "", " none", "none ", "no\\u006ee"] {
        let header = format!(r#"{{"alg":"{none}"}}"#);
        assert_eq!(header_fault(&header), JwtFault::Algorithm, "{none}");
        let unsigned = format!("{}.{}.", base64url(&header), base64url(claims("")));
        assert!(Jwt::parse(&unsigned).is_err(), "{none} without a signature");
    }
}

#[test]
fn a_public_key_is_never_a_shared_secret() {
    for hmac in ["HS256", "HS384", "HS512", "hs256", "HS1"] {
        assert_eq!(header_fault(&format!(r#"{{"alg":"{hmac}"}}"#)), JwtFault::Algorithm, "{hmac}");
    }
}

#[test]
fn algorithms_that_the_broker_does_not_know_are_refused() {
    for alg in [
        "RS512", "rs256", "RS256 ", "ES256K", "ES384", "PS384", "RSA-OAEP", "dir", "eddsa", "Ed448",
    ] {
        assert_eq!(header_fault(&format!(r#"{{"alg":"{alg}"}}"#)), JwtFault::Algorithm, "{alg}");
    }
    for header in ["{}", r#"{"alg":null}"#, r#"{"alg":""}"#] {
        assert_eq!(header_fault(header), JwtFault::Algorithm, "{header}");
    }
    for alg in ["256", r#"["RS256"]"#, r#"{"RS256":1}"#, "true"] {
        assert_eq!(header_fault(&format!(r#"{{"alg":{alg}}}"#)), JwtFault::Malformed, "{alg}");
    }
}

#[test]
fn the_algorithms_of_the_broker_are_known_by_their_names() {
    for (alg, expected) in [
        ("RS256", Algorithm::Rs256),
        ("PS256", Algorithm::Ps256),
        ("ES256", Algorithm::Es256),
        ("EdDSA", Algorithm::EdDsa),
        ("Ed25519", Algorithm::EdDsa),
    ] {
        let jwt = Jwt::parse(&compact(&format!(r#"{{"alg":"{alg}"}}"#), &claims(""))).unwrap();
        assert_eq!(jwt.header().algorithm, expected);
    }
}

#[test]
fn a_stripped_signature_is_refused() {
    let whole = compact(EDDSA, &claims(""));
    let (signed, _) = whole.rsplit_once('.').unwrap();
    assert_eq!(fault_of(signed), JwtFault::Malformed);
    assert_eq!(fault_of(&format!("{signed}.")), JwtFault::Malformed);
}

#[test]
fn any_other_number_of_parts_is_refused() {
    let whole = compact(EDDSA, &claims(""));
    let encrypted = format!("{whole}.AAAA.AAAA");
    for text in
        ["", ".", "..", "...", "a", "a.b", &format!(".{whole}"), &format!("{whole}."), &encrypted]
    {
        assert_eq!(fault_of(text), JwtFault::Malformed, "{text}");
    }
}

#[test]
fn a_token_of_a_megabyte_is_refused_unread() {
    assert_eq!(fault_of(&"A".repeat(1024 * 1024)), JwtFault::TooLong);
    assert_eq!(fault_of(&".".repeat(1024 * 1024)), JwtFault::TooLong);
    assert_eq!(fault_of(&"A".repeat(JWT_MAX_BYTES)), JwtFault::Malformed);
    let long = compact(EDDSA, &claims(&format!(r#","a":"{}""#, "a".repeat(JWT_MAX_BYTES))));
    assert_eq!(fault_of(&long), JwtFault::TooLong);
}

#[test]
fn critical_extensions_are_refused_whatever_they_are() {
    for crit in [r#"["exp"]"#, r#"["b64"],"b64":false"#, "[]", "[null]", "{}", r#""x""#] {
        let header = format!(r#"{{"alg":"EdDSA","crit":{crit}}}"#);
        assert_eq!(header_fault(&header), JwtFault::Critical, "{crit}");
    }
}

#[test]
fn keys_that_a_token_brings_along_are_not_looked_at() {
    let header = r#"{"alg":"EdDSA","kid":"k","jku":"https://evil.example/jwks",
        "x5u":"http://169.254.169.254/","jwk":{"kty":"oct","k":"AAAA"},"x5c":["AAAA"],"zip":"DEF"}"#;
    let jwt = Jwt::parse(&compact(header, &claims(""))).unwrap();
    assert_eq!(jwt.header().key_id.as_deref(), Some("k"));
    // Nothing else of the header can be reached at all.
    let read = format!("{:?}", jwt.header());
    assert!(!read.contains("evil") && !read.contains("169.254"), "{read}");
}

#[test]
fn a_member_that_comes_twice_is_refused() {
    for header in [
        r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
        r#"{"alg":"none","alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","\u0061lg":"none"}"#,
        r#"{"alg":"EdDSA","kid":"a","kid":"b"}"#,
        r#"{"alg":"EdDSA","jwk":{"k":1,"k":2}}"#,
        r#"{"alg":"EdDSA","x":[{"k":1,"k":2}]}"#,
    ] {
        assert_eq!(header_fault(header), JwtFault::Malformed, "{header}");
    }
    for twice in [r#","exp":9999999999"#, r#","iss":"a""#, r#","s":1,"s":1"#, r#","\u0061ud":"b""#]
    {
        assert_eq!(fault_of(&compact(EDDSA, &claims(twice))), JwtFault::Malformed, "{twice}");
    }
}

#[test]
fn so_many_members_that_comparing_them_costs_are_refused() {
    let many = |count: usize| {
        (0..count).map(|number| format!(r#","{number}":0"#)).collect::<Vec<_>>().concat()
    };
    assert!(Jwt::parse(&compact(EDDSA, &claims(&many(JWT_MEMBERS_MAX - 3)))).is_ok());
    assert!(Jwt::parse(&compact(EDDSA, &claims(&many(JWT_MEMBERS_MAX - 2)))).is_err());
}

#[test]
fn deep_nesting_neither_passes_nor_overflows_the_stack() {
    for depth in [128, 1000, 5000] {
        let lists = format!(r#","a":{}1{}"#, "[".repeat(depth), "]".repeat(depth));
        assert_eq!(fault_of(&compact(EDDSA, &claims(&lists))), JwtFault::Malformed, "{depth}");
        let open = "[".repeat(depth);
        assert_eq!(fault_of(&compact(&open, &claims(""))), JwtFault::Malformed, "{depth}");
    }
    let deep = format!(r#","a":{}1{}"#, "[".repeat(100), "]".repeat(100));
    assert!(Jwt::parse(&compact(EDDSA, &claims(&deep))).is_ok());
}

#[test]
fn what_is_not_an_object_is_refused() {
    for json in ["[]", "1", "\"a\"", "null", "", "{", "{}x", "{} {}", "{}\u{feff}", "{\"a\":NaN}"] {
        assert!(Jwt::parse(&compact(EDDSA, json)).is_err(), "payload {json}");
        assert!(Jwt::parse(&compact(json, &claims(""))).is_err(), "header {json}");
    }
    let not_text = [base64url(EDDSA), base64url([0x7b, 0xff, 0x7d]), base64url("s")].join(".");
    assert_eq!(fault_of(&not_text), JwtFault::Malformed);
}

#[test]
fn padding_white_space_and_the_other_alphabet_are_refused() {
    let (header, payload) = (base64url(EDDSA), base64url(claims("")));
    for signature in [
        "AAAA=", "AA==", "AA=", " AAAA", "AAAA ", "AA\nAA", "AA\r\n", "AA+A", "AA/A", "A", "AAAAA",
        "é",
    ] {
        assert_eq!(
            fault_of(&format!("{header}.{payload}.{signature}")),
            JwtFault::Malformed,
            "{signature:?}"
        );
    }
    for text in [
        format!(" {header}.{payload}.AAAA"),
        format!("{header} .{payload}.AAAA"),
        format!("{header}.\t{payload}.AAAA"),
        format!("{header}=.{payload}.AAAA"),
    ] {
        assert_eq!(fault_of(&text), JwtFault::Malformed, "{text:?}");
    }
}

#[test]
fn bits_behind_the_last_byte_are_refused() {
    let (header, payload) = (base64url(EDDSA), base64url(claims("")));
    assert!(Jwt::parse(&format!("{header}.{payload}.AA")).is_ok());
    for signature in ["AB", "AP", "AAB", "AAD", "A_"] {
        let text = format!("{header}.{payload}.{signature}");
        assert_eq!(fault_of(&text), JwtFault::Malformed, "{signature}");
    }
}

#[test]
fn a_kid_is_a_name_and_nothing_else() {
    for kid in [
        "../../../../dev/null",
        "' OR '1'='1' --",
        "a\\u0000b",
        "https://evil.example/key",
        "| whoami",
        "jwks:00",
        "..\\\\..\\\\",
    ] {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#);
        let jwt = Jwt::parse(&compact(&header, &claims(""))).unwrap();
        assert!(jwt.header().key_id.is_some());
    }
    for kid in ["1", r#"["k"]"#, "{}", "true", &format!("{:?}", "k".repeat(257))] {
        let header = format!(r#"{{"alg":"EdDSA","kid":{kid}}}"#);
        assert_eq!(header_fault(&header), JwtFault::Malformed, "{kid}");
    }
}

#[test]
fn what_is_signed_is_the_text_that_came() {
    let text = compact(EDDSA, &claims(""));
    let jwt = Jwt::parse(&text).unwrap();
    assert_eq!(jwt.signing_input(), text.rsplit_once('.').unwrap().0.as_bytes());
    assert_eq!(jwt.signature(), b"signature");
    assert_eq!(format!("{jwt:?}"), "Jwt(REDACTED)");
}

proptest! {
    #[test]
    fn any_text_is_a_fault_and_no_panic(text in ".{0,300}") {
        prop_assert!(Jwt::parse(&text).is_err());
    }

    #[test]
    fn any_json_like_parts_do_not_panic(header in r#"[{}\[\]",:a-z0-9\\]{0,60}"#, payload in ".{0,60}") {
        let _ = Jwt::parse(&compact(&header, &payload));
    }

    #[test]
    fn a_jwt_has_one_text(place in 0..200_usize, with in "[A-Za-z0-9_=.-]") {
        let text = compact(EDDSA, &claims(""));
        let place = place % text.len();
        let other = format!("{}{with}{}", &text[..place], &text[place + 1..]);
        prop_assume!(other != text);
        if let Ok(jwt) = Jwt::parse(&other) {
            let same = Jwt::parse(&text).unwrap();
            prop_assert!((jwt.signing_input(), jwt.signature()) != (same.signing_input(), same.signature()));
        }
    }

    #[test]
    fn claims_are_what_was_written(value in "[a-z]{1,20}") {
        let jwt = Jwt::parse(&compact(EDDSA, &claims(&format!(r#","c":"{value}""#)))).unwrap();
        prop_assert!(matches!(jwt.claim("c"), Some(Json::Text(text)) if *text == value));
    }
}
