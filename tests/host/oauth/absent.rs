//! Answers of authorization servers that write null, or nothing, for what they do not say; and what
//! stands in front of them.

use edge_token_broker::base::time::Millis;
use edge_token_broker::oauth::claims::{RequestedClaims, for_upstream};
use edge_token_broker::oauth::error_response::ErrorResponse;
use edge_token_broker::oauth::token_response::{AnswerFault, IssuedToken, ResponseRules};

const MARK: &str = "\u{feff}";

fn token(more: &str) -> Result<IssuedToken, AnswerFault> {
    let body = format!(r#"{{"token_type":"Bearer","access_token":"t"{more}}}"#);
    IssuedToken::parse(body.as_bytes(), &ResponseRules::USUAL)
}

#[test]
fn a_token_response_with_null_or_nothing_for_a_number_has_no_such_number() {
    for nothing in ["null", "\"\"", "[]"] {
        let more = format!(
            r#","expires_in":{nothing},"ext_expires_in":{nothing},"refresh_in":{nothing},
               "scope":{nothing},"refresh_token":{nothing},"id_token":{nothing}"#
        );
        let issued = token(&more).unwrap();
        assert_eq!(issued.expires_in, Millis::from_secs(600), "as without the member");
        assert_eq!((issued.ext_expires_in, issued.refresh_in), (None, None));
    }
}

#[test]
fn what_a_token_response_must_have_cannot_be_null() {
    for (body, fault) in [
        (r#"{"token_type":"Bearer","access_token":null}"#, AnswerFault::AccessToken),
        (r#"{"token_type":"Bearer","access_token":""}"#, AnswerFault::AccessToken),
        (r#"{"token_type":"Bearer","access_token":[]}"#, AnswerFault::AccessToken),
        (r#"{"token_type":null,"access_token":"t"}"#, AnswerFault::TokenType),
        (r#"{"token_type":"","access_token":"t"}"#, AnswerFault::TokenType),
        (
            r#"{"token_type":"Bearer","access_token":null,"access_token":"t"}"#,
            AnswerFault::NotATokenResponse,
        ),
    ] {
        assert_eq!(
            IssuedToken::parse(body.as_bytes(), &ResponseRules::USUAL),
            Err(fault),
            "{body}"
        );
    }
}

#[test]
fn an_error_response_leaves_out_what_is_null_or_empty() {
    for nothing in ["null", "\"\"", "[]"] {
        let body = format!(
            r#"{{"error":"invalid_client","error_description":{nothing},"error_codes":{nothing},
               "timestamp":{nothing},"trace_id":{nothing},"correlation_id":{nothing},
               "error_uri":{nothing}}}"#
        );
        let expected = ErrorResponse { error: "invalid_client".into(), ..Default::default() };
        assert_eq!(ErrorResponse::parse(body.as_bytes()), Some(expected), "{nothing}");
        let none = format!(r#"{{"error":{nothing}}}"#);
        assert_eq!(ErrorResponse::parse(none.as_bytes()), None, "{nothing}");
    }
}

#[test]
fn a_byte_order_mark_in_front_is_read_over() {
    let body = format!(r#"{MARK}{{"token_type":"Bearer","access_token":"t","expires_in":60}}"#);
    assert_eq!(
        IssuedToken::parse(body.as_bytes(), &ResponseRules::USUAL).unwrap().expires_in,
        Millis::from_secs(60)
    );
    let body = format!(r#"{MARK}{{"error":"invalid_client"}}"#);
    assert_eq!(ErrorResponse::parse(body.as_bytes()).unwrap().error, "invalid_client");
    let claims = r#"{"access_token":{"nbf":{"value":"1700000000"}}}"#;
    let marked = RequestedClaims::parse(&format!("{MARK}{claims}")).unwrap();
    let sent_on = for_upstream(marked.challenge.as_ref(), false);
    assert_eq!(sent_on.as_deref(), Some(claims), "upstream gets none");
}
