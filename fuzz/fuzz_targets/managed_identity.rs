//! `GET /msi/token`: the first line is the key, the rest the query.

#![no_main]

use edge_token_broker::base::limits::QUERY_MAX_BYTES;
use edge_token_broker_fuzz::{Seen, Sent};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The parameters that may not come twice. Only `resource` may.
const KNOWN: [&str; 7] = [
    "api-version",
    "client_id",
    "clientid",
    "mi_res_id",
    "msi_res_id",
    "object_id",
    "principal_id",
];

fn get(query: &str, key: &str) -> Seen {
    let target = format!("/msi/token?{query}");
    let (authorization, identity_header) = (None, Some(key));
    Sent { method: "GET", target: &target, authorization, identity_header, form: None }.seen()
}

/// Every member is a text, and an error has the status in it.
fn assert_is_in_the_words_of_app_service(seen: &Seen) {
    let body: Value = serde_json::from_str(&seen.body).expect("JSON");
    let body = body.as_object().expect("an object");
    if seen.status == 200 {
        assert!(body.len() == 6 && body.values().all(Value::is_string));
    } else {
        assert_eq!(body["statusCode"], seen.status);
        assert!(
            body.len() == 3 && body["message"].is_string() && body["correlationId"].is_string()
        );
        assert!(matches!(seen.status, 400 | 401 | 403));
    }
}

fuzz_target!(|text: &str| {
    let Some((key, query)) = text.split_once('\n') else { return };
    // In a URL it would begin the fragment.
    let query = &query.replace('#', "%23");
    let values = |name: &str| {
        form_urlencoded::parse(query.as_bytes())
            .filter(|(known, value)| known == name && !value.is_empty())
            .count()
    };
    let twice = KNOWN.iter().any(|name| values(name) > 1);
    let seen = get(query, key);
    assert_is_in_the_words_of_app_service(&seen);
    match seen.status {
        200 => {
            assert!(!twice && values("resource") > 0 && values("api-version") == 1);
            assert_eq!(get(query, "wrong").status, 401, "another key in its place gets nothing");
        }
        401 => {}
        _ => assert_eq!(seen.is_duplicate(), twice && query.len() <= QUERY_MAX_BYTES),
    }
});
