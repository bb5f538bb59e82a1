//! What a pinned claim matches.

use crate::support::issuer::{Isolate, JWKS, k1};
use crate::support::jwt::{ISSUER, NOW, at, claims, jwt_of, one_of, signed_by, trust};
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
fn both_spellings_of_google_are_one_issuer_and_nothing_else_is() {
    let accepts = |issuer: &str, iss: &str| {
        let trust = Trust { issuer: issuer.into(), ..trust() };
        let payload = claims("").replace(ISSUER, iss);
        check_under(&trust, &payload).map(|subject| subject.issuer)
    };
    let [url, host] = ["https://accounts.google.com", "accounts.google.com"];
    for (issuer, iss) in [(url, url), (url, host), (host, url), (host, host)] {
        assert_eq!(accepts(issuer, iss), Ok(iss.into()), "{issuer} {iss}");
    }
    for (issuer, iss) in [
        (url, "https://accounts.google.com/"),
        (url, "http://accounts.google.com"),
        (url, "https://https://accounts.google.com"),
        (url, "HTTPS://accounts.google.com"),
        (url, "Accounts.google.com"),
        (url, "//accounts.google.com"),
        (url, "google.com"),
        (host, "accounts.google.com.example"),
        (host, "https://accounts.google.com.example"),
        ("https://id.example", "id.example"),
        ("id.example", "https://id.example"),
        ("https://id.example", url),
        (host, "https://id.example"),
        (url, ""),
    ] {
        assert_eq!(accepts(issuer, iss), Err(JwtFault::Issuer), "{issuer} {iss}");
    }
}

#[test]
fn one_slash_at_the_end_is_a_near_miss_either_way_and_no_match() {
    let near = |issuer: &str, iss: &str| {
        let trust = Trust { issuer: issuer.into(), ..trust() };
        let jwt = jwt_of(&claims("").replace(ISSUER, iss));
        assert_eq!(trust.names_issuer_of(&jwt), issuer == iss, "{issuer} {iss}");
        trust.nearly_names_issuer_of(&jwt)
    };
    let [with, without] = ["https://id.example/", "https://id.example"];
    assert!(near(with, without) && near(without, with));
    for (issuer, iss) in [
        (with, with),
        (without, without),
        (without, "https://id.example//"),
        (without, "https://id.exampl/"),
        (without, "https://id.example/a"),
        (with, "https://other.example"),
        (with, ""),
    ] {
        assert!(!near(issuer, iss), "{issuer} {iss}");
    }
}

#[test]
fn the_keys_of_google_are_good_for_both_spellings_and_fetched_once() {
    let [url, host] = ["https://accounts.google.com", "accounts.google.com"];
    for issuer in [url, host] {
        let mut isolate = Isolate::new(&k1());
        isolate.trust =
            Trust { issuer: issuer.into(), jwks_uri: Some(JWKS.into()), ..isolate.trust };
        for iss in [url, host] {
            let jwt = signed_by("k1", 1, &claims("").replace(ISSUER, iss));
            assert_eq!(isolate.authenticate(&jwt).map(drop), Ok(()), "{issuer} {iss}");
        }
        assert_eq!(*isolate.verifier.issuers.requests.borrow(), [JWKS]);
    }
}

#[test]
fn a_configuration_cannot_permit_what_is_empty_or_has_no_equal() {
    for json in ["\"\"", "[]", "[\"\"]", "[\"a\",\"\"]", "null", "{}", "1.5", "-1", "[[\"a\"]]"] {
        assert_eq!(OneOf::parse(Json::parse(json.as_bytes()).unwrap()), None, "{json}");
    }
}
