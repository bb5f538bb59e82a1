//! JWTs, metadata and key sets of issuers that write null, or nothing, for what they do not say; and
//! what stands in front of them.

use edge_token_broker::jwt::discovery::jwks_uri;
use edge_token_broker::jwt::jwks::{Found, KeySet};
use edge_token_broker::jwt::{Jwt, JwtFault, Profile, Trust};

use crate::support::jwt::{
    ISSUER, NOW, at, claims, compact, ed25519, fault_of, jwks, jwt_of, one_of, trust,
};

const MARK: &str = "\u{feff}";
const NOTHING: [&str; 3] = ["null", "\"\"", "[]"];

fn headed(more: &str) -> Result<Jwt, JwtFault> {
    Jwt::parse(&compact(&format!(r#"{{"alg":"EdDSA"{more}}}"#), &claims("")))
}

fn accepts(trust: &Trust, more: &str) -> Result<Option<String>, JwtFault> {
    let checked = trust.check(&jwt_of(&claims(more)), Profile::Bearer, at(NOW));
    checked.map(|subject| subject.subject)
}

#[test]
fn a_header_with_null_or_nothing_names_no_key_and_no_type() {
    for nothing in NOTHING {
        let more = format!(r#","kid":{nothing},"typ":{nothing},"cty":{nothing},"x5t":{nothing}"#);
        let jwt = headed(&more).unwrap();
        assert_eq!((&jwt.header().key_id, &jwt.header().typ), (&None, &None), "{nothing}");
        assert_eq!(trust().check(&jwt, Profile::Bearer, at(NOW)).map(drop), Ok(()), "{nothing}");
    }
    assert!(headed(r#","crit":null"#).is_ok());
    for alg in NOTHING {
        let none = compact(&format!(r#"{{"alg":{alg}}}"#), &claims(""));
        assert_eq!(fault_of(&none), JwtFault::Algorithm, "{alg}");
    }
}

#[test]
fn an_empty_list_of_critical_extensions_stays_a_fault() {
    // RFC 7515 §4.1.11 forbids it by name.
    for crit in ["[]", "\"\"", "{}", r#"["exp"]"#] {
        let more = format!(r#","crit":{crit}"#);
        assert_eq!(headed(&more).map(drop), Err(JwtFault::Critical), "{crit}");
    }
}

#[test]
fn optional_claims_with_null_or_nothing_are_absent() {
    for nothing in NOTHING {
        let more = format!(
            r#","sub":{nothing},"nbf":{nothing},"iat":{nothing},"jti":{nothing},"azp":{nothing}"#
        );
        assert_eq!(accepts(&trust(), &more), Ok(None), "{nothing}");
    }
}

#[test]
fn what_a_jwt_must_have_cannot_be_null() {
    let issuer = format!(r#""iss":"{ISSUER}""#);
    for nothing in NOTHING {
        let checked = |payload: &str| {
            trust().check(&jwt_of(payload), Profile::Bearer, at(NOW)).map(drop).unwrap_err()
        };
        let exp = NOW + 300;
        assert_eq!(
            checked(&format!(r#"{{{issuer},"aud":"broker","exp":{nothing}}}"#)),
            JwtFault::Time
        );
        assert_eq!(
            checked(&format!(r#"{{{issuer},"aud":{nothing},"exp":{exp}}}"#)),
            JwtFault::Audience
        );
        assert_eq!(
            checked(&format!(r#"{{"iss":{nothing},"aud":"broker","exp":{exp}}}"#)),
            JwtFault::Issuer
        );
        let pinned = Trust { subject: Some(one_of(r#""s""#)), ..trust() };
        assert_eq!(accepts(&pinned, &format!(r#","sub":{nothing}"#)), Err(JwtFault::Subject));
        let pinned = Trust { claims: vec![("ref".into(), one_of(r#""main""#))], ..trust() };
        assert_eq!(accepts(&pinned, &format!(r#","ref":{nothing}"#)), Err(JwtFault::Claim));
    }
}

#[test]
fn a_claim_that_comes_twice_is_refused_also_where_one_is_null() {
    for more in [r#","sub":null,"sub":"a""#, r#","sub":"a","sub":null"#, r#","x":null,"x":null"#] {
        assert!(Jwt::parse(&compact(r#"{"alg":"EdDSA"}"#, &claims(more))).is_err(), "{more}");
    }
    for more in [r#","kid":null,"kid":"k""#, r#","alg":null"#, r#","x":{"y":null,"y":1}"#] {
        assert_eq!(headed(more).map(drop), Err(JwtFault::Malformed), "{more}");
    }
}

#[test]
fn a_key_with_null_for_a_member_is_used() {
    let key = ed25519("k", 1);
    for member in ["d", "use", "key_ops", "alg", "x5c", "x5t", "x5u", "y", "n", "oth", "k"] {
        let key = key.replacen('{', &format!(r#"{{"{member}":null,"#), 1);
        let set = KeySet::parse(jwks(&[key]).as_bytes()).unwrap();
        let found = set.find(headed(r#","kid":"k""#).unwrap().header()).is_key();
        assert!(found, "{member}");
    }
}

#[test]
fn a_key_that_comes_with_a_private_half_twice_is_left_out() {
    for twice in [r#"{"d":null,"d":"AAAA","#, r#"{"d":"AAAA","d":null,"#] {
        let key = ed25519("k", 1).replacen('{', twice, 1);
        let set = KeySet::parse(jwks(&[key]).as_bytes()).unwrap();
        assert!(!set.find(headed(r#","kid":"k""#).unwrap().header()).is_key(), "{twice}");
    }
}

#[test]
fn metadata_with_null_for_optional_members_is_read() {
    let own = format!(
        r#"{{"issuer":"{ISSUER}","jwks_uri":"https://k.example/","userinfo_endpoint":null,
           "registration_endpoint":"","scopes_supported":[]}}"#
    );
    assert_eq!(jwks_uri(own.as_bytes(), ISSUER).as_deref(), Ok("https://k.example/"));
    for nothing in NOTHING {
        let none = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":{nothing}}}"#);
        assert!(jwks_uri(none.as_bytes(), ISSUER).is_err());
    }
}

#[test]
fn a_byte_order_mark_in_front_is_read_over() {
    let metadata = format!(r#"{MARK}{{"issuer":"{ISSUER}","jwks_uri":"https://k.example/"}}"#);
    assert!(jwks_uri(metadata.as_bytes(), ISSUER).is_ok());
    let keys = format!("{MARK}{}", jwks(&[ed25519("k", 1)]));
    assert!(KeySet::parse(keys.as_bytes()).is_ok());
    let (header, payload) =
        (format!(r#"{MARK}{{"alg":"EdDSA"}}"#), format!("{MARK}{}", claims("")));
    let jwt = Jwt::parse(&compact(&header, &payload)).unwrap();
    assert_eq!(trust().check(&jwt, Profile::Bearer, at(NOW)).map(drop), Ok(()));
}

#[test]
fn a_member_of_a_key_that_says_something_senseless_is_not_absent() {
    for senseless in ["-1", "{}", "false", "[[]]"] {
        let key = ed25519("k", 1).replacen('{', &format!(r#"{{"d":{senseless},"#), 1);
        let set = KeySet::parse(jwks(&[key]).as_bytes()).unwrap();
        assert!(!set.find(headed(r#","kid":"k""#).unwrap().header()).is_key(), "{senseless}");
    }
}

#[test]
fn an_empty_list_of_keys_is_a_key_set_without_keys() {
    // The issuer has withdrawn its keys. The ones from before must not stay.
    assert!(KeySet::parse(br#"{"keys":[]}"#).is_ok());
    for none in [r#"{"keys":null}"#, r#"{"keys":""}"#, "{}", r#"{"keys":[],"keys":[]}"#] {
        assert!(KeySet::parse(none.as_bytes()).is_err(), "{none}");
    }
}

trait IsKey {
    fn is_key(&self) -> bool;
}

impl IsKey for Found<'_> {
    fn is_key(&self) -> bool {
        matches!(self, Found::Keys(_))
    }
}
