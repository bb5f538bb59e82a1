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
    let options = connection.unwrap_or_default().to_ascii_lowercase();
    let white = |c: char| c.is_ascii_whitespace();
    let options: Vec<_> = options.split(',').map(|option| option.trim_matches(white)).collect();
    let names_all = connection.is_some_and(|value| value.len() > CONNECTION_MAX_BYTES);
    let expected = |list: &str, kept: &str| {
        let known: Vec<_> = [HOP_BY_HOP, list].iter().flat_map(|list| list.split(' ')).collect();
        let is_stripped = |name: &&str| {
            // Programs behind CGI, WSGI or Rack do not tell `_` from `-`.
            let dashed = name.replace('_', "-");
            let is_known = known.iter().any(|known| is(known, &dashed));
            *name != kept && !name.is_empty() && (is_known || names_all || options.contains(name))
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
