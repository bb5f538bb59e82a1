//! An entry of the client registry: nobody without `REGISTRY_KEY` makes a client.

#![no_main]

use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edge_token_broker::base::keys::RegistryKey;
use edge_token_broker::base::ports::{Store, StoreError};
use edge_token_broker::callers::registry::{EntryFault, Registry, entry};
use edge_token_broker::config::{Client, Config};
use edge_token_broker_fuzz::{NOW, SECRET, Vars, assert_has_no_secret};
use libfuzzer_sys::fuzz_target;
use secrecy::SecretBox;

const VARS: &str = r#"AZ_TENANT=72f988bf-86f1-41af-91ab-2d7cd011db47
AZ_CLIENT_ID=app
APIS={"graph":{"base":"https://graph.microsoft.com/v1.0","credential":"default","scope":"a"}}
REGISTRY={}
REGISTRY_KEY=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="#;

struct One(Vec<u8>);

impl Store for One {
    fn is_bound(&self) -> bool {
        true
    }

    async fn load(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(Some(self.0.clone()))
    }

    async fn store(&self, _: &str, _: &[u8], _: u64) -> Result<(), StoreError> {
        Err(StoreError::Unbound)
    }
}

fn run<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// The entry as the holder of the key writes it.
fn authentic(json: &[u8]) -> Vec<u8> {
    let key = RegistryKey::new(SecretBox::new(Box::new([7; 32])));
    let name = entry::name_of("far");
    let value = entry::seal(&key, &name, json);
    assert_eq!(entry::open(&key, &name, &value), Some(json));
    assert_eq!(entry::open(&key, &entry::name_of("near"), &value), None, "moved");
    value
}

/// What an isolate knows of the client `far` once it has read `value`, and what the log says.
fn read(value: Vec<u8>, config: &Config) -> (Option<Rc<Client>>, Option<EntryFault>) {
    let registry = Registry::new(One(value));
    let fault = run(registry.read(config, "far", NOW)).expect("KV answers");
    (registry.recall("far", NOW).expect("it was read"), fault)
}

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static CONFIG: Config = Config::parse(&Vars(VARS)).expect("valid"));
    // Field names are told, and the fuzzer reads comparisons: it would make a name of the secret.
    if bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()) {
        return;
    }
    CONFIG.with(|config| {
        let (_, fault) = read(bytes.to_vec(), config);
        assert!(matches!(fault, Some(EntryFault::Ignored("not_authentic"))));
        match read(authentic(bytes), config) {
            (Some(client), None) => {
                assert!(client.id == "far" && client.fault.is_none());
                assert!(!client.grants.is_empty() || !client.apis.is_empty());
                assert!(client.grants.iter().all(|grant| !grant.keep_warm));
            }
            (client, Some(EntryFault::Invalid(faults))) => {
                assert!(client.is_none_or(|client| client.fault.is_some()), "it gets nothing");
                assert!(!faults.is_empty(), "a refusal says why");
                for fault in faults {
                    let line = fault.to_string();
                    assert!(line.is_ascii() && line.len() <= 1024, "fit for a log");
                    assert_has_no_secret(&line);
                }
            }
            other => panic!("an authentic entry is a client or has faults: {other:?}"),
        }
    });
});
