//! Sets the isolate up: the core's types with the platform's adapters as their ports.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use worker::Env;

use super::clock::SystemClock;
use super::console::Console;
use super::entropy::SystemEntropy;
use super::fetch::Https;
use super::kv::KvNamespace;
use super::limiter::Limiter;
use super::objects::Namespace;
use super::request::WorkerRequest;
use super::signature::{PrivateKeys, WebCrypto};
use crate::base::ports::{Clock, Entropy, Ports};
use crate::callers::Callers;
use crate::callers::issuer::{JwtVerifier, KeySets};
use crate::callers::ledger::{ObjectLedger, UsedAssertions};
use crate::callers::ports::CallerPorts;
use crate::callers::registry::Registry;
use crate::callers::seen::VerifiedJwts;
use crate::config::Config;
use crate::http::isolate::Isolate;
use crate::http::ports::HttpPorts;
use crate::log::RequestLog;
use crate::tokens::broker::Broker;
use crate::tokens::coordinator::client::CoordinatorClient;
use crate::tokens::memory::IsolateMemory;
use crate::tokens::ports::TokenPorts;
use crate::upstream::metadata::MetadataMemory;
use crate::upstream::ports::UpstreamPorts;
use crate::upstream::servers::Servers;

/// The ports, by Cloudflare Workers.
pub(super) struct Platform;

impl Ports for Platform {
    type Clock = SystemClock;
    type Entropy = SystemEntropy;
    type Store = KvNamespace;
}

impl UpstreamPorts for Platform {
    type Endpoint = Https;
    type Documents = Https;
    type Signer = PrivateKeys;
}

impl TokenPorts for Platform {
    type Coordination = CoordinatorClient<Namespace, SystemClock, SystemEntropy>;
    type Log = Console;
}

impl CallerPorts for Platform {
    type Issuers = Https;
    type Signatures = WebCrypto;
    type Ledger = ObjectLedger<Namespace, SystemClock, SystemEntropy>;
}

impl HttpPorts for Platform {
    type Request = WorkerRequest;
    type Limiter = Limiter;
}

thread_local! {
    static ISOLATE: OnceCell<Rc<Isolate<Platform>>> = const { OnceCell::new() };
}

/// This isolate. Its first request sets it up.
pub(super) fn current(env: &Env) -> Rc<Isolate<Platform>> {
    ISOLATE.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(set_up(env)))))
}

fn set_up(env: &Env) -> Isolate<Platform> {
    let config = Config::parse_at(env, SystemClock.now());
    let log_hits = config.as_ref().map_or(true, |config| config.log_hits);
    let broker = Broker {
        memory: IsolateMemory::default(),
        kv: KvNamespace::new(env, "TOKENS"),
        coordinator: CoordinatorClient::new(
            Namespace::new(env, "COORDINATOR"),
            SystemClock,
            SystemEntropy,
        ),
        servers: Servers {
            endpoint: Https,
            documents: Https,
            signer: PrivateKeys::default(),
            metadata: MetadataMemory::default(),
        },
        clock: SystemClock,
        entropy: SystemEntropy,
        jitter: u32::from_be_bytes(SystemEntropy.bytes()),
    };
    Isolate {
        config: Rc::new(config),
        callers: callers(env),
        broker: Rc::new(broker),
        log: Rc::new(RequestLog { sink: Console::new(env), log_hits }),
        client_limit: Limiter::new(env, "CLIENT_RATE_LIMIT"),
        failure_limit: Limiter::new(env, "FAILED_AUTH_RATE_LIMIT"),
        faults_listed: Cell::default(),
    }
}

fn callers(env: &Env) -> Callers<Platform> {
    Callers {
        registry: Registry::new(KvNamespace::new(env, "REGISTRY")),
        jwts: JwtVerifier {
            memory: KeySets::default(),
            issuers: Https,
            store: KvNamespace::new(env, "TOKENS"),
            signatures: WebCrypto,
            clock: SystemClock,
            entropy: SystemEntropy,
        },
        seen: VerifiedJwts::default(),
        used: UsedAssertions::default(),
        ledger: ObjectLedger::new(Namespace::new(env, "ASSERTIONS"), SystemClock, SystemEntropy),
    }
}
