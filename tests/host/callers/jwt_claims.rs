//! What a JWT must say: issuer, audience, time, subject, claims, type.

use crate::support::jwt::{ISSUER, NOW, at, claims, compact, jwt_of, one_of, trust};
use edge_token_broker::jwt::{Jwt, JwtFault, JwtSubject, Profile, Trust};
use proptest::prelude::*;

fn check(payload: &str) -> Result<JwtSubject, JwtFault> {
    check_under(&trust(), payload)
}

fn check_under(trust: &Trust, payload: &str) -> Result<JwtSubject, JwtFault> {
    trust.check(&jwt_of(payload), Profile::Bearer, at(NOW))
}

fn with_exp(exp: &str) -> Result<JwtSubject, JwtFault> {
    check(&format!(r#"{{"iss":"{ISSUER}","aud":"broker","exp":{exp}}}"#))
}

#[test]
fn a_good_jwt_names_its_subject() {
    let identity = check(&claims(r#","sub":"repo:o/r","jti":"j""#)).unwrap();
    let expected = JwtSubject {
        issuer: ISSUER.into(),
        subject: Some("repo:o/r".into()),
        expires_at: at(NOW + 300),
        jti: Some("j".into()),
    };
    assert_eq!(identity, expected);
}

#[test]
fn another_issuer_is_refused_however_similar() {
    for iss in [
        "https://issuer.example/",
        "https://ISSUER.example",
        "https://issuer.example.evil.example",
        "http://issuer.example",
        "",
        " https://issuer.example",
    ] {
        let payload = format!(r#"{{"iss":"{iss}","aud":"broker","exp":{}}}"#, NOW + 300);
        assert_eq!(check(&payload), Err(JwtFault::Issuer), "{iss}");
    }
    for iss in [r#"["https://issuer.example"]"#, "null", "1"] {
        let payload = format!(r#"{{"iss":{iss},"aud":"broker","exp":{}}}"#, NOW + 300);
        assert_eq!(check(&payload), Err(JwtFault::Issuer), "{iss}");
    }
    assert_eq!(check(r#"{"aud":"broker","exp":9999999999}"#), Err(JwtFault::Issuer));
    let nobody = Trust { issuer: String::new(), ..trust() };
    let payload = r#"{"iss":"","aud":"broker","exp":9999999999}"#;
    assert_eq!(check_under(&nobody, payload), Err(JwtFault::Issuer));
}

#[test]
fn an_audience_is_text_or_a_list_that_has_it() {
    let audience = |aud: &str| {
        check(&format!(r#"{{"iss":"{ISSUER}","aud":{aud},"exp":{}}}"#, NOW + 300)).map(drop)
    };
    for aud in [r#""broker""#, r#"["broker"]"#, r#"["other","broker"]"#, r#"[1,null,"broker"]"#] {
        assert_eq!(audience(aud), Ok(()), "{aud}");
    }
    for aud in [
        r#""other""#,
        r#""""#,
        r#""broker ""#,
        r#""Broker""#,
        "[]",
        r#"["other"]"#,
        r#"[["broker"]]"#,
        r#"{"broker":"broker"}"#,
        "null",
        "1",
        r#""broker,other""#,
    ] {
        assert_eq!(audience(aud), Err(JwtFault::Audience), "{aud}");
    }
    let without = format!(r#"{{"iss":"{ISSUER}","exp":{}}}"#, NOW + 300);
    assert_eq!(check(&without), Err(JwtFault::Audience));
}

#[test]
fn an_expired_jwt_is_refused_after_a_minute_of_skew() {
    assert!(with_exp(&(NOW - 59).to_string()).is_ok());
    assert_eq!(with_exp(&(NOW - 60).to_string()), Err(JwtFault::Expired));
    assert_eq!(with_exp("0"), Err(JwtFault::Expired));
    assert!(with_exp(&format!("{}.5", NOW - 60)).is_ok());
    assert_eq!(with_exp(&format!("{}.5", NOW - 61)), Err(JwtFault::Expired));
    assert!(with_exp("1.7e9").is_ok());
}

#[test]
fn a_jwt_without_a_usable_expiry_is_refused() {
    assert_eq!(check(&format!(r#"{{"iss":"{ISSUER}","aud":"broker"}}"#)), Err(JwtFault::Time));
    for exp in [
        "null",
        "-1",
        "-1.5",
        "-0.0",
        "true",
        "\"9999999999\"",
        "[9999999999]",
        "253402300800",
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
        "9999999999999.5",
    ] {
        assert_eq!(with_exp(exp), Err(JwtFault::Time), "{exp}");
    }
}

#[test]
fn a_jwt_that_is_not_yet_valid_is_refused() {
    for name in ["nbf", "iat"] {
        let begins = |value: String| check(&claims(&format!(r#","{name}":{value}"#))).map(drop);
        assert_eq!(begins((NOW + 60).to_string()), Ok(()));
        assert_eq!(begins((NOW + 61).to_string()), Err(JwtFault::NotYetValid));
        assert_eq!(begins(format!("{}.5", NOW + 60)), Err(JwtFault::NotYetValid));
        for value in ["-1", "\"0\"", "1e300", "253402300800", "[1]"] {
            assert_eq!(begins(value.to_owned()), Err(JwtFault::Time), "{name} {value}");
        }
    }
}

#[test]
fn a_pinned_subject_is_exact() {
    let pinned = || Trust { subject: Some(one_of(r#"["repo:o/r","repo:o/s"]"#)), ..trust() };
    let subject =
        |sub: &str| check_under(&pinned(), &claims(&format!(r#","sub":{sub}"#))).map(drop);
    assert_eq!(subject(r#""repo:o/s""#), Ok(()));
    for sub in
        [r#""repo:o/""#, r#""repo:o/rr""#, r#""""#, "null", "[]", "1", r#"["repo:o/r"]"#, "{}"]
    {
        assert_eq!(subject(sub), Err(JwtFault::Subject), "{sub}");
    }
    assert_eq!(check_under(&pinned(), &claims("")), Err(JwtFault::Subject));
}

#[test]
fn a_subject_that_is_not_usable_is_never_in_an_identity() {
    assert_eq!(check(&claims("")).unwrap().subject, None);
    // As service tokens of Cloudflare Access have it.
    assert_eq!(check(&claims(r#","sub":"""#)).unwrap().subject, None);
    for sub in ["1", r#"["s"]"#, "[null]", "{}", "false"] {
        assert_eq!(check(&claims(&format!(r#","sub":{sub}"#))), Err(JwtFault::Subject), "{sub}");
    }
    let long = format!(r#","sub":"{}""#, "s".repeat(1025));
    assert_eq!(check(&claims(&long)), Err(JwtFault::Subject));
}

#[test]
fn a_jwt_made_for_another_use_is_refused() {
    let typed = |typ: &str, profile| {
        let header = format!(r#"{{"alg":"EdDSA","typ":"{typ}"}}"#);
        let payload = match profile {
            Profile::Bearer => claims(""),
            Profile::ClientAssertion => claims(&format!(r#","sub":"{ISSUER}","jti":"j""#)),
        };
        let jwt = Jwt::parse(&compact(&header, &payload)).unwrap();
        trust().check(&jwt, profile, at(NOW)).map(drop)
    };
    for typ in ["JWT", "jwt", "application/jwt", "APPLICATION/JWT"] {
        assert_eq!(typed(typ, Profile::Bearer), Ok(()), "{typ}");
        assert_eq!(typed(typ, Profile::ClientAssertion), Ok(()), "{typ}");
    }
    let own = [
        ("at+jwt", Profile::Bearer, Profile::ClientAssertion),
        ("Application/AT+JWT", Profile::Bearer, Profile::ClientAssertion),
        ("client-authentication+jwt", Profile::ClientAssertion, Profile::Bearer),
    ];
    for (typ, profile, other) in own {
        assert_eq!(typed(typ, profile), Ok(()), "{typ}");
        assert_eq!(typed(typ, other), Err(JwtFault::Type), "{typ}");
    }
    for typ in ["dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", " ", "text/jwt", "application/"] {
        assert_eq!(typed(typ, Profile::Bearer), Err(JwtFault::Type), "{typ}");
        assert_eq!(typed(typ, Profile::ClientAssertion), Err(JwtFault::Type), "{typ}");
    }
}

#[test]
fn a_client_assertion_is_the_clients_own_word_with_an_id_and_soon_over() {
    let assertion = |sub: &str, jti: &str, exp: u64| {
        let payload =
            format!(r#"{{"iss":"reports","sub":{sub},"aud":"broker","jti":{jti},"exp":{exp}}}"#);
        let trust = Trust { issuer: "reports".into(), ..trust() };
        assert!(trust.is_self_issued("reports") && !trust.is_self_issued("other"));
        trust.check(&jwt_of(&payload), Profile::ClientAssertion, at(NOW)).map(drop)
    };
    assert_eq!(assertion(r#""reports""#, r#""j""#, NOW + 3600), Ok(()));
    assert_eq!(assertion(r#""other""#, r#""j""#, NOW + 300), Err(JwtFault::Subject));
    assert_eq!(assertion("null", r#""j""#, NOW + 300), Err(JwtFault::Subject));
    let long = format!("{:?}", "j".repeat(257));
    for jti in [r#""""#, "null", "1", long.as_str()] {
        let result = assertion(r#""reports""#, jti, NOW + 300);
        assert_eq!(result, Err(JwtFault::AssertionId), "{jti}");
    }
    let result = assertion(r#""reports""#, r#""j""#, NOW + 3661);
    assert_eq!(result, Err(JwtFault::Lifetime));
}

#[test]
fn a_client_assertion_is_no_bearer_token() {
    let payload = claims(&format!(r#","sub":"{ISSUER}","jti":"j""#));
    assert_eq!(check(&payload), Err(JwtFault::SelfIssued));
}

proptest! {
    #[test]
    fn never_good_a_minute_after_expiry(exp in 0..253_402_300_799_u64, late in 60_000..u64::MAX / 2) {
        let jwt = jwt_of(&format!(r#"{{"iss":"{ISSUER}","aud":"broker","exp":{exp}}}"#));
        let now = edge_token_broker::base::time::UnixMillis((exp * 1000).saturating_add(late));
        prop_assert_eq!(trust().check(&jwt, Profile::Bearer, now), Err(JwtFault::Expired));
    }
}
