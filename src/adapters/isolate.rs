//! Sets the isolate up: the core's types with the platform's adapters as their ports.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;

use worker::Env;

use super::bindings::StoredSecrets;
use super::clock::SystemClock;
use super::console::Console;
use super::entropy::SystemEntropy;
use super::fetch::Https;
use super::kv::KvNamespace;
use super::limiter::Limiter;
use super::objects::Namespace;
use super::request::WorkerRequest;
use super::signature::{PrivateKeys, WebCrypto};
use crate::base::limits::SECRETS_ROUNDS_MAX;
use crate::base::ports::{Clock, Entropy, Ports};
use crate::callers::Callers;
use crate::callers::issuer::{JwtVerifier, KeySets};
use crate::callers::ledger::{ObjectLedger, UsedAssertions};
use crate::callers::ports::CallerPorts;
use crate::callers::registry::Registry;
use crate::callers::seen::VerifiedJwts;
use crate::config::{Config, Fault, base_path};
use crate::http::isolate::Isolate;
use crate::http::ports::HttpPorts;
use crate::log::RequestLog;
use crate::tokens::broker::Broker;
use crate::tokens::coordinator::client::CoordinatorClient;
use crate::tokens::memory::IsolateMemory;
use crate::tokens::ports::TokenPorts;
use crate::upstream::metadata::MetadataMemory;
use crate::upstream::ports::UpstreamPorts;
use crate::upstream::secrets::Secrets;
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
    static ISOLATE: RefCell<Option<Rc<Isolate<Platform>>>> = const { RefCell::new(None) };
}

/// This isolate. Its first request sets it up, and the first one after a change of secrets does so anew.
#[inline(never)]
pub(super) fn current(env: &Env) -> Rc<Isolate<Platform>> {
    ISOLATE.with_borrow_mut(|current| match current {
        Some(isolate) if !isolate.is_outdated() => Rc::clone(isolate),
        _ => {
            let isolate = Rc::new(match current.take() {
                Some(outdated) => set_up_anew(env, &outdated),
                None => set_up(env),
            });
            Rc::clone(current.insert(isolate))
        }
    })
}

/// This isolate, after a reading of the secrets that it cannot do without. Boxed, so that the wasm has this
/// code once.
pub(super) fn ready(env: &Env) -> Pin<Box<dyn Future<Output = Rc<Isolate<Platform>>>>> {
    let env = env.clone();
    Box::pin(async move {
        let mut isolate = current(&env);
        for _ in 0..SECRETS_ROUNDS_MAX {
            if isolate.needs_secrets() {
                isolate.read_secrets().await;
                isolate = current(&env);
            }
        }
        isolate
    })
}

fn set_up(env: &Env) -> Isolate<Platform> {
    let secrets = Secrets::of(Box::new(StoredSecrets(env.clone())));
    let config = Config::with_secrets(env, &secrets, Some(SystemClock.now()));
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
            secrets,
            metadata: MetadataMemory::default(),
        },
        clock: SystemClock,
        entropy: SystemEntropy,
        jitter: u32::from_be_bytes(SystemEntropy.bytes()),
    };
    assembled(env, Rc::new(config), Rc::new(broker))
}

fn set_up_anew(env: &Env, outdated: &Isolate<Platform>) -> Isolate<Platform> {
    let mut isolate = assembled(env, outdated.reconfigured(env), Rc::clone(&outdated.broker));
    // To forget a use would allow it again.
    isolate.callers.used = outdated.callers.used.clone();
    isolate
}

fn assembled(
    env: &Env,
    config: Rc<Result<Config, Vec<Fault>>>,
    broker: Rc<Broker<Platform>>,
) -> Isolate<Platform> {
    let log_hits = (*config).as_ref().map_or(true, |config| config.log_hits);
    Isolate {
        base_path: base_path(env).ok(),
        secret_changes: broker.servers.secrets.changes(),
        config,
        callers: callers(env),
        broker,
        log: Rc::new(RequestLog { sink: Console::new(env), log_hits }),
        client_limit: Limiter::new(env, "CLIENT_RATE_LIMIT"),
        api_limit: Limiter::new(env, "API_RATE_LIMIT"),
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
