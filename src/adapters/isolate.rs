//! What an isolate keeps between requests: values only, never anything that belongs to a request.

use std::cell::OnceCell;
use std::rc::Rc;

use worker::Env;

use super::client_entries::RegistryNamespace;
use super::clock::SystemClock;
use super::coordinator_stub::CoordinatorStub;
use super::entra_fetch::EntraFetch;
use super::entropy::SystemEntropy;
use super::kv_tier::KvTier;
use super::log_sink::Console;
use crate::broker::Broker;
use crate::callers::Callers;
use crate::config::{Config, Fault};
use crate::memory::IsolateMemory;
use crate::ports::Entropy;
use crate::registry::Registry;

/// The broker over the platform's adapters.
pub(super) type WorkerBroker =
    Broker<IsolateMemory, KvTier, CoordinatorStub, EntraFetch, SystemClock, SystemEntropy>;

/// One isolate's state. Bindings change only with a new version of the Worker, which gets new
/// isolates, so all of it is made once.
#[derive(Debug)]
pub(super) struct Isolate {
    pub(super) config: Result<Config, Vec<Fault>>,
    pub(super) callers: Callers<RegistryNamespace>,
    pub(super) broker: WorkerBroker,
    pub(super) log: Console,
}

thread_local! {
    static ISOLATE: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
}

impl Isolate {
    /// This isolate, set up by its first request.
    pub(super) fn current(env: &Env) -> Rc<Self> {
        ISOLATE.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(Self::new(env)))))
    }

    fn new(env: &Env) -> Self {
        let config = Config::parse(env);
        let log_hits = config.as_ref().map_or(true, |config| config.log_hits);
        Self {
            config,
            callers: Callers { registry: Registry::new(RegistryNamespace::new(env)) },
            broker: Broker {
                memory: IsolateMemory::default(),
                kv: KvTier::new(env),
                coordinator: CoordinatorStub::new(env),
                endpoint: EntraFetch,
                clock: SystemClock,
                entropy: SystemEntropy,
                jitter: u32::from_be_bytes(SystemEntropy.bytes()),
            },
            log: Console { log_hits },
        }
    }
}
