//! What an isolate keeps between requests: values only, never anything that belongs to a request.

use std::cell::OnceCell;
use std::rc::Rc;

use worker::Env;

use super::clock::SystemClock;
use super::coordinator_stub::CoordinatorStub;
use super::entropy::SystemEntropy;
use super::fetch::Https;
use super::kv::KvNamespace;
use super::limiter::Limiter;
use super::log_sink::Log;
use super::signature::WebCrypto;
use crate::base::ports::Entropy;
use crate::callers::Callers;
use crate::callers::issuer::{JwtVerifier, KeySets};
use crate::callers::ledger::UsedAssertions;
use crate::callers::registry::Registry;
use crate::callers::seen::VerifiedJwts;
use crate::config::{Config, Fault};
use crate::tokens::broker::Broker;
use crate::tokens::memory::IsolateMemory;

/// The broker over the platform's adapters.
pub(super) type WorkerBroker =
    Broker<IsolateMemory, KvNamespace, CoordinatorStub, Https, SystemClock, SystemEntropy>;

/// Its callers over the platform's adapters.
pub(super) type WorkerCallers = Callers<
    KvNamespace,
    JwtVerifier<Https, KvNamespace, WebCrypto, SystemClock, SystemEntropy>,
    CoordinatorStub,
>;

/// One isolate's state. Bindings change only with a new version of the Worker, which gets new
/// isolates, so all of it is made once.
#[derive(Debug)]
pub(super) struct Isolate {
    pub(super) config: Result<Config, Vec<Fault>>,
    pub(super) callers: WorkerCallers,
    pub(super) broker: WorkerBroker,
    pub(super) log: Log,
    pub(super) client_limit: Limiter,
    pub(super) failure_limit: Limiter,
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
            callers: callers(env),
            broker: Broker {
                memory: IsolateMemory::default(),
                kv: KvNamespace::tokens(env),
                coordinator: CoordinatorStub::new(env),
                endpoint: Https,
                clock: SystemClock,
                entropy: SystemEntropy,
                jitter: u32::from_be_bytes(SystemEntropy.bytes()),
            },
            log: Log::new(env, log_hits),
            client_limit: Limiter::of_clients(env),
            failure_limit: Limiter::of_failures(env),
        }
    }
}

fn callers(env: &Env) -> WorkerCallers {
    Callers {
        registry: Registry::new(KvNamespace::registry(env)),
        jwts: JwtVerifier {
            memory: KeySets::default(),
            endpoint: Https,
            tier: KvNamespace::tokens(env),
            signatures: WebCrypto,
            clock: SystemClock,
            entropy: SystemEntropy,
        },
        verified: VerifiedJwts::default(),
        used: UsedAssertions::default(),
        ledger: CoordinatorStub::new(env),
    }
}
