//! Error responses of the authorization server, against RFC 6749's examples and Entra's real one.

use edge_token_broker::oauth::error_response::ErrorResponse;

const REAL_ERROR: &str = include_str!("../../workerd/fixtures/entra_invalid_scope.json");

#[test]
fn the_real_one_of_entra() {
    let response = ErrorResponse::parse(REAL_ERROR.as_bytes()).unwrap();
    assert_eq!(response.error, "invalid_scope");
    assert_eq!(response.aadsts(), Some(1_002_012));
    assert_eq!(response.trace.timestamp.as_deref(), Some("2023-02-14 10:16:14Z"));
    assert_eq!(response.trace.trace_id.as_deref(), Some("74168b0f-cc19-4f7f-8859-623628460a00"));
    assert_eq!(
        response.trace.correlation_id.as_deref(),
        Some("493c3c50-0a91-42f3-8fb4-c7b8a393ba24")
    );
    let description = response.description.unwrap();
    assert!(description.starts_with("AADSTS1002012: The provided value for scope"));
    assert!(
        description.contains("(application ID URI). Trace ID: 79168b0f"),
        "line breaks are one space"
    );
}

#[test]
fn the_example_of_rfc_6749_section_5_2() {
    let response = ErrorResponse::parse(br#"{"error":"invalid_request"}"#).unwrap();
    assert_eq!(
        response,
        ErrorResponse { error: "invalid_request".into(), ..ErrorResponse::default() }
    );
}

#[test]
fn relayed_text_is_within_rfc_6749_section_5_2_and_bounded() {
    let nasty = format!(
        r#"{{"error":"x","error_description":"a\r\n\tb\u0000\"c\\d\u00e9\u007f{}"}}"#,
        "z".repeat(5000)
    );
    let description = ErrorResponse::parse(nasty.as_bytes()).unwrap().description.unwrap();
    assert!(description.starts_with("a b 'c/d? z"), "{}", &description[..20]);
    assert_eq!(description.len(), 1024);
    assert!(description.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
}

#[test]
fn other_bodies_are_none() {
    for body in ["", "Too Many Requests", "{}", r#"{"error":7}"#, "[]"] {
        assert_eq!(ErrorResponse::parse(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn an_odd_field_beside_it_does_not_hide_the_error() {
    let codes = |field: &str| {
        let body = format!(r#"{{"error":"invalid_client","trace_id":5,"timestamp":{{}},{field}}}"#);
        let response = ErrorResponse::parse(body.as_bytes()).unwrap();
        assert_eq!(response.error, "invalid_client");
        response.trace.error_codes
    };
    assert_eq!(codes(r#""error_codes":["1002012",-1,null,70011]"#), [1_002_012, 70_011]);
    assert_eq!(codes(r#""error_codes":7000215"#), [7_000_215]);
    assert!(codes(r#""error_codes":null"#).is_empty());
    assert!(codes(r#""error_codes":{"a":[1]}"#).is_empty());
}

#[test]
fn the_number_may_stand_in_the_description_only() {
    let body =
        br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret"}"#;
    assert_eq!(ErrorResponse::parse(body).unwrap().aadsts(), Some(7_000_215));
    let other = br#"{"error":"invalid_client","error_description":"Invalid client secret"}"#;
    assert_eq!(ErrorResponse::parse(other).unwrap().aadsts(), None);
}

/// `error` and numbers of a body.
fn read(body: &str) -> (String, Vec<u32>) {
    let response = ErrorResponse::parse(body.as_bytes()).unwrap_or_default();
    (response.error, response.trace.error_codes)
}

#[test]
fn the_number_is_found_wherever_it_stands() {
    for body in [
        r#"{"error":"e","error_codes":[7000215]}"#,
        r#"{"error":"e","error_codes":["AADSTS7000215"]}"#,
        r#"{"error":"e","error_codes":" 7000215 "}"#,
        r#"{"error":"e","error_codes":[0],"error_description":"AADSTS7000215"}"#,
        r#"{"error":"e","error_codes":{},"error_description":"x AADSTS7000215."}"#,
        r#"{"error":"e","error_description":"AADSTS: AADSTSx AADSTS99999999999 AADSTS7000215"}"#,
    ] {
        assert_eq!(read(body), ("e".into(), vec![7_000_215]), "{body}");
    }
    for body in [
        r#"{"error_codes":[7000215]}"#,
        "<b>AADSTS7000215</b>",
        r#"{"error":[],"error_codes":7000215}"#,
        r#"{"error":{"code":"e","message":"AADSTS7000215: no","innerError":{}}}"#,
    ] {
        assert_eq!(read(body), (String::new(), vec![7_000_215]), "{body}");
    }
}

#[test]
fn a_number_that_the_bound_on_the_text_cuts_is_read_whole() {
    let words = "x".repeat(1024 - "AADSTS70002".len());
    let body = format!(r#"{{"error":"e","error_description":"{words}AADSTS7000215"}}"#);
    let response = ErrorResponse::parse(body.as_bytes()).unwrap();
    assert_eq!(response.trace.error_codes, [7_000_215]);
    assert!(response.description.unwrap().ends_with("AADSTS70002"));
}

#[test]
fn a_body_without_an_error_may_have_ids() {
    let response = ErrorResponse::parse(br#"{"message":"no","trace_id":"t"}"#).unwrap();
    assert!(!response.is_error());
    assert_eq!(response.trace.trace_id.as_deref(), Some("t"));
}
