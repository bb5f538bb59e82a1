//! Which fields an onward request and an answer do not have.

use edge_token_broker::base::limits::CONNECTION_MAX_BYTES;
use edge_token_broker::http::fields::{stripped_from_answer, stripped_from_request};

/// Of the connection, whichever way they go.
const HOP_BY_HOP: &str = "connection keep-alive te trailer transfer-encoding upgrade proxy-*";

const OF_REQUESTS: &str = "authorization client-cert client-cert-chain content-length cookie dpop \
    expect forwarded host true-client-ip x-client-ip x-cluster-client-ip x-host x-http-method \
    x-http-method-override x-identity-header x-method-override x-original-uri x-original-url \
    x-real-ip x-rewrite-url cf-* x-forwarded-*";

const OF_ANSWERS: &str = "alt-svc set-cookie set-cookie2 access-control-*";

/// # Panics
/// Where a field is stripped that need not be, or one is not that must be.
pub fn assert_stripped(names: &str, connection: Option<&str>) {
    let expected = |list: &str, kept: &str| {
        let is_stripped = |name: &&str| {
            let known = format!("{HOP_BY_HOP} {list}");
            let is_known = known.split_whitespace().any(|known| is(known, name));
            *name != kept && !name.is_empty() && (is_known || is_named(connection, name))
        };
        names.split('\n').filter(is_stripped).collect::<Vec<_>>()
    };
    assert_eq!(stripped_from_request(names, connection, false), expected(OF_REQUESTS, ""));
    assert_eq!(stripped_from_request(names, connection, true), expected(OF_REQUESTS, "upgrade"));
    assert_eq!(stripped_from_answer(names, connection), expected(OF_ANSWERS, ""));
}

fn is(known: &str, name: &str) -> bool {
    known.strip_suffix('*').map_or(known == name, |prefix| name.starts_with(prefix))
}

fn is_named(connection: Option<&str>, name: &str) -> bool {
    let Some(connection) = connection else { return false };
    let connection = connection.to_ascii_lowercase();
    let mut options =
        connection.split(',').map(|option| option.trim_matches(|c: char| c.is_ascii_whitespace()));
    connection.len() > CONNECTION_MAX_BYTES || options.any(|option| option == name)
}
