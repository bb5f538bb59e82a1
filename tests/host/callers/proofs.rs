//! Which client accepts which proof, and what a refused caller is told.

use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::secret::PresentedKey;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::callers::ledger::Owner;
use edge_token_broker::callers::presented::Presented;
use edge_token_broker::callers::proofs::certificate::PresentedCertificate;
use edge_token_broker::callers::proofs::key::{ClientCredentials, LoneKey};
use edge_token_broker::callers::proofs::service_binding::BoundWorker;
use edge_token_broker::callers::{Attempt, Recognition};
use edge_token_broker::config::Config;
use edge_token_broker::error::{BrokerError, PresentedIn};
use edge_token_broker::http::error::{Dialect, WireError};
use edge_token_broker::log::Line;

use crate::support::clock::{SimulatedClock, run};
use crate::support::config::{DIGEST, valid};
use crate::support::issuer::callers;
use crate::support::store::SimulatedStore;

const PRINT: &str = "abababababababababababababababababababababababababababababababab";

/// One client for each way.
fn config() -> Config {
    let entry =
        |proof: String| format!(r#"{{{proof},"allow":[{{"credential":"default","scope":"s"}}]}}"#);
    let clients = format!(
        r#"{{"keyed":{},"bound":{},"certified":{}}}"#,
        entry(format!(r#""key_sha256":["{DIGEST}"]"#)),
        entry(r#""service_binding":true"#.to_owned()),
        entry(format!(r#""mtls_sha256":["{PRINT}"]"#)),
    );
    Config::parse(&valid().with("CLIENTS", &clients)).unwrap()
}

/// What is known without I/O, and the client id in the log line.
fn recognize(
    presented: &Presented,
) -> (Result<(String, &'static str), BrokerError>, Option<String>) {
    let callers = callers(SimulatedStore::default(), &SimulatedClock::at(0));
    let config = config();
    let attempt = Attempt { config: &config, presented, now: UnixMillis(0) };
    let mut line = Line::new(RequestId::from_random([0; 16]), String::new(), "token");
    let known = match callers.recognize(&attempt, &mut line) {
        Recognition::Known(caller) => Ok((caller.client.id.clone(), caller.proof.name())),
        Recognition::Refused(error) => Err(error),
        Recognition::NeedsIo => {
            // The registry is looked at for what `CLIENTS` may hide; once.
            let caller = run(callers.authenticate(&attempt, || Owner::of("nonce"), &mut line));
            caller.map(|caller| (caller.client.id.clone(), caller.proof.name()))
        }
    };
    (known, line.client_id)
}

fn secret(id: &str, key: &str) -> Presented {
    Presented::Secret(ClientCredentials {
        client_id: id.to_owned(),
        key: PresentedKey::new(key.to_owned()),
        presented_in: PresentedIn::Body,
    })
}

fn lone(key: &str) -> Presented {
    Presented::Key(LoneKey::new(&PresentedKey::new(key.to_owned())))
}

fn bound(id: &str) -> Presented {
    Presented::ServiceBinding(BoundWorker { client_id: id.to_owned() })
}

fn certificate(fingerprint: &str, client_id: Option<&str>) -> Presented {
    Presented::Certificate(PresentedCertificate::new(fingerprint, client_id.map(str::to_owned)))
}

#[test]
fn each_way_is_accepted_from_a_client_that_lists_it() {
    for (presented, id, kind) in [
        (secret("keyed", "key"), "keyed", "key_sha256"),
        (lone("key"), "keyed", "key_sha256"),
        (bound("bound"), "bound", "service_binding"),
        (certificate(PRINT, None), "certified", "mtls_sha256"),
        (certificate(PRINT, Some("certified")), "certified", "mtls_sha256"),
        (certificate(&"AB:".repeat(32)[..95], None), "certified", "mtls_sha256"),
    ] {
        assert_eq!(recognize(&presented).0, Ok((id.to_owned(), kind)));
    }
}

#[test]
fn every_other_proof_is_refused_and_only_known_ids_get_into_the_log() {
    let in_platform = |presented: Presented| match recognize(&presented) {
        (Err(BrokerError::InvalidClient(PresentedIn::Platform(told))), id) => (told, id),
        (other, _) => panic!("{other:?}"),
    };
    let body = || Err(BrokerError::InvalidClient(PresentedIn::Body));
    assert_eq!(recognize(&secret("keyed", "wrong")), (body(), Some("keyed".to_owned())));
    assert_eq!(recognize(&secret("bound", "key")), (body(), Some("bound".to_owned())));
    assert_eq!(recognize(&secret("nobody", "key")), (body(), None));
    let header = Err(BrokerError::InvalidClient(PresentedIn::Header));
    assert_eq!(recognize(&lone("wrong")), (header, None));
    let (told, id) = in_platform(bound("keyed"));
    assert_eq!(id.as_deref(), Some("keyed"));
    assert_eq!(in_platform(bound("nobody")), (told, None));
    let (told, id) = in_platform(certificate(&"00".repeat(32), None));
    assert_eq!(id, None);
    assert_eq!(in_platform(certificate("no fingerprint", Some("certified"))), (told, None));
    let of_another = in_platform(certificate(PRINT, Some("keyed")));
    assert_eq!(of_another, (told, Some("keyed".to_owned())));
}

#[test]
fn what_is_told_is_fit_for_the_wire() {
    for (presented, text) in [
        (
            bound("keyed"),
            "client authentication failed: no client of the id in the service binding's props may \
             call by service binding",
        ),
        (
            certificate("00", None),
            "client authentication failed: the client certificate is not that of a client",
        ),
    ] {
        let error = recognize(&presented).0.unwrap_err();
        assert_eq!(WireError::new(&error, Dialect::Bearer).error_description, text);
        assert!(text.bytes().all(|b| matches!(b, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e)));
    }
}
