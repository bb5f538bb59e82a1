//! The fields of a proxied request and of its answer.

use edge_token_broker::base::limits::CONNECTION_MAX_BYTES;
use edge_token_broker::http::fields::{stripped_from_answer, stripped_from_request};
use proptest::prelude::*;
use proptest::sample::select;

use crate::oracles::fields::assert_stripped;

/// What the broker or the platform would take as a proof, or says of the caller, and what is of the connection.
const STRIPPED: &str = "authorization\ncookie\nx-identity-header\ndpop\nhost\nexpect\ncontent-length\n\
    connection\nkeep-alive\nte\ntrailer\ntransfer-encoding\nupgrade\nproxy-authorization\n\
    proxy-connection\ncf-connecting-ip\ncf-access-jwt-assertion\ncf-access-client-secret\ncf-worker\n\
    cf-ray\nx-forwarded-for\nx-forwarded-host\nx-forwarded-proto\nforwarded\nx-real-ip\n\
    true-client-ip\nx-client-ip\nx-cluster-client-ip\nclient-cert\nclient-cert-chain\n\
    x-http-method-override\nx-http-method\nx-method-override\nx-original-url\nx-original-uri\n\
    x-rewrite-url\nx-host";

const PASSED: &str = "accept\naccept-encoding\naccess-control-request-method\ncache-control\ncdn-loop\n\
    consistencylevel\ncontent-encoding\ncontent-type\nif-none-match\nlast-event-id\nmcp-protocol-version\n\
    mcp-session-id\norigin\nprefer\nrange\nsec-websocket-protocol\ntraceparent\nuser-agent\nvia\n\
    x-github-api-version\nx-ms-client-request-id\nx-request-id\nauthorization-x\nxcf-ray\nhostname";

#[test]
fn proofs_and_the_connections_own_go_no_further() {
    let all = format!("{STRIPPED}\n{PASSED}");
    let stripped: Vec<_> = STRIPPED.split('\n').collect();
    assert_eq!(stripped_from_request(&all, None, false), stripped);
    assert_eq!(stripped_from_request(PASSED, None, false), Vec::<&str>::new());
    assert_eq!(stripped_from_request("", None, false), Vec::<&str>::new());
}

/// PHP, WSGI and Rack see one variable for both spellings.
#[test]
fn an_underscore_is_no_way_round() {
    let names = "x_http_method_override\ncf_access_jwt_assertion\nx-forwarded_for\nx_custom\nhost_";
    let stripped = ["x_http_method_override", "cf_access_jwt_assertion", "x-forwarded_for"];
    assert_eq!(stripped_from_request(names, None, false), stripped);
}

#[test]
fn a_websocket_keeps_its_upgrade() {
    let names = "connection\nsec-websocket-key\nupgrade";
    assert_eq!(stripped_from_request(names, Some("Upgrade"), true), ["connection"]);
    assert_eq!(stripped_from_request(names, Some("Upgrade"), false), ["connection", "upgrade"]);
}

#[test]
fn what_connection_names_is_of_the_connection() {
    let names = "accept\nx-one\nx-two\nx-three";
    for (connection, expected) in [
        (None, vec![]),
        (Some("close"), vec![]),
        (Some("X-One"), vec!["x-one"]),
        (Some("close,x-one ,\tX-TWO,,"), vec!["x-one", "x-two"]),
        (Some("x-thre, x-threee, x three"), vec![]),
    ] {
        assert_eq!(stripped_from_request(names, connection, false), expected, "{connection:?}");
        assert_eq!(stripped_from_answer(names, connection), expected, "{connection:?}");
    }
}

#[test]
fn a_connection_that_is_too_long_names_all() {
    let fits = format!("{:>CONNECTION_MAX_BYTES$}", "x-one");
    assert_eq!(stripped_from_request("accept\nx-one", Some(&fits), false), ["x-one"]);
    let longer = format!("{fits} ");
    assert_eq!(stripped_from_request("accept\nx-one", Some(&longer), false), ["accept", "x-one"]);
}

#[test]
fn an_answer_says_nothing_in_the_brokers_name() {
    let stripped = "set-cookie\nset-cookie2\nalt-svc\nconnection\nkeep-alive\nte\ntrailer\ntransfer-encoding\n\
        upgrade\nproxy-authenticate\naccess-control-allow-origin\naccess-control-allow-credentials";
    let passed = "cache-control\ncontent-encoding\ncontent-length\ncontent-type\netag\nlink\nlocation\n\
        mcp-session-id\nratelimit\nretry-after\nvary\nwww-authenticate\nx-request-id\ncf-ray";
    let all = format!("{passed}\n{stripped}");
    assert_eq!(stripped_from_answer(&all, None), stripped.split('\n').collect::<Vec<_>>());
}

/// A name that is stripped, nearly one, or any other.
fn name() -> impl Strategy<Value = String> {
    let known: Vec<_> = STRIPPED.split('\n').chain(PASSED.split('\n')).collect();
    let begun =
        select(vec!["cf-", "proxy-", "x-forwarded-", "access-control-", "set-cookie", "alt-svc"]);
    prop_oneof![
        4 => select(known.clone()).prop_map(str::to_owned),
        1 => (select(known), "[a-z_-]{0,2}").prop_map(|(known, end)| format!("{known}{end}")),
        1 => (begun, "[a-z-]{0,3}").prop_map(|(begun, end)| format!("{begun}{end}")),
        1 => "[!#$%&'*+.^_`|~0-9a-z-]{0,12}",
    ]
}

proptest! {
    #[test]
    fn nothing_that_must_stay_goes_further_and_nothing_else_stays(
        names in proptest::collection::vec(name(), 0..12),
        named in proptest::option::of(proptest::collection::vec((name(), "[ \t]{0,2}", any::<bool>()), 0..6)),
    ) {
        let connection = named.map(|named| {
            let options = named.into_iter().map(|(name, space, upper)| {
                let name = if upper { name.to_ascii_uppercase() } else { name };
                format!("{space}{name}{space}")
            });
            options.collect::<Vec<_>>().join(",")
        });
        assert_stripped(&names.join("\n"), connection.as_deref());
    }
}
