//! Which fields of a proxied request and of its answer go no further.

use crate::base::limits::CONNECTION_MAX_BYTES;

/// Fields of one connection (RFC 9110 §7.6.1). Those that `Connection` names come on top.
const HOP_BY_HOP: [&str; 6] =
    ["connection", "keep-alive", "te", "trailer", "transfer-encoding", UPGRADE];
/// Names another protocol for the connection.
const UPGRADE: &str = "upgrade";

/// Fields of a request that go no further: what the platform sets anew, proofs and what the platform says
/// of the caller, and what makes another request of it, behind the broker's back.
const OF_REQUESTS: [&str; 21] = [
    "authorization",
    "client-cert",
    "client-cert-chain",
    "content-length",
    "cookie",
    "dpop",
    "expect",
    "forwarded",
    "host",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-identity-header",
    "x-method-override",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];
const PREFIXES_OF_REQUESTS: [&str; 3] = ["cf-", "proxy-", "x-forwarded-"];

/// Fields of an answer that go no further: they would be the broker's own word to the browser.
const OF_ANSWERS: [&str; 3] = ["alt-svc", "set-cookie", "set-cookie2"];
const PREFIXES_OF_ANSWERS: [&str; 2] = ["access-control-", "proxy-"];

/// Those of `names`, in lower case with line breaks between them, that an onward request does not have.
/// `connection` is the value of `Connection`.
#[must_use]
pub fn stripped_from_request<'a>(
    names: &'a str,
    connection: Option<&str>,
    is_websocket: bool,
) -> Vec<&'a str> {
    let is_kept = |name: &str| is_websocket && name == UPGRADE;
    let is_stripped = |name: &str| is_among(name, &OF_REQUESTS, &PREFIXES_OF_REQUESTS, connection);
    names.split('\n').filter(|name| is_stripped(name) && !is_kept(name)).collect()
}

/// Those of `names` that the answer to the caller does not have.
#[must_use]
pub fn stripped_from_answer<'a>(names: &'a str, connection: Option<&str>) -> Vec<&'a str> {
    let is_stripped = |name: &&str| is_among(name, &OF_ANSWERS, &PREFIXES_OF_ANSWERS, connection);
    names.split('\n').filter(is_stripped).collect()
}

/// Whether `name` is one of these, begins with one of `prefixes`, or is a field of the connection.
fn is_among(name: &str, these: &[&str], prefixes: &[&str], connection: Option<&str>) -> bool {
    !name.is_empty()
        && (HOP_BY_HOP.iter().chain(these).any(|known| spells(known, name))
            || prefixes.iter().any(|prefix| begins_with(prefix, name))
            || connection.is_some_and(|value| names(value, name)))
}

/// Whether a server may take `name` for `known`. Those that hand fields to a program as variables (CGI, WSGI, Rack) do
/// not tell `_` from `-`.
fn spells(known: &str, name: &str) -> bool {
    known.len() == name.len() && begins_with(known, name)
}

fn begins_with(prefix: &str, name: &str) -> bool {
    let mut bytes = name.bytes();
    prefix.bytes().all(|known| {
        bytes.next().is_some_and(|byte| byte == known || (known == b'-' && byte == b'_'))
    })
}

/// Whether a `Connection` field names `name`. One that is too long to be read names all.
fn names(connection: &str, name: &str) -> bool {
    connection.len() > CONNECTION_MAX_BYTES
        || connection.split(',').any(|option| option.trim_ascii().eq_ignore_ascii_case(name))
}
