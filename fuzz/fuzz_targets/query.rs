//! `GET /token`: the first line is the key, the rest the query.

#![no_main]

use edge_token_broker::base::limits::QUERY_MAX_BYTES;
use edge_token_broker_fuzz::{Seen, Sent};
use libfuzzer_sys::fuzz_target;

/// The parameters that may not come twice. Only `resource` and `audience` may.
const KNOWN: [&str; 16] = [
    "authorization_details",
    "claims",
    "client-request-id",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "credential",
    "fmi_path",
    "grant_type",
    "min_ttl",
    "organization",
    "req_cnf",
    "scope",
    "token_type",
    "x-client-SKU",
];

fn get(query: &str, key: &str) -> Seen {
    let (target, header) = (format!("/token?{query}"), format!("Bearer {key}"));
    Sent {
        method: "GET",
        target: &target,
        authorization: Some(&header),
        identity_header: None,
        form: None,
    }
    .seen()
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
    match seen.status {
        200 => {
            assert!(!twice, "a parameter that comes twice is refused");
            assert_eq!(get(query, "wrong").status, 401, "another key in its place gets nothing");
        }
        401 => {
            // Nobody unknown learns anything: not about the key, and not about the query.
            let any = get("", "wrong");
            if seen.is_wrong_client() && seen.headers == any.headers {
                assert_eq!(seen, any);
            }
        }
        _ => assert_eq!(seen.is_duplicate(), twice && query.len() <= QUERY_MAX_BYTES),
    }
});
