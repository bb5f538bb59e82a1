//! Errors of servers that do not write them as RFC 6749 §5.2 does.

use edge_token_broker::oauth::error_response::ErrorResponse;

/// The words for people in a body.
fn words(body: &str) -> Option<String> {
    ErrorResponse::parse(body.as_bytes()).and_then(|response| response.description)
}

#[test]
fn words_are_found_where_servers_put_them() {
    for body in [
        // GitHub, Twitch, Google, Okta, and others.
        r#"{"message":"no access","documentation_url":"https://docs.github.com/rest"}"#,
        r#"{"status":403,"message":"no access"}"#,
        r#"{"error":{"code":403,"message":"no access","status":"PERMISSION_DENIED"}}"#,
        r#"{"errorCode":"E0000022","errorSummary":"no access","errorCauses":[]}"#,
        r#"{"error":"invalid_client","error_message":"no access"}"#,
        r#"{"errorMessage":"no access"}"#,
        r#"{"error_description":null,"message":"","errorMessage":"no access"}"#,
        r#"{"message":{"text":"?"},"error":{"message":"no access"}}"#,
    ] {
        assert_eq!(words(body).as_deref(), Some("no access"), "{body}");
    }
}

#[test]
fn error_description_comes_first() {
    let body = r#"{"message":"other","error":"invalid_client","error_description":"first"}"#;
    assert_eq!(words(body).as_deref(), Some("first"));
}

#[test]
fn words_alone_do_not_say_which_error_it_is() {
    let twitch =
        ErrorResponse::parse(br#"{"status":403,"message":"invalid client secret"}"#).unwrap();
    assert!(!twitch.is_error());
    assert_eq!((twitch.error.as_str(), twitch.advice), ("", None));
    let word = ErrorResponse::parse(br#"{"error":"invalid_client","message":"no"}"#).unwrap();
    assert!(word.is_error());
}

#[test]
fn words_are_made_safe_as_a_description_is() {
    let body = format!(r#"{{"message":"a\r\n\"b\\c\u00e9{}"}}"#, "z".repeat(5000));
    let words = words(&body).unwrap();
    assert!(words.starts_with("a 'b/c?z"), "{}", &words[..12]);
    assert_eq!(words.len(), 1024);
}

#[test]
fn what_has_no_words_is_none() {
    for body in [
        "<html><body>message</body></html>",
        r#"{"message":7}"#,
        r#"{"message":""}"#,
        r#"{"error":{"error":{}}}"#,
        r#"["message"]"#,
        r#""message""#,
    ] {
        assert_eq!(ErrorResponse::parse(body.as_bytes()), None, "{body}");
    }
}
