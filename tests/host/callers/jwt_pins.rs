//! What a pinned claim matches.

use crate::support::jwt::{ISSUER, NOW, at, claims, jwt_of, one_of, trust};
use edge_token_broker::base::json::Json;
use edge_token_broker::jwt::{JwtFault, JwtSubject, OneOf, Profile, Trust};

fn check_under(trust: &Trust, payload: &str) -> Result<JwtSubject, JwtFault> {
    trust.check(&jwt_of(payload), Profile::Bearer, at(NOW))
}

#[test]
fn pinned_claims_match_exactly_or_within_a_list() {
    let pinned = || Trust {
        claims: vec![
            ("environment".into(), one_of(r#"["production","staging"]"#)),
            ("level".into(), one_of("3")),
            ("verified".into(), one_of("true")),
        ],
        ..trust()
    };
    let with = |environment: &str, level: &str, verified: &str| {
        let more = format!(r#","environment":{environment},"level":{level},"verified":{verified}"#);
        check_under(&pinned(), &claims(&more)).map(drop)
    };
    assert_eq!(with(r#""staging""#, "3", "true"), Ok(()));
    assert_eq!(with(r#"["dev","production"]"#, "[1,3]", "[true]"), Ok(()));
    for (environment, level, verified) in [
        (r#""dev""#, "3", "true"),
        (r#""Production""#, "3", "true"),
        (r#""""#, "3", "true"),
        ("[]", "3", "true"),
        ("null", "3", "true"),
        (r#"[["production"]]"#, "3", "true"),
        (r#"{"production":true}"#, "3", "true"),
        (r#""production""#, "3.0", "true"),
        (r#""production""#, "4", "true"),
        (r#""production""#, "3", "false"),
        (r#""production""#, "3", "1"),
    ] {
        let result = with(environment, level, verified);
        assert_eq!(result, Err(JwtFault::Claim), "{environment} {level} {verified}");
    }
    assert_eq!(check_under(&pinned(), &claims("")), Err(JwtFault::Claim));
}

#[test]
fn a_pin_matches_its_own_meaning_as_text_number_or_boolean() {
    let permits = |pin: &str, claim: &str| {
        let trust = Trust { claims: vec![("id".into(), one_of(pin))], ..trust() };
        check_under(&trust, &claims(&format!(r#","id":{claim}"#))).is_ok()
    };
    for (pin, claim) in [
        ("74", r#""74""#),
        (r#""74""#, "74"),
        ("74", r#"["73","74"]"#),
        (r#"["73","74"]"#, "74"),
        ("0", r#""0""#),
        ("true", r#""true""#),
        (r#""false""#, "false"),
        (r#""9007199254740993""#, "9007199254740993"),
        (r#""18446744073709551615""#, "18446744073709551615"),
    ] {
        assert!(permits(pin, claim), "{pin} {claim}");
    }
    for (pin, claim) in [
        ("74", r#""74.0""#),
        ("74", "74.0"),
        ("74", "7.4e1"),
        ("74", r#"" 74""#),
        ("74", r#""74 ""#),
        ("74", r#""074""#),
        ("74", r#""+74""#),
        ("74", "-74"),
        ("74", r#""0x4a""#),
        ("74", r#"["75"]"#),
        ("74", r#"{"74":74}"#),
        (r#""074""#, "74"),
        (r#""74.0""#, "74"),
        ("0", "false"),
        ("0", "null"),
        ("1", "true"),
        ("true", "1"),
        ("true", r#""True""#),
        ("true", r#""yes""#),
        (r#""null""#, "null"),
        // Neighbours that are one number for a parser that has floating point only.
        (r#""9007199254740993""#, "9007199254740992"),
        ("9007199254740991", "9007199254740992"),
        (r#""18446744073709551615""#, "18446744073709551616"),
    ] {
        assert!(!permits(pin, claim), "{pin} {claim}");
    }
}

#[test]
fn a_subject_and_an_audience_are_texts() {
    let under = |trust: Trust, aud: &str, sub: &str| {
        let payload =
            format!(r#"{{"iss":"{ISSUER}","aud":{aud},"sub":{sub},"exp":{}}}"#, NOW + 300);
        check_under(&trust, &payload).map(drop)
    };
    let pinned = || Trust { audience: one_of("74"), subject: Some(one_of("75")), ..trust() };
    assert_eq!(under(pinned(), r#""74""#, r#""75""#), Ok(()));
    assert_eq!(under(pinned(), r#"["74"]"#, r#""75""#), Ok(()));
    assert_eq!(under(pinned(), "74", r#""75""#), Err(JwtFault::Audience));
    assert_eq!(under(pinned(), "[74]", r#""75""#), Err(JwtFault::Audience));
    assert_eq!(under(pinned(), r#""74""#, "75"), Err(JwtFault::Subject));
}

#[test]
fn a_configuration_cannot_permit_what_is_empty_or_has_no_equal() {
    for json in ["\"\"", "[]", "[\"\"]", "[\"a\",\"\"]", "null", "{}", "1.5", "-1", "[[\"a\"]]"] {
        assert_eq!(OneOf::parse(Json::parse(json.as_bytes()).unwrap()), None, "{json}");
    }
}
