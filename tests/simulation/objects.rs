//! The Durable Objects: the shipping driver in simulated objects. They lose their memory, crash
//! between any two steps, take time for storage, and sometimes do not answer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::cbor;
use edge_token_broker::base::ports::{CallFailed, Objects};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::config::{Config, Fault};
use edge_token_broker::log::RequestLog;
use edge_token_broker::tokens::broker::Broker;
use edge_token_broker::tokens::coordinator::driver::Driver;
use edge_token_broker::tokens::coordinator::message::SealedMessage;

use super::home::SimHome;
use super::kv::LocalKv;
use super::ports::{SimLog, SimPorts};
use super::random::Random;
use super::rotation::Rotation;
use super::time::{LocalClock, Owner, Slot, Time};
use super::trouble::{Counts, Trouble, add};
use super::upstream::Endpoint;
use super::watch::Watch;

/// The platform evicts an object after this time without a call.
const IDLE_MS: u64 = 70_000;
/// The owner of the platform's own tasks.
const PLATFORM: Owner = 0;

type SimDriver = Driver<SimPorts, SimHome>;

/// A place for objects: its clock, its KV, its way to the authorization server.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) clock: LocalClock,
    pub(crate) kv: LocalKv,
    pub(crate) endpoint: Endpoint,
}

/// All objects.
pub(crate) struct Platform {
    pub(crate) time: Rc<Time>,
    pub(crate) random: Rc<Random>,
    pub(crate) places: Vec<Place>,
    pub(crate) trouble: Trouble,
    pub(crate) counts: Counts,
    pub(crate) rotation: Rotation,
    /// Of the old configuration and of the new one.
    pub(crate) configs: [Rc<Result<Config, Vec<Fault>>>; 2],
    pub(crate) objects: RefCell<BTreeMap<String, Rc<Object>>>,
}

/// One token's object.
pub(crate) struct Object {
    pub(crate) place: RefCell<Place>,
    /// `None` while it is not in memory.
    pub(crate) run: RefCell<Option<Run>>,
    pub(crate) stored: RefCell<Option<Vec<u8>>>,
    /// True time of its alarm.
    pub(crate) alarm: Cell<Option<u64>>,
    used_at: Cell<u64>,
    pub(crate) state: Row,
    pub(crate) alarm_row: Row,
    /// Its requests to the authorization server.
    pub(crate) watch: Rc<Watch>,
}

/// Numbers of the writes to one row. They take effect in the order of their starts.
#[derive(Default)]
pub(crate) struct Row {
    pub(crate) begun: Cell<u64>,
    pub(crate) done: Cell<u64>,
}

/// An object in memory.
pub(crate) struct Run {
    driver: Rc<SimDriver>,
    owner: Owner,
    configuration: usize,
    /// The callers that wait.
    calls: BTreeMap<u64, Slot<Result<Vec<u8>, CallFailed>>>,
}

impl Platform {
    fn object(&self, name: &str) -> Rc<Object> {
        let mut objects = self.objects.borrow_mut();
        if let Some(object) = objects.get(name) {
            return Rc::clone(object);
        }
        let object = Rc::new(Object {
            place: RefCell::new(self.random.pick(&self.places).clone()),
            run: RefCell::default(),
            stored: RefCell::default(),
            alarm: Cell::default(),
            used_at: Cell::default(),
            state: Row::default(),
            alarm_row: Row::default(),
            watch: Rc::default(),
        });
        objects.insert(name.to_owned(), Rc::clone(&object));
        object
    }

    /// The object's driver. If it is not in memory, it is made anew, as the platform does.
    fn driver(self: &Rc<Self>, object: &Rc<Object>) -> (Rc<SimDriver>, Owner) {
        let now = self.time.now();
        let idle = now > object.used_at.replace(now) + IDLE_MS && !object.watch.is_flying();
        let location = object.place.borrow().kv.location;
        let configuration = self.rotation.configuration(location, now);
        let (evicted, replaced) = object.run.borrow().as_ref().map_or((false, false), |run| {
            (idle && run.calls.is_empty(), run.configuration != configuration)
        });
        // A new configuration restarts the objects.
        if replaced {
            self.crash(object);
        } else if evicted {
            self.end(object);
        }
        if let Some(run) = object.run.borrow().as_ref() {
            return (Rc::clone(&run.driver), run.owner);
        }
        if self.random.chance(self.trouble.lost_storage) {
            object.forget();
        }
        if self.random.chance(0.2) {
            *object.place.borrow_mut() = self.random.pick(&self.places).clone();
        }
        let location = object.place.borrow().kv.location;
        let configuration = self.rotation.configuration(location, now);
        let owner = self.time.unique();
        let driver = self.new_driver(object, owner, configuration);
        let calls = BTreeMap::new();
        let run = Run { driver: Rc::clone(&driver), owner, configuration, calls };
        *object.run.borrow_mut() = Some(run);
        (driver, owner)
    }

    fn new_driver(
        self: &Rc<Self>,
        object: &Rc<Object>,
        owner: Owner,
        configuration: usize,
    ) -> Rc<SimDriver> {
        let Place { clock, kv, endpoint } = object.place.borrow().clone();
        let endpoint = Endpoint { watch: Some(Rc::clone(&object.watch)), ..endpoint };
        let broker = SimPorts::broker(kv, None, endpoint, clock, &self.random);
        let home = SimHome { platform: Rc::clone(self), object: Rc::clone(object), owner };
        let log = RequestLog { sink: SimLog::default(), log_hits: false };
        let config = Rc::clone(&self.configs[configuration]);
        let broker: Rc<Broker<SimPorts>> = Rc::new(broker);
        Driver::new(home, config, broker, Rc::new(log))
    }

    /// Drops the object's memory and its tasks. A waiting caller gets an error, or no answer.
    pub(crate) fn crash(&self, object: &Object) {
        add(&self.counts.crashes);
        let Some(run) = self.end(object) else { return };
        if self.random.chance(0.5) {
            run.calls.into_values().for_each(|call| call.fill(&self.time, Err(CallFailed)));
        }
    }

    fn end(&self, object: &Object) -> Option<Run> {
        let run = object.run.borrow_mut().take()?;
        self.time.end(run.owner);
        object.watch.lost();
        Some(run)
    }

    /// The failure memory does not keep the refusal of a forced renewal.
    fn note_report(&self, object: &Object, message: &[u8]) {
        let message: SealedMessage = cbor::of_slice(message).unwrap();
        let mut configs = self.configs.iter().map(|config| (**config).as_ref().unwrap());
        let grant = configs.find_map(|config| message.id.grant(config)).unwrap();
        let message = message.open(&grant).unwrap();
        assert!(RequestId::parse(message.request_id.as_str()).is_some());
        if message.want.rejected.is_some() {
            object.watch.reported();
        }
    }

    /// Runs the alarm. The platform tries it again until the object answers.
    pub(crate) fn wake(self: &Rc<Self>, object: &Rc<Object>, at: u64) {
        object.alarm.set(Some(at));
        let (all, object) = (Rc::clone(self), Rc::clone(object));
        self.time.spawn(PLATFORM, async move {
            let left = at.saturating_sub(all.time.now());
            all.time.sleep(left + all.random.range(0, 200)).await;
            if object.alarm.get() != Some(at) {
                return;
            }
            while all.random.chance(all.trouble.no_answer) {
                all.time.sleep(2000).await;
            }
            object.alarm.set(None);
            add(&all.counts.alarms);
            let (driver, owner) = all.driver(&object);
            all.time.spawn(owner, async move {
                // The platform would try again after a storage fault.
                let _ = driver.alarm().await;
            });
        });
    }
}

impl Object {
    pub(crate) fn forget(&self) {
        *self.stored.borrow_mut() = None;
        self.watch.forget();
    }
}

/// The way to all objects from one location.
#[derive(Clone)]
pub(crate) struct SimObjects {
    /// `None` if the binding does not exist.
    pub(crate) platform: Option<Rc<Platform>>,
    /// Time for one direction of a call.
    pub(crate) latency: u64,
}

impl Objects for SimObjects {
    fn is_bound(&self) -> bool {
        self.platform.is_some()
    }

    async fn call(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, CallFailed> {
        let platform = self.platform.as_ref().ok_or(CallFailed)?;
        let Platform { time, random, trouble, counts, .. } = &**platform;
        add(&counts.calls);
        time.sleep(self.latency + random.range(0, 20)).await;
        if random.chance(trouble.no_answer) {
            let refused = random.chance(0.5);
            return if refused { Err(CallFailed) } else { std::future::pending().await };
        }
        let object = platform.object(name);
        platform.note_report(&object, message);
        let (driver, owner) = platform.driver(&object);
        let (slot, id) = (Slot::default(), time.unique());
        if let Some(run) = object.run.borrow_mut().as_mut() {
            run.calls.insert(id, slot.clone());
        }
        let (message, filled) = (message.to_vec(), slot.clone());
        let (all, called) = (Rc::clone(platform), Rc::clone(&object));
        let task = time.spawn(owner, async move {
            let answer = driver.answer(&message).await.map_err(|_| CallFailed);
            if let Some(run) = called.run.borrow_mut().as_mut() {
                run.calls.remove(&id);
            }
            filled.fill(&all.time, answer);
        });
        let mut leaving = Leaving { platform, object: &object, id, task, answered: false };
        let answer = slot.filled(time).await;
        leaving.answered = true;
        time.sleep(self.latency + random.range(0, 20)).await;
        answer
    }
}

/// A caller that goes away before it has its answer. The object's side of the call goes on, or
/// ends.
struct Leaving<'a> {
    platform: &'a Platform,
    object: &'a Object,
    id: u64,
    task: u64,
    answered: bool,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        add(&self.platform.counts.left);
        if let Some(run) = self.object.run.borrow_mut().as_mut() {
            run.calls.remove(&self.id);
        }
        if self.platform.random.chance(0.5) {
            self.platform.time.cancel(self.task);
        }
    }
}
