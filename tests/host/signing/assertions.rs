//! The text of an assertion.

use edge_token_broker::base::json::Json;
use edge_token_broker::jwt::Jwt;
use edge_token_broker::jwt::algorithm::Algorithm;
use edge_token_broker::jwt::signing::{Assertion, ClaimValue, finish};
use proptest::prelude::*;
use secrecy::ExposeSecret;

use crate::support::jwt::base64url;

fn value(json: &str) -> Option<ClaimValue<'static>> {
    ClaimValue::parse(Json::parse(json.as_bytes()).unwrap())
}

#[test]
fn an_assertion_is_header_and_claims() {
    let assertion = Assertion {
        algorithm: Algorithm::Ps256,
        header: Some(("x5t#S256", "digest")),
        claims: vec![
            ("iss".into(), "me".into()),
            ("exp".into(), 1_700_000_300.into()),
            ("roles".into(), value(r#"["a",1,true]"#).unwrap()),
            ("admin".into(), value("false").unwrap()),
        ],
    };
    let header = r#"{"alg":"PS256","typ":"JWT","x5t#S256":"digest"}"#;
    let claims = r#"{"iss":"me","exp":1700000300,"roles":["a",1,true],"admin":false}"#;
    let expected = [base64url(header), base64url(claims)].join(".");
    assert_eq!(assertion.signing_input(), expected);
    let jwt = finish(&expected, &[0xfb, 0xff]);
    assert_eq!(jwt.expose_secret(), [&expected, "-_8"].join("."));
    assert!(!format!("{jwt:?}").contains(&expected));
}

#[test]
fn a_key_without_a_name_has_no_name_in_the_header() {
    for (algorithm, name) in [
        (Algorithm::Rs256, "RS256"),
        (Algorithm::Ps256, "PS256"),
        (Algorithm::Es256, "ES256"),
        (Algorithm::EdDsa, "EdDSA"),
    ] {
        let input = Assertion { algorithm, header: None, claims: vec![] }.signing_input();
        let header = format!(r#"{{"alg":"{name}","typ":"JWT"}}"#);
        assert_eq!(input, [base64url(header), base64url("{}")].join("."));
    }
}

#[test]
fn a_configured_claim_is_text_a_whole_number_a_boolean_or_a_list_of_these() {
    assert_eq!(value(r#""a""#), Some("a".into()));
    assert_eq!(value("9007199254740991"), Some(9_007_199_254_740_991.into()));
    assert_eq!(value("[true]"), Some(ClaimValue::List(vec![ClaimValue::Bool(true)])));
    for refused in
        ["\"\"", "[]", "[\"\"]", "[[1]]", "{}", "null", "[null]", "-1", "1.5", "9007199254740992"]
    {
        assert_eq!(value(refused), None, "{refused}");
    }
}

proptest! {
    #[test]
    fn an_assertion_is_read_back(kid in ".{1,20}", name in ".{1,9}", text in ".{1,30}", number: u64) {
        let assertion = Assertion {
            algorithm: Algorithm::Es256,
            header: Some(("kid", &kid)),
            claims: vec![
                (name.as_str().into(), text.as_str().into()),
                ("another claim".into(), number.into()),
            ],
        };
        let jwt = finish(&assertion.signing_input(), b"signature");
        let read = Jwt::parse(jwt.expose_secret()).unwrap();
        prop_assert_eq!(read.header().key_id.as_deref(), Some(kid.as_str()));
        prop_assert_eq!(read.header().algorithm, Algorithm::Es256);
        prop_assert_eq!(read.text(&name), Some(text.as_str()));
        let is_same = matches!(read.claim("another claim"), Some(Json::Whole(n)) if *n == number);
        prop_assert!(is_same);
    }
}
