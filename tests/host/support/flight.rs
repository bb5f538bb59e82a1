//! The shipping coordinator from both sides in simulated time: isolates that call it, and the object
//! in which it lives.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;

use edge_token_broker::base::ports::{CallFailed, Clock, Objects, Ports, StorageFault};
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::{Config, Fault, Grant};
use edge_token_broker::log::RequestLog;
use edge_token_broker::tokens::broker::Broker;
use edge_token_broker::tokens::coordinator::client::CoordinatorClient;
use edge_token_broker::tokens::coordinator::driver::Driver;
use edge_token_broker::tokens::coordinator::ports::Home;
use edge_token_broker::tokens::memory::IsolateMemory;
use edge_token_broker::tokens::ports::TokenPorts;
use edge_token_broker::upstream::exchange::{EndpointRequest, EndpointResponse, TransportFailure};
use edge_token_broker::upstream::ports::{TokenEndpoint, UpstreamPorts};
use edge_token_broker::upstream::secrets::Secrets;

use super::bindings::Vars;
use super::clock::SimulatedClock;
use super::endpoint::{issued, response};
use super::issuer::SimulatedIssuer;
use super::platform::SimulatedLog;
use super::ports::CountingEntropy;
use super::signer::{SimulatedSigner, servers};
use super::store::SimulatedStore;
use super::time::{LocalClock, Owner, Time};

/// Whose tasks those of the object and of the isolates are.
const OBJECT: Owner = 1;
pub(crate) const ISOLATES: Owner = 2;

pub(crate) struct FlightPorts;

impl Ports for FlightPorts {
    type Clock = LocalClock;
    type Entropy = CountingEntropy;
    type Store = SimulatedStore;
}

impl UpstreamPorts for FlightPorts {
    type Endpoint = SlowEndpoint;
    type Documents = SimulatedIssuer;
    type Signer = SimulatedSigner;
}

impl TokenPorts for FlightPorts {
    type Coordination = CoordinatorClient<OneObject, LocalClock, CountingEntropy>;
    type Log = SimulatedLog;
}

/// What work comes to, and at which millisecond; nothing before.
pub(crate) type Ended<T> = Rc<RefCell<Option<(T, u64)>>>;

/// A request that came to the authorization server.
pub(crate) struct Asked {
    pub(crate) request_id: String,
    pub(crate) body: String,
}

/// An authorization server that takes its time. Clones are the same one.
#[derive(Clone)]
pub(crate) struct SlowEndpoint {
    clock: LocalClock,
    pub(crate) latency: Rc<Cell<Millis>>,
    answers: Rc<RefCell<VecDeque<EndpointResponse>>>,
    pub(crate) asked: Rc<RefCell<Vec<Asked>>>,
}

impl TokenEndpoint for SlowEndpoint {
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure> {
        let request_id = request.request_id.as_str().to_owned();
        self.asked.borrow_mut().push(Asked { request_id, body: request.body.to_string() });
        let answer = self.answers.borrow_mut().pop_front();
        self.clock.sleep(self.latency.get()).await;
        Ok(answer.expect("an answer was prepared for every request"))
    }
}

/// What an object's storage has, and the alarms that were set. Clones are the same storage.
#[derive(Clone)]
pub(crate) struct OneHome {
    time: Rc<Time>,
    pub(crate) stored: Rc<RefCell<Option<Vec<u8>>>>,
    pub(crate) alarms: Rc<RefCell<Vec<UnixMillis>>>,
}

impl Home for OneHome {
    async fn load(&self) -> Result<Option<Vec<u8>>, StorageFault> {
        Ok(self.stored.borrow().clone())
    }

    async fn save(&self, state: &[u8]) -> Result<(), StorageFault> {
        *self.stored.borrow_mut() = Some(state.to_vec());
        Ok(())
    }

    async fn clear(&self) -> Result<(), StorageFault> {
        *self.stored.borrow_mut() = None;
        Ok(())
    }

    async fn set_alarm(&self, at: UnixMillis) -> Result<(), StorageFault> {
        self.alarms.borrow_mut().push(at);
        Ok(())
    }

    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        self.time.spawn(OBJECT, work);
    }
}

pub(crate) type OneDriver = Driver<FlightPorts, OneHome>;

/// The way to the one object, if there is one.
#[derive(Clone, Default)]
pub(crate) struct OneObject {
    driver: Option<Rc<OneDriver>>,
    /// It panics: the caller never gets an answer.
    pub(crate) panics: Rc<Cell<bool>>,
}

impl Objects for OneObject {
    fn is_bound(&self) -> bool {
        self.driver.is_some()
    }

    async fn call(&self, _: &str, message: &[u8]) -> Result<Vec<u8>, CallFailed> {
        if self.panics.get() {
            std::future::pending::<()>().await;
        }
        let driver = Rc::clone(self.driver.as_ref().ok_or(CallFailed)?);
        driver.answer(message).await.map_err(|_| CallFailed)
    }
}

/// One token, its object, and isolates anywhere.
pub(crate) struct Network {
    pub(crate) time: Rc<Time>,
    pub(crate) clock: LocalClock,
    pub(crate) endpoint: SlowEndpoint,
    pub(crate) kv: SimulatedStore,
    pub(crate) home: OneHome,
    pub(crate) object: OneObject,
    pub(crate) grant: Rc<Grant>,
    /// The coordinator's.
    pub(crate) log: SimulatedLog,
}

impl Network {
    pub(crate) fn new(vars: &Vars) -> Self {
        let config = Config::parse(vars).unwrap();
        let grant = Rc::clone(config.grants().next().unwrap());
        let time = Rc::new(Time::traced(false));
        let clock = LocalClock { time: Rc::clone(&time), offset: 0 };
        let endpoint = SlowEndpoint {
            clock: clock.clone(),
            latency: Rc::new(Cell::new(Millis(50))),
            answers: Rc::default(),
            asked: Rc::default(),
        };
        let home = OneHome { time: Rc::clone(&time), stored: Rc::default(), alarms: Rc::default() };
        let (kv, object, log) = Default::default();
        let network = Self { time, clock, endpoint, kv, home, object, grant, log };
        let driver = Some(network.driver(Rc::new(Ok(config))));
        let object = OneObject { driver, ..OneObject::default() };
        Self { object, ..network }
    }

    /// The object in memory, with nothing restored yet.
    pub(crate) fn driver(&self, config: Rc<Result<Config, Vec<Fault>>>) -> Rc<OneDriver> {
        self.driver_with(config, Secrets::default())
    }

    /// The same, with secrets in a store.
    pub(crate) fn driver_with(
        &self,
        config: Rc<Result<Config, Vec<Fault>>>,
        secrets: Secrets,
    ) -> Rc<OneDriver> {
        let mut broker = self.broker(OneObject::default());
        broker.servers.secrets = secrets;
        let broker = Rc::new(broker);
        let log = RequestLog { sink: self.log.clone(), log_hits: true };
        Driver::new(self.home.clone(), config, broker, Rc::new(log))
    }

    /// An isolate with an empty memory.
    pub(crate) fn isolate(&self) -> Rc<Broker<FlightPorts>> {
        Rc::new(self.broker(self.object.clone()))
    }

    /// The one with the number `nth` of `count` isolates, whose jitter is evenly spread.
    pub(crate) fn isolate_at(&self, nth: usize, count: usize) -> Rc<Broker<FlightPorts>> {
        let jitter = u32::MAX / u32::try_from(count).unwrap() * u32::try_from(nth).unwrap();
        Rc::new(Broker { jitter, ..self.broker(self.object.clone()) })
    }

    fn broker(&self, objects: OneObject) -> Broker<FlightPorts> {
        let clock = self.clock.clone();
        Broker {
            memory: IsolateMemory::default(),
            kv: self.kv.clone(),
            coordinator: CoordinatorClient::new(objects, clock.clone(), CountingEntropy::default()),
            servers: servers(self.endpoint.clone(), SimulatedIssuer::new(&SimulatedClock::at(0))),
            clock,
            entropy: CountingEntropy::default(),
            jitter: 0,
        }
    }

    pub(crate) fn answer(&self, status: u16, body: &str) {
        self.endpoint.answers.borrow_mut().push_back(response(status, None, body));
    }

    pub(crate) fn issue(&self, token: &str) {
        self.answer(200, &issued(token, 3600));
    }

    /// Starts `work` in an isolate: its task, and what it comes to.
    pub(crate) fn start<T: 'static>(
        &self,
        work: impl Future<Output = T> + 'static,
    ) -> (u64, Ended<T>) {
        let ended = Rc::new(RefCell::new(None));
        let (slot, time) = (Rc::clone(&ended), Rc::clone(&self.time));
        let task = self.time.spawn(ISOLATES, async move {
            let output = work.await;
            *slot.borrow_mut() = Some((output, time.now()));
        });
        (task, ended)
    }

    /// What `work` in an isolate comes to within two minutes, and at which millisecond.
    pub(crate) fn ends<T: 'static>(&self, work: impl Future<Output = T> + 'static) -> (T, u64) {
        let (_, ended) = self.start(work);
        self.pass(Millis::from_secs(120));
        ended.take().expect("it ends")
    }

    /// Fires the alarm that was set last, if its time has come.
    pub(crate) fn ring(&self) {
        let Some(driver) = self.object.driver.clone() else { return };
        let mut alarms = self.home.alarms.borrow_mut();
        if alarms.last().is_some_and(|at| *at <= self.clock.now()) {
            alarms.clear();
            self.start(async move { driver.alarm().await.unwrap() });
        }
    }

    /// Lets everything happen for so long.
    pub(crate) fn pass(&self, span: Millis) {
        self.time.run(self.time.now() + span.0);
    }
}
