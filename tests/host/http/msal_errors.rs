//! Errors of the token endpoint for MSAL and the Azure SDKs, which retry each 5xx within their user's call.

use BrokerError as E;
use edge_token_broker::error::BrokerError;
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::upstream::error::UpstreamError as U;

use super::every_error::all;
use crate::support::sent::{Response, Sent};
use crate::support::world::World;

#[test]
fn only_the_status_of_a_refusal_and_retry_after_differ() {
    for error in all() {
        let usual = WireError::new(&error, Dialect::TokenEndpoint);
        let wire = WireError::new(&error, Dialect::Msal);
        let refused = matches!(error, E::Upstream(U::CredentialRefused(_)));
        let expected = WireError {
            dialect: Dialect::Msal,
            status: if refused { 403 } else { usual.status },
            retry_after_secs: usual.retry_after_secs.map(|secs| secs.min(2)),
            ..usual
        };
        assert_eq!(wire, expected, "{error:?}");
    }
}

fn post() -> Sent {
    Sent::post("/oauth2/v2.0/token", "grant_type=client_credentials").by("Basic YzprZXk=")
}

/// The answer to a library while upstream refuses the broker's credential.
fn refused(mut sent: Sent, library: impl FnOnce(&mut Sent)) -> Response {
    let world = World::new();
    for _ in 0..4 {
        world.refuse(401, "invalid_client", 7_000_215);
    }
    library(&mut sent);
    sent.to(&world.isolate)
}

#[test]
fn a_library_is_known_by_its_headers() {
    let others = refused(post(), |_| ());
    assert_eq!((others.status, others.error()), (502, "server_error"));
    let libraries: [fn(&mut Sent); 2] =
        [|sent| sent.platform.is_msal = true, |sent| sent.platform.is_azure_sdk = true];
    for library in libraries {
        let answer = refused(post(), library);
        assert_eq!((answer.status, answer.error()), (403, "server_error"));
        assert_eq!(answer.body, others.body);
        // MSAL does not call this route.
        assert_eq!(refused(Sent::get("/token"), library).status, 502);
    }
}

#[test]
fn an_azure_sdk_sleeps_for_retry_after_so_it_is_short() {
    let throttled = |sent: Sent| {
        let world = World::new();
        world.broker.servers.endpoint.answer_with(429, Some("600"), "");
        sent.to(&world.isolate).header("Retry-After").map(str::to_owned)
    };
    let mut sent = post();
    assert_eq!(throttled(sent.clone()).as_deref(), Some("600"));
    sent.platform.is_azure_sdk = true;
    assert_eq!(throttled(sent).as_deref(), Some("2"));
}
