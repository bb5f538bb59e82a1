//! Secrets Store, and one isolate that reads its secrets from there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;

use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::Config;
use edge_token_broker::http::isolate::Isolate;
use edge_token_broker::upstream::secrets::{SecretStore, Secrets};
use secrecy::SecretString;
use serde_json::Value;

use super::bindings::Vars;
use super::clock::{SimulatedClock, run};
use super::config::DIGEST;
use super::endpoint::issued;
use super::sent::{Response, Sent, settled};
use super::world::{START, SimulatedIsolate, isolate_at};

/// What the store does for one secret.
#[derive(Clone)]
pub(crate) enum Given {
    Text(String),
    Late(Millis, String),
    Throws,
    Hangs,
}

/// The store. Clones are the same one.
#[derive(Clone)]
pub(crate) struct SimulatedSecrets {
    clock: SimulatedClock,
    pub(crate) given: Rc<RefCell<BTreeMap<String, Given>>>,
    /// The names that were read, with the time of each.
    pub(crate) reads: Rc<RefCell<Vec<(UnixMillis, String)>>>,
}

impl SimulatedSecrets {
    pub(crate) fn new(clock: &SimulatedClock) -> Self {
        Self { clock: clock.clone(), given: Rc::default(), reads: Rc::default() }
    }

    pub(crate) fn set(&self, name: &str, given: Given) {
        self.given.borrow_mut().insert(name.to_owned(), given);
    }
}

impl SecretStore for SimulatedSecrets {
    fn get(&self, name: &str) -> Pin<Box<dyn Future<Output = Option<SecretString>>>> {
        self.reads.borrow_mut().push((self.clock.now(), name.to_owned()));
        let (given, clock) = (self.given.borrow().get(name).cloned(), self.clock.clone());
        Box::pin(async move {
            match given? {
                Given::Text(text) => Some(text.into()),
                Given::Late(latency, text) => {
                    clock.sleep(latency).await;
                    Some(text.into())
                }
                Given::Throws => None,
                Given::Hangs => std::future::pending().await,
            }
        })
    }
}

/// A configuration whose client may have the scopes `a` to `f` of `default`, whose secret is in the store.
pub(crate) fn stored_vars() -> Vars {
    let allow = ["a", "b", "c", "d", "e", "f"]
        .map(|scope| format!(r#"{{"credential":"default","scope":"{scope}"}}"#));
    let clients = format!(r#"{{"c":{{"key_sha256":["{DIGEST}"],"allow":[{}]}}}}"#, allow.join(","));
    Vars::of(&[
        ("AZ_TENANT", "t"),
        ("AZ_CLIENT_ID", "app"),
        ("AZ_CLIENT_SECRET", "stored:"),
        ("CLIENTS", &clients),
    ])
}

/// One isolate, as the adapters keep it.
pub(crate) struct StoredWorld {
    vars: Vars,
    pub(crate) clock: SimulatedClock,
    pub(crate) store: SimulatedSecrets,
    current: RefCell<Rc<SimulatedIsolate>>,
}

impl StoredWorld {
    pub(crate) fn new(vars: Vars, secrets: &[(&str, &str)]) -> Self {
        let clock = SimulatedClock::at(START);
        let store = SimulatedSecrets::new(&clock);
        for (name, text) in secrets {
            store.set(name, Given::Text((*text).to_owned()));
        }
        let isolate = isolate_at(&super::world::vars(), &clock);
        let mut broker = Rc::try_unwrap(isolate.broker).ok().unwrap();
        broker.servers.secrets = Secrets::of(Box::new(store.clone()));
        let config = Config::with_secrets(&vars, &broker.servers.secrets, Some(clock.now()));
        let isolate = Isolate { config: Rc::new(config), broker: Rc::new(broker), ..isolate };
        Self { vars, clock, store, current: RefCell::new(Rc::new(isolate)) }
    }

    /// The isolate as it is now, made anew after a change of secrets.
    pub(crate) fn current(&self) -> Rc<SimulatedIsolate> {
        let isolate = Rc::clone(&self.current.borrow());
        if !isolate.is_outdated() {
            return isolate;
        }
        let anew = isolate_at(&super::world::vars(), &self.clock);
        let anew = Isolate {
            config: isolate.reconfigured(&self.vars),
            secret_changes: isolate.broker.servers.secrets.changes(),
            broker: Rc::clone(&isolate.broker),
            log: Rc::clone(&isolate.log),
            ..anew
        };
        let anew = Rc::new(anew);
        self.current.replace(Rc::clone(&anew));
        anew
    }

    /// A request, as `entry.rs` and `worker.mjs` handle it.
    pub(crate) async fn answer(&self, sent: &Sent) -> Response {
        loop {
            let isolate = self.current();
            if isolate.needs_secrets() {
                isolate.read_secrets().await;
                continue;
            }
            let answered = settled(sent.begin(&isolate)).await;
            if isolate.is_worth_another(&answered.reply) {
                continue;
            }
            let response = Response::of(&answered);
            if let Some(work) = answered.follow_up {
                work.await;
            }
            return response;
        }
    }

    pub(crate) fn get(&self, target: &str) -> Response {
        run(self.answer(&Sent::get(target)))
    }

    /// `GET /token` for a scope.
    pub(crate) fn token(&self, scope: &str) -> Response {
        self.get(&format!("/token?scope={scope}"))
    }

    pub(crate) fn issue(&self, token: &str) {
        self.current().broker.servers.endpoint.answer(200, &issued(token, 3600));
    }

    /// The server refuses the client secret.
    pub(crate) fn refuse(&self) {
        let body = r#"{"error":"invalid_client","error_codes":[7000215]}"#;
        self.current().broker.servers.endpoint.answer(401, body);
    }

    /// The client secrets that were sent upstream.
    pub(crate) fn sent(&self) -> Vec<String> {
        let isolate = self.current();
        let requests = isolate.broker.servers.endpoint.requests.borrow();
        let secret = |body: &str| {
            form_urlencoded::parse(body.as_bytes())
                .find_map(|(name, value)| (name == "client_secret").then(|| value.into_owned()))
        };
        requests.iter().filter_map(|(_, body)| secret(body)).collect()
    }

    pub(crate) fn pass(&self, secs: u64) {
        self.clock.advance(Millis::from_secs(secs));
    }

    pub(crate) fn reads(&self) -> usize {
        self.store.reads.borrow().len()
    }

    pub(crate) fn logged(&self) -> Vec<Value> {
        self.current().log.sink.lines.borrow().clone()
    }
}
