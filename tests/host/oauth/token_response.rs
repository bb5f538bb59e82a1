//! Token responses of the authorization server, against RFC 6749's examples and Entra's real one.

use edge_token_broker::base::limits::EXPIRES_IN_MAX_SECS;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::oauth::token_response::{AnswerFault, IssuedToken, ResponseRules};
use edge_token_broker::tokens::token::CachedToken;

const REAL_TOKEN: &str = include_str!("../../workerd/fixtures/entra_token_response.json");

fn parse(body: &str) -> Result<IssuedToken, AnswerFault> {
    IssuedToken::parse(body.as_bytes(), &ResponseRules::USUAL)
}

fn with(field: &str) -> Result<IssuedToken, AnswerFault> {
    parse(&format!(r#"{{"token_type":"Bearer","access_token":"t",{field}}}"#))
}

#[test]
fn the_real_one_of_entra() {
    let issued = parse(REAL_TOKEN).unwrap();
    assert_eq!(issued.expires_in, Millis::from_secs(3599));
    assert_eq!(issued.ext_expires_in, Some(Millis::from_secs(3599)));
    assert_eq!(issued.refresh_in, None);
    assert!(issued.access_token.expose().starts_with("eyJ0eXAiOiJKV1Qi"));
    assert!(issued.access_token.expose().ends_with("6ZVX1ISg"));
}

#[test]
fn the_example_of_rfc_6749_section_4_4_3_has_another_token_type() {
    let example = r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"example","expires_in":3600,"example_parameter":"example_value"}"#;
    assert_eq!(parse(example), Err(AnswerFault::TokenType));
    let issued = parse(&example.replace("\"example\"", "\"bearer\"")).unwrap();
    assert_eq!(issued.access_token.expose(), "2YotnFZFEjr1zCsicMWpAA");
    assert_eq!(issued.expires_in, Millis::from_secs(3600));
}

#[test]
fn numbers_come_as_numbers_or_strings() {
    for value in ["3599", "\"3599\"", "3.599e3", "3599.0", "3599.9", "\" 3599\"", "\"3599.0\""] {
        let issued = with(&format!(r#""expires_in":{value},"ext_expires_in":{value}"#)).unwrap();
        assert_eq!(issued.expires_in, Millis::from_secs(3599), "{value}");
        assert_eq!(issued.ext_expires_in, Some(Millis::from_secs(3599)), "{value}");
    }
    assert_eq!(with(r#""expires_in":1"#).unwrap().expires_in, Millis::from_secs(1));
    assert_eq!(with(r#""expires_in":31536000"#).unwrap().expires_in, Millis::from_secs(31_536_000));
}

#[test]
fn an_expires_in_that_is_no_lifetime_is_a_fault() {
    for value in [
        "0",
        "-1",
        "0.9",
        "-0.0",
        "-1e300",
        "\"0\"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"-5\"",
        "\" \"",
        "\"soon\"",
        "\"1e3\"",
        "\"99999999999999999999x\"",
        "true",
        "[3599]",
        "{}",
    ] {
        assert_eq!(
            with(&format!(r#""expires_in":{value}"#)),
            Err(AnswerFault::ExpiresIn),
            "{value}"
        );
    }
    // Not finite in JSON's own terms: the whole answer is unreadable.
    assert_eq!(with(r#""expires_in":1e999"#), Err(AnswerFault::NotATokenResponse));
}

#[test]
fn an_absurdly_long_lifetime_is_capped() {
    for value in [
        "31536001",
        "2147483647",
        "2147483648",
        "4294967296",
        "9223372036854775807",
        "18446744073709551615",
        "18446744073709551616",
        "1e300",
        "\"2147483647\"",
        "\"99999999999999999999\"",
        "\"99999999999999999999.5\"",
    ] {
        let issued = with(&format!(r#""expires_in":{value},"ext_expires_in":{value}"#)).unwrap();
        assert_eq!(issued.expires_in, Millis::from_secs(EXPIRES_IN_MAX_SECS), "{value}");
        assert_eq!(issued.ext_expires_in, Some(Millis::from_secs(EXPIRES_IN_MAX_SECS)), "{value}");
        let issued = with(&format!(r#""expires_in":3600,"refresh_in":{value}"#)).unwrap();
        assert_eq!(issued.refresh_in, None, "{value}");
    }
}

#[test]
fn a_capped_lifetime_is_what_callers_and_tiers_have() {
    let (now, issued) =
        (UnixMillis(1_700_000_000_000), with(r#""expires_in":2147483647"#).unwrap());
    let token = CachedToken::new(issued, now);
    let longest = Millis::from_secs(EXPIRES_IN_MAX_SECS);
    assert_eq!((token.lifetime(), token.expires_at), (longest, now.plus(longest)));
    let ttl = now.until(token.expires_at).whole_secs();
    assert!(i32::try_from(ttl).is_ok(), "KV takes no longer TTL");
    assert!(token.renew_at() > now && token.renew_at() < token.expires_at);
}

#[test]
fn a_missing_expires_in_is_ten_minutes() {
    assert_eq!(with(r#""scope":"x""#).unwrap().expires_in, Millis::from_secs(600));
}

#[test]
fn senseless_hints_are_ignored() {
    let issued = with(r#""expires_in":100,"ext_expires_in":0,"refresh_in":0"#).unwrap();
    assert_eq!((issued.ext_expires_in, issued.refresh_in), (Some(Millis(0)), None));
    let issued = with(r#""expires_in":100,"ext_expires_in":-1,"refresh_in":100"#).unwrap();
    assert_eq!((issued.ext_expires_in, issued.refresh_in), (None, None));
    assert_eq!(
        with(r#""expires_in":100,"refresh_in":"50""#).unwrap().refresh_in,
        Some(Millis::from_secs(50))
    );
}

#[test]
fn what_is_no_token_is_refused() {
    let long = "x".repeat(10);
    for (body, fault) in [
        ("", AnswerFault::NotATokenResponse),
        ("<html>", AnswerFault::NotATokenResponse),
        ("[]", AnswerFault::NotATokenResponse),
        ("null", AnswerFault::NotATokenResponse),
        (&REAL_TOKEN[..REAL_TOKEN.len() / 2], AnswerFault::NotATokenResponse),
        (
            r#"{"access_token":"a","access_token":"b","token_type":"Bearer"}"#,
            AnswerFault::NotATokenResponse,
        ),
        (r#"{"error":"invalid_client"}"#, AnswerFault::AccessToken),
        (r#"{"token_type":"Bearer","expires_in":3599}"#, AnswerFault::AccessToken),
        (
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":""}"#,
            AnswerFault::AccessToken,
        ),
        (
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"a\nb"}"#,
            AnswerFault::AccessToken,
        ),
        (
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"ä"}"#,
            AnswerFault::AccessToken,
        ),
        (r#"{"expires_in":3599,"access_token":"t"}"#, AnswerFault::TokenType),
        (r#"{"token_type":"pop","expires_in":3599,"access_token":"t"}"#, AnswerFault::TokenType),
        (&long, AnswerFault::NotATokenResponse),
    ] {
        assert_eq!(parse(body), Err(fault), "{body}");
    }
}
