//! How long metadata are remembered, and when the broker asks for newer ones.

use super::{ask, head};
use crate::support::bindings::Vars;
use crate::support::config::DIGEST;
use crate::support::sent::{Response, Sent};
use crate::support::world::{World, isolate};
use edge_token_broker::base::limits::{
    METADATA_ASK_SPACING, METADATA_FAILURE_MEMORY, METADATA_FRESH, METADATA_GOOD,
};
use edge_token_broker::base::time::Millis;
use edge_token_broker::jwt::IssuerUnreachable;

const URL: &str = "https://as.example/.well-known/openid-configuration";

/// The credentials `x` and `y` of one issuer.
fn two_credentials() -> Vars {
    let of = |id: &str| {
        format!(r#"{{"issuer":"https://as.example","client_id":"{id}","client_secret":"SECRET"}}"#)
    };
    let table = format!(r#"{{"x":{},"y":{}}}"#, of("a"), of("b"));
    let clients = format!(
        r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{{"credential":"x"}},{{"credential":"y"}}]}}}}"#
    );
    super::vars("{}", None).with("CREDENTIALS", &table).with("CLIENTS", &clients)
}

/// A server whose tokens live for a minute.
struct Server(World);

impl Server {
    fn new() -> Self {
        let server = Self(World::of(isolate(&two_credentials())));
        server.serve("https://as.example/token");
        server
    }

    fn serve(&self, endpoint: &str) {
        let body = format!(r#"{{"issuer":"https://as.example","token_endpoint":"{endpoint}"}}"#);
        let documents = &self.0.broker.servers.documents;
        documents.faults.borrow_mut().clear();
        documents.bodies.borrow_mut().insert(URL.to_owned(), body);
    }

    fn go_down(&self) {
        let mut faults = self.0.broker.servers.documents.faults.borrow_mut();
        faults.insert(URL.to_owned(), IssuerUnreachable::TimedOut);
    }

    fn asked(&self) -> usize {
        self.0.broker.servers.documents.requests.borrow().len()
    }

    fn pass(&self, span: Millis) {
        self.0.broker.clock.advance(span);
    }

    /// What a caller gets. A minute later the token has expired.
    fn ask(&self) -> Response {
        self.0.issue("token", 60);
        let reply = ask(&self.0);
        self.0.broker.servers.endpoint.answers.borrow_mut().clear();
        self.pass(Millis::from_secs(60));
        reply
    }
}

#[test]
fn fresh_metadata_cost_no_request() {
    let server = Server::new();
    for _ in 0..5 {
        assert_eq!(server.ask().token(), "token");
        server.pass(Millis::from_secs(600));
    }
    assert_eq!((server.asked(), server.0.upstream_requests()), (1, 5));
}

#[test]
fn stale_metadata_are_refreshed() {
    let server = Server::new();
    server.ask().token();
    server.serve("https://as.example/moved");
    server.pass(METADATA_FRESH);
    server.ask().token();
    assert_eq!(head(&server.0, 1).0, "https://as.example/moved");
    assert_eq!(server.asked(), 2);
}

#[test]
fn stale_metadata_are_used_while_their_server_is_down_and_one_flight_waits_for_it() {
    let server = Server::new();
    server.ask().token();
    server.go_down();
    server.pass(METADATA_FRESH);
    for _ in 0..3 {
        assert_eq!(server.ask().token(), "token");
    }
    assert_eq!(server.asked(), 2, "the first and one refresh");
    server.pass(Millis(METADATA_ASK_SPACING.0 * 2));
    assert_eq!(server.ask().token(), "token");
    assert_eq!(server.asked(), 3);
    assert_eq!(server.0.logged()["metadata_fault"], "metadata of the issuer: no answer in time");
    server.pass(METADATA_GOOD);
    assert_eq!(server.ask().status, 503);
}

#[test]
fn a_failure_is_remembered_for_a_while() {
    let server = Server::new();
    server.go_down();
    let of_another = |id: &str| {
        let target = format!("/token?credential={id}");
        Sent::get(&target).to(&server.0.isolate).status
    };
    for credential in ["x", "y", "x"] {
        assert_eq!(of_another(credential), 503);
        server.pass(Millis(METADATA_FAILURE_MEMORY.0 / 4));
    }
    assert_eq!(server.asked(), 1, "both credentials have the same issuer");
    server.serve("https://as.example/token");
    server.pass(METADATA_FAILURE_MEMORY);
    assert_eq!(server.ask().token(), "token");
    assert_eq!(server.asked(), 2);
}

#[test]
fn two_credentials_of_one_issuer_share_its_metadata() {
    let server = Server::new();
    for credential in ["x", "y"] {
        server.0.issue("token", 600);
        let target = format!("/token?credential={credential}");
        Sent::get(&target).to(&server.0.isolate).token();
    }
    assert_eq!((server.asked(), server.0.upstream_requests()), (1, 2));
}
