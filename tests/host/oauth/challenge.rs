//! `WWW-Authenticate` of an API that rejects a token.

use edge_token_broker::base::limits::CLAIMS_MAX_BYTES;
use edge_token_broker::oauth::challenge::claims_of;
use edge_token_broker::oauth::claims::RequestedClaims;
use proptest::prelude::*;

/// Microsoft Graph's.
const GRAPH: &str = r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0=""#;

#[test]
fn the_claims_of_a_bearer_challenge_are_found() {
    let claims = claims_of(GRAPH).unwrap();
    assert!(RequestedClaims::parse(&claims).unwrap().challenge.is_some());
    for (header, expected) in [
        (r#"Bearer claims="a""#, "a"),
        (r#"bearer CLAIMS = "a", error="b""#, "a"),
        ("BEARER\tclaims=a", "a"),
        (r#"Bearer realm="claims=\"x\", y",claims="a""#, "a"),
        (r#"Bearer claims="{\"a\":\"b\\c\"}""#, r#"{"a":"b\c"}"#),
        ("Bearer claims=eyJh==, error=b", "eyJh=="),
        (r#"Basic realm="x", Bearer realm="y", claims="a""#, "a"),
        (r#"Negotiate, Bearer claims="a""#, "a"),
        (r#"Negotiate YWJj==, Bearer claims="a""#, "a"),
        (r#"Bearer, Bearer claims="a", Bearer claims="b""#, "a"),
        (r#"PoP claims="x", Bearer error="y", Bearer claims="a""#, "a"),
        (r#", ,Bearer , error="x" ,, claims="a""#, "a"),
        (r#"Bearer error="Bearer claims=\"x\"", claims="a""#, "a"),
        (r#"Bearer claims="é""#, "é"),
        (r#"Bearer "stray, claims=x" claims="a""#, "a"),
        (r#"Bearer claims="a", claims="b""#, "a"),
        (r#"Bearer claims="""#, ""),
    ] {
        assert_eq!(claims_of(header).as_deref(), Some(expected), "{header}");
    }
}

#[test]
fn anything_else_has_none() {
    for header in [
        "",
        ",",
        "Bearer",
        "claims=a",
        r#"claims="a""#,
        r#"Bearer realm="claims=a""#,
        r#"Basic claims="a""#,
        r#"Bearer realm="x", Basic claims="a""#,
        r#"PoP nonce="x", claims="a""#,
        r#"Bearer x-claims="a", claims_x="b""#,
        r#"Bearer claims="a"#,
        r#"Bearer claims="a\""#,
        r#"Bearer realm="x, claims="a"#,
        "Bearer claims",
        "Bearer=claims",
        r#"Bearerclaims="a""#,
        "==\"",
    ] {
        assert_eq!(claims_of(header), None, "{header}");
    }
}

#[test]
fn claims_are_bounded() {
    let header = |length| format!(r#"Bearer claims="{}""#, "a".repeat(length));
    assert!(claims_of(&header(CLAIMS_MAX_BYTES)).is_some());
    assert_eq!(claims_of(&header(CLAIMS_MAX_BYTES + 1)), None);
}

proptest! {
    #[test]
    fn any_claims_come_out_as_they_went_in(
        before in r#"((Basic|Negotiate|PoP) [a-z]{1,4}="([^"\\]|\\.){0,9}" ?, ?)?"#,
        parameters in r#"([a-b]{1,3} ?= ?("([^"\\]|\\.){0,9}"|[a-z]{1,9})[ ,]+)*"#,
        claims in any::<String>(),
    ) {
        let escaped = claims.replace('\\', r"\\").replace('"', r#"\""#);
        let header = format!(r#"{before}Bearer {parameters}claims="{escaped}""#);
        let found = claims_of(&header);
        prop_assert_eq!(found.as_deref(), Some(&*claims), "{}", header);
    }

    #[test]
    fn any_text_does_not_panic(header in r#"(Bearer|claims|[ ,="\\]|\PC){0,40}"#) {
        let claims = claims_of(&header);
        prop_assert!(claims.is_none_or(|claims| claims.len() <= CLAIMS_MAX_BYTES));
    }
}
