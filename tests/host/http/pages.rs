//! What a page in a browser can read: everything that its preflight permits, and a token only where
//! the client itself lists the page's origin.

use std::rc::Rc;

use base64ct::{Base64, Encoding};
use edge_token_broker::base::keys::RegistryKey;
use edge_token_broker::base::limits::{KV_POINTER_MAX_BYTES, REQUEST_BODY_MAX_BYTES};
use edge_token_broker::base::ports::StoreError;
use edge_token_broker::callers::registry::{OwnerKey, Registry, entry};
use secrecy::SecretBox;
use sha2::{Digest, Sha256};

use crate::support::bindings::Vars;
use crate::support::jwt::compact;
use crate::support::platform::SimulatedLimiter;
use crate::support::sent::{Response, Sent};
use crate::support::store::SimulatedStore;
use crate::support::world::{SimulatedIsolate, World, isolate, vars};

const PAGE: &str = "https://board.example";
const OTHER_PAGE: &str = "https://other.example";
const REGISTRY_KEY: [u8; 32] = [7; 32];
const ISSUER: &str = "https://login.example";

/// `c` of `CLIENTS` lists no origin. `board` of the registry, whose key is `registered`, lists
/// [`PAGE`].
struct Site {
    world: World,
    entries: SimulatedStore,
}

impl Site {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut SimulatedIsolate)) -> Self {
        let vars = vars()
            .with("REGISTRY", "json:{}")
            .with("REGISTRY_KEY", &Base64::encode_string(&REGISTRY_KEY));
        let entries = SimulatedStore::default();
        let mut isolate = isolate(&vars);
        isolate.callers.registry = Registry::new(entries.clone());
        change(&mut isolate);
        let site = Self { world: World::of(isolate), entries };
        site.register();
        site
    }

    fn register(&self) {
        let digest = base16ct::lower::encode_string(&Sha256::digest("registered"));
        let json = format!(
            r#"{{"key_sha256":["{digest}"],"jwt":[{{"issuer":"{ISSUER}","audience":"a","subject":"s"}}],"origins":["{PAGE}"],"allow":[{{"credential":"default","scope":"s"}}]}}"#
        );
        let name = entry::name_of("board");
        let key = RegistryKey::new(SecretBox::new(Box::new(REGISTRY_KEY)));
        self.entries.put(&name, entry::seal(&key, &name, json.as_bytes()));
        for owner in OwnerKey::all_of(json.as_bytes()) {
            self.entries.put(&owner.name(), "board");
        }
    }

    fn send(&self, sent: &Sent) -> Response {
        sent.to(&self.world.isolate)
    }

    /// The registry does not answer, or does again.
    fn registry_down(&self, down: bool) {
        self.entries.failure.set(down.then_some(StoreError::TimedOut));
    }
}

fn readers(response: &Response) -> Option<&str> {
    response.header("Access-Control-Allow-Origin")
}

fn preflight(target: &str) -> Sent {
    Sent { method: "OPTIONS", ..Sent::get(target).by_nobody() }
}

fn jwt_of(issuer: &str) -> String {
    let payload = format!(r#"{{"iss":"{issuer}","aud":"a","sub":"s","exp":1700000300}}"#);
    format!("Bearer {}", compact(r#"{"alg":"ES256","kid":"k"}"#, &payload))
}

const FORM: &str = "grant_type=client_credentials&client_id=board&client_secret=registered";

/// Requests that a page may send and that bring no token, with the status of each.
fn refusals() -> Vec<(Sent, u16)> {
    let endpoint = "/oauth2/v2.0/token";
    vec![
        (Sent::default().by("Bearer wrong"), 401),
        (Sent::default().by_nobody(), 401),
        (Sent::default().by(&jwt_of("https://unknown.example")), 401),
        (Sent::get("/token?client_id=board").by("Bearer a.b.c"), 401),
        (Sent::get("/token?client_id=board").by(&jwt_of(ISSUER)), 503),
        (Sent::get("/token?scope=other").by("Bearer registered"), 403),
        (Sent::get("/token?scope=s&scope=s").by("Bearer registered"), 400),
        // A client that lists no origin.
        (Sent::get("/token?scope=other"), 403),
        (Sent::get(&format!("/token?{}", "x".repeat(40_000))), 400),
        (Sent::post(endpoint, "client_id=board&client_secret=wrong").by_nobody(), 401),
        (
            Sent::post(endpoint, "grant_type=password&client_id=c&client_secret=key").by_nobody(),
            400,
        ),
        (Sent { method: "POST", ..Sent::get(endpoint) }, 400),
        (Sent::post(endpoint, &"x".repeat(REQUEST_BODY_MAX_BYTES + 1)), 413),
        (Sent::post("/revoke", "token=t").by("Bearer wrong"), 401),
        (Sent::post("/revoke", "").by("Bearer registered"), 400),
        (Sent::post("/revoke", "token=t").by("Bearer registered"), 200),
        (Sent::post("/token", FORM), 405),
        (Sent::get(endpoint), 405),
        (Sent::get("/nowhere"), 404),
        (Sent::get("/readyz"), 200),
    ]
}

#[test]
fn every_answer_to_a_page_whose_preflight_passed_can_be_read_by_it() {
    for (sent, status) in refusals() {
        // Each in an isolate that remembers nothing, and in one that has answered the preflight.
        for asks_first in [false, true] {
            let site = Site::new();
            if asks_first {
                let allowed = site.send(&preflight("/token").on_page(PAGE));
                assert_eq!((allowed.status, readers(&allowed)), (200, Some(PAGE)));
            }
            let answer = site.send(&sent.clone().on_page(PAGE));
            assert_eq!(answer.status, status, "{} {}", sent.target, answer.body);
            assert_eq!(readers(&answer), Some(PAGE), "{} {}", sent.target, answer.body);
            assert_eq!(answer.header("Vary"), Some("Origin"));
            assert!(
                answer.header("Access-Control-Expose-Headers").unwrap().contains("Retry-After")
            );
            let other = site.send(&sent.clone().on_page(OTHER_PAGE));
            assert_eq!(readers(&other), None, "{} {}", sent.target, other.body);
        }
    }
}

#[test]
fn a_page_can_read_that_it_is_to_slow_down() {
    let clients = Site::with(|isolate| isolate.client_limit = SimulatedLimiter::of(0));
    let failures = Site::with(|isolate| isolate.failure_limit = SimulatedLimiter::of(0));
    for (site, sent) in [
        (&clients, Sent::default().by("Bearer registered")),
        (&failures, Sent::default().by("Bearer wrong").at_address("192.0.2.1")),
    ] {
        let slowed = site.send(&sent.on_page(PAGE));
        assert_eq!((slowed.status, readers(&slowed)), (429, Some(PAGE)));
        assert!(slowed.header("Access-Control-Expose-Headers").unwrap().contains("RateLimit,"));
    }
}

#[test]
fn a_page_can_read_that_upstream_fails_and_that_it_refuses() {
    let site = Site::new();
    let asked = || Sent::default().by("Bearer registered").on_page(PAGE);
    site.world.refuse(401, "invalid_client", 7_000_215);
    let refused = site.send(&asked());
    assert_eq!((refused.status, readers(&refused)), (502, Some(PAGE)));
    let remembered = site.send(&asked());
    assert_eq!((remembered.status, readers(&remembered)), (502, Some(PAGE)));
}

#[test]
fn a_token_is_read_only_where_its_own_client_lists_the_origin() {
    let site = Site::new();
    site.world.issue("one", 3600);
    for (key, page, expected) in [
        ("Bearer registered", PAGE, Some(PAGE)),
        ("Bearer registered", OTHER_PAGE, None),
        ("Bearer key", PAGE, None),
    ] {
        for _ in 0..2 {
            let token = site.send(&Sent::default().by(key).on_page(page));
            assert_eq!((token.token(), readers(&token)), ("one", expected), "{key} {page}");
        }
    }
    let reads = site.entries.loads.get();
    site.send(&Sent::default().by("Bearer key").on_page("https://third.example"));
    assert_eq!(site.entries.loads.get(), reads, "nothing is looked up for a token");
}

#[test]
fn while_the_registry_is_down_a_page_reads_that_and_no_token() {
    let site = Site::new();
    site.world.issue("one", 3600);
    site.registry_down(true);
    let allowed = site.send(&preflight("/token").on_page(PAGE));
    assert_eq!((allowed.status, readers(&allowed)), (200, Some(PAGE)));
    assert_eq!(site.world.logged()["registry"], "timeout");
    let before = site.entries.loads.get();
    let down = site.send(&Sent::default().by("Bearer registered").on_page(PAGE));
    assert_eq!((down.status, readers(&down)), (503, Some(PAGE)));
    assert_eq!(site.entries.loads.get(), before + 1, "it was just found to be down");
    let refused = site.send(&Sent::default().by(&jwt_of(ISSUER)).on_page(PAGE));
    assert_eq!((refused.status, readers(&refused)), (401, Some(PAGE)));
    let token = site.send(&Sent::get("/oauth2/v2.0/token"));
    assert_eq!(readers(&token), None, "no page asks");

    // What is no origin of a page is never repeated.
    let long = Box::leak(format!("https://{}.example", "x".repeat(600)).into_boxed_str());
    for origin in [
        "null",
        "*",
        "file://x",
        "http://board.example",
        "https://board.example/",
        "https://board.example/path",
        "https://BOARD.example",
        "https://a b",
        "https://a\"b",
        long,
    ] {
        for sent in [preflight("/token"), Sent::default().by("Bearer registered")] {
            assert_eq!(readers(&site.send(&sent.on_page(origin))), None, "{origin}");
        }
    }
    site.registry_down(false);
    let unlisted = site.send(&preflight("/token").on_page(OTHER_PAGE));
    assert_eq!((unlisted.status, readers(&unlisted)), (405, None));
}

#[test]
fn a_pointer_that_nobody_can_have_written_lists_no_origin() {
    let site = Site::new();
    let pointer = OwnerKey::Origin(OTHER_PAGE.to_owned()).name();
    site.entries.put(&pointer, "x".repeat(KV_POINTER_MAX_BYTES + 1));
    // The first one reads it, and the next ones remember it.
    for asked in 0..3 {
        let asks = site.send(&preflight("/token").on_page(OTHER_PAGE));
        assert_eq!((asks.status, readers(&asks)), (405, None));
        let registry = site.world.logged().get("registry").cloned();
        assert_eq!(registry, (asked == 0).then(|| "too_large".into()));
    }
    let site = Site::new();
    site.entries.put(&pointer, "x".repeat(KV_POINTER_MAX_BYTES + 1));
    for sent in [Sent::default().by("Bearer wrong"), Sent::get("/nowhere")] {
        let refused = site.send(&sent.on_page(OTHER_PAGE));
        assert_eq!(readers(&refused), None, "{}", refused.body);
    }
}

#[test]
fn a_registry_that_is_down_for_the_page_makes_no_error_of_the_operator_a_warning() {
    let site = Site::new();
    site.world.refuse(401, "invalid_client", 7_000_215);
    site.registry_down(true);
    let refused = site.send(&Sent::default().on_page(PAGE));
    assert_eq!((refused.status, readers(&refused)), (502, Some(PAGE)));
    let line = site.world.logged();
    assert_eq!((&line["level"], &line["registry"]), (&"error".into(), &"timeout".into()));
}

#[test]
fn what_the_isolate_remembers_of_the_registry_holds_while_it_is_down() {
    let site = Site::new();
    for page in [PAGE, OTHER_PAGE] {
        site.send(&preflight("/token").on_page(page));
    }
    site.registry_down(true);
    for (page, expected) in [(PAGE, Some(PAGE)), (OTHER_PAGE, None)] {
        let refused = site.send(&Sent::default().by_nobody().on_page(page));
        assert_eq!((refused.status, readers(&refused)), (401, expected));
    }
}

#[test]
fn a_page_can_read_that_the_configuration_has_a_fault() {
    let faulty = Rc::new(isolate(&Vars::default()));
    for (sent, status) in [
        (preflight("/token"), 200),
        (Sent::default(), 503),
        (Sent::post("/oauth2/v2.0/token", FORM), 503),
        (Sent::post("/revoke", "token=t"), 503),
        (Sent::get("/readyz"), 503),
    ] {
        let answer = sent.clone().on_page(PAGE).to(&faulty);
        assert_eq!((answer.status, readers(&answer)), (status, Some(PAGE)), "{}", sent.target);
        assert_eq!(readers(&sent.on_page("null").to(&faulty)), None);
    }
}
