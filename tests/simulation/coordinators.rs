//! The Durable Objects: the real state machine, driven as `src/adapters/coordinator_do.rs` does,
//! with memory that is lost, crashes between any two actions, and times at which nobody answers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::ports::{Clock, Entropy};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::Grant;
use edge_token_broker::tokens::coordinator::message::{StoredState, Subject};
use edge_token_broker::tokens::coordinator::{Action, Coordinator, Event, Handout};
use edge_token_broker::tokens::fetch::fetch;
use edge_token_broker::tokens::shared_tier;
use edge_token_broker::upstream::Upstream;
use edge_token_broker::upstream::error::UpstreamError;
use edge_token_broker::upstream::token_key::TokenKey;
use edge_token_broker::upstream::trail::UpstreamTrail;

use super::kv::LocalKv;
use super::object::{Object, Run, futile};
use super::random::{Random, Share};
use super::rotation::Keys;
use super::time::{LocalClock, Owner, Time};
use super::trouble::{Counts, Trouble, add};
use super::upstream::Endpoint;

pub(crate) type Reply = Result<Handout, UpstreamError>;

/// The platform evicts an object that nobody has called for this long.
const IDLE_MS: u64 = 70_000;
const PLATFORM: Owner = 0;

/// Where an object may live: its clock, its KV, its way to the authorization server.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) clock: LocalClock,
    pub(crate) kv: LocalKv,
    pub(crate) endpoint: Endpoint,
}

/// All objects.
pub(crate) struct Coordinators {
    pub(crate) time: Rc<Time>,
    pub(crate) random: Rc<Random>,
    pub(crate) places: Vec<Place>,
    pub(crate) trouble: Trouble,
    pub(crate) counts: Counts,
    pub(crate) keys: Keys,
    /// What went wrong first.
    pub(crate) violation: RefCell<Option<String>>,
    pub(crate) objects: RefCell<BTreeMap<TokenKey, Rc<Object>>>,
}

impl Coordinators {
    pub(crate) fn object(&self, grant: &Rc<Grant>) -> Rc<Object> {
        let mut objects = self.objects.borrow_mut();
        Rc::clone(
            objects.entry(grant.token_key).or_insert_with(|| {
                Rc::new(Object::new(grant, self.random.pick(&self.places).clone()))
            }),
        )
    }

    /// A new one in memory, from what is stored; nothing where its location's configuration does
    /// not have the token any more, or not yet.
    pub(crate) fn restore(&self, object: &Object) -> Option<()> {
        let now = self.time.now();
        let idle = now > object.used_at.replace(now) + IDLE_MS;
        let idle = idle && object.run.borrow().as_ref().is_some_and(|run| run.flights == 0);
        if idle {
            *object.run.borrow_mut() = None;
        }
        // A new configuration starts objects anew.
        let configuration = || self.keys.rotation.configuration(object.location(), now);
        let old = |run: &Run| run.configuration != configuration();
        if object.run.borrow().as_ref().is_some_and(old) {
            self.crash(object);
        }
        if object.run.borrow().is_some() {
            return Some(());
        }
        if self.random.chance(self.trouble.lost_storage) {
            object.forget();
        }
        if self.random.chance(0.2) {
            *object.place.borrow_mut() = self.random.pick(&self.places).clone();
        }
        let configuration = configuration();
        if !self.keys.knows(configuration, &object.grant.token_key) {
            return None;
        }
        let stored = object.stored.borrow();
        let stored: Option<StoredState> =
            stored.as_ref().map(|text| minicbor::decode(text).unwrap());
        let snapshot = stored.map(|stored| stored.snapshot(object.seal())).unwrap_or_default();
        *object.run.borrow_mut() = Some(Run {
            machine: Coordinator::restored(snapshot, object.grant.keep_warm),
            waiters: BTreeMap::new(),
            owner: self.time.unique(),
            configuration,
            flights: 0,
            trail: UpstreamTrail::default(),
        });
        Some(())
    }

    /// Memory is gone, and with it everything under way; who waits learns of it, or does not.
    fn crash(&self, object: &Object) {
        add(&self.counts.crashes);
        self.note(object, || "crashes".to_owned());
        let Some(run) = object.run.borrow_mut().take() else { return };
        self.time.end(run.owner);
        if self.random.chance(0.5) {
            run.waiters.into_values().for_each(|waiter| waiter.fill(&self.time, None));
        }
    }

    fn note(&self, object: &Object, what: impl FnOnce() -> String) {
        self.time.note(|| format!("grant {}: coordinator: {}", object.number, what()));
    }

    pub(crate) fn on(self: &Rc<Self>, object: &Rc<Object>, event: Event) {
        let now = object.place.borrow().clock.now();
        let random = u32::from_be_bytes(self.random.bytes());
        self.note(object, || format!("{event:?}"));
        let actions = match object.run.borrow_mut().as_mut() {
            Some(run) => run.machine.on(event, now, random),
            None => return,
        };
        self.note(object, || format!("{actions:?}"));
        for action in actions {
            self.perform(object, action);
            if self.random.chance(self.trouble.crash) {
                self.crash(object);
            }
            if object.run.borrow().is_none() {
                break;
            }
        }
    }

    fn perform(self: &Rc<Self>, object: &Rc<Object>, action: Action) {
        match action {
            Action::Reply(waiter, reply) => {
                let mut run = object.run.borrow_mut();
                let slot = run.as_mut().and_then(|run| run.waiters.remove(&waiter));
                // Whoever has gone needs no answer.
                if let Some(slot) = slot {
                    slot.fill(&self.time, Some(reply));
                }
            }
            Action::Ask { .. } => self.spawn(object, Self::fly),
            Action::Save => self.save(object),
            Action::Publish(token) => self.spawn(object, |all, object| async move {
                let Place { clock, kv, .. } = object.place.borrow().clone();
                let (now, nonce) = (clock.now(), all.random.bytes());
                let _ = shared_tier::store(&kv, &object.grant, &token, now, nonce).await;
            }),
            Action::Wake(at) => {
                add(&self.counts.rows_written);
                if !self.random.chance(self.trouble.lost_write) {
                    self.wake(object, object.place.borrow().clock.true_time(at));
                }
            }
            Action::Forget => {
                add(&self.counts.rows_written);
                object.alarm.set(None);
                object.forget();
                *object.run.borrow_mut() = None;
            }
        }
    }

    fn spawn<F: Future<Output = ()> + 'static>(
        self: &Rc<Self>,
        object: &Rc<Object>,
        work: impl FnOnce(Rc<Self>, Rc<Object>) -> F,
    ) {
        let owner = object.run.borrow().as_ref().map_or(PLATFORM, |run| run.owner);
        self.time.spawn(owner, work(Rc::clone(self), Rc::clone(object)));
    }

    async fn fly(self: Rc<Self>, object: Rc<Object>) {
        let Place { clock, endpoint, .. } = object.place.borrow().clone();
        object.running(|run| {
            run.flights += 1;
            assert_eq!(run.flights, 1, "one flight at a time");
        });
        self.check_takeoff(&object, clock.now());
        let entropy = Share(Rc::clone(&self.random));
        let upstream =
            Upstream { endpoint: &endpoint, clock: &clock, entropy: &entropy, claims: None };
        let id = RequestId::from_random(self.random.bytes());
        let mut trail = UpstreamTrail::default();
        let landed = fetch(upstream, &object.grant, &id, &mut trail).await;
        object.futile_until.set(landed.as_ref().map_or_else(
            |error| object.place.borrow().clock.now().plus(futile(error)),
            |_| UnixMillis(0),
        ));
        object.running(|run| {
            run.flights -= 1;
            run.trail = trail;
        });
        self.on(&object, Event::Landed(landed));
    }

    /// A refusal or a throttle is asked for once in its time, whatever becomes of the object.
    fn check_takeoff(&self, object: &Object, now: UnixMillis) {
        let left = now.until(object.futile_until.get());
        if left > Millis(0) {
            let (now, number) = (self.time.now(), object.number);
            let trace = self.time.noted(&format!("grant {number}:"));
            let text = format!("at {now} ms, grant {number}: asked {left:?} too early{trace}");
            self.violation.borrow_mut().get_or_insert(text);
        }
    }

    fn save(&self, object: &Object) {
        add(&self.counts.rows_written);
        if self.random.chance(self.trouble.lost_write) {
            object.futile_until.set(UnixMillis(0));
            return;
        }
        let subject = Subject::of(&object.grant);
        let run = object.run.borrow();
        let Some(run) = run.as_ref() else { return };
        let nonce = self.random.bytes();
        let stored = StoredState::new(subject, run.machine.snapshot(), object.seal(), nonce);
        *object.stored.borrow_mut() = Some(minicbor::to_vec(&stored).unwrap());
    }

    fn wake(self: &Rc<Self>, object: &Rc<Object>, at: u64) {
        object.alarm.set(Some(at));
        let (all, object) = (Rc::clone(self), Rc::clone(object));
        self.time.spawn(PLATFORM, async move {
            let left = at.saturating_sub(all.time.now());
            all.time.sleep(left + all.random.range(0, 200)).await;
            if object.alarm.get() != Some(at) {
                return;
            }
            // The platform tries again until the object answers.
            while all.random.chance(all.trouble.no_answer) {
                all.time.sleep(2000).await;
            }
            object.alarm.set(None);
            add(&all.counts.alarms);
            if object.run.borrow().is_none() && object.stored.borrow().is_none() {
                return;
            }
            if all.restore(&object).is_none() {
                return object.forget();
            }
            all.on(&object, Event::Alarm);
        });
    }
}
