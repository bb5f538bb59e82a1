//! The coordinator as a SQLite-backed Durable Object: a thin driver of [`crate::tokens::coordinator`].
//!
//! All requests of one object share one I/O context, so that here, and only here, one request may
//! wait for what another one does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::isolate::Isolate;
use super::storage::State;
use super::{js, timeout};
use crate::base::limits::{COORDINATOR_SIGN_OF_LIFE, FLIGHT_WATCH};
use crate::base::ports::{Clock, Entropy};
use crate::base::request_id::RequestId;
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::log;
use crate::log::EventSink;
use crate::oauth::claims::Claims;
use crate::tokens::coordinator::message::{
    AcquireMessage, ReplyMessage, Seal, SealedReply, StoredState, Subject,
};
use crate::tokens::coordinator::{Action, Coordinator, Event, Handout, Waiter};
use crate::tokens::fetch::fetch;
use crate::tokens::shared_tier;
use crate::tokens::token::CachedToken;
use crate::upstream::Upstream;
use crate::upstream::error::UpstreamError;
use crate::upstream::trail::UpstreamTrail;

const STATE: &str = "state";

type Reply = Result<Handout, UpstreamError>;

/// One token's coordinator, as `worker.mjs` drives it.
#[wasm_bindgen]
pub struct TokenCoordinator {
    driver: Rc<Driver>,
}

/// What drives the state machine.
struct Driver {
    state: State,
    isolate: Rc<Isolate>,
    /// Nothing until the first event has restored it.
    run: RefCell<Option<Run>>,
    waiters: RefCell<Waiters>,
    next_waiter: Cell<Waiter>,
}

type Waiters = SortedMap<Waiter, oneshot::Sender<Reply>>;

/// The state machine and whom it is about.
struct Run {
    machine: Coordinator,
    grant: Rc<Grant>,
    /// Of the newest caller.
    request_id: RequestId,
    /// Of the caller who is being heard: a flight that starts now has them.
    claims: Option<Claims>,
    /// Flights that have landed, and the traces of the last one.
    landed: u64,
    trail: UpstreamTrail,
}

#[wasm_bindgen]
impl TokenCoordinator {
    /// An object that has just been called into being, or come back.
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(state: State, env: &Env) -> Self {
        let driver = Driver {
            state,
            isolate: Isolate::current(env),
            run: RefCell::new(None),
            waiters: RefCell::default(),
            next_waiter: Cell::new(0),
        };
        Self { driver: Rc::new(driver) }
    }

    /// A message of the stub, and its answer, as CBOR. Rejected where the configuration has another
    /// token for it, or none: the caller's may be newer.
    pub fn acquire(&self, message: Vec<u8>) -> Promise {
        let driver = Rc::clone(&self.driver);
        js::promise(async move {
            let message: AcquireMessage =
                minicbor::decode(&message).map_err(|_| "not a message")?;
            let config = driver.isolate.config.as_ref().map_err(|_| "misconfigured")?;
            let grant = message.subject.grant(config).ok_or("not this configuration's token")?;
            driver.answer(message, Rc::new(grant)).await.map(|reply| js::cbor(&reply).into())
        })
    }

    /// The time of the alarm has come.
    pub fn alarm(&self) -> Promise {
        let driver = Rc::clone(&self.driver);
        js::promise(async move {
            driver.alarm().await?;
            Ok(JsValue::UNDEFINED)
        })
    }
}

impl Driver {
    async fn answer(
        self: &Rc<Self>,
        message: AcquireMessage,
        grant: Rc<Grant>,
    ) -> Result<ReplyMessage, JsValue> {
        self.restore(&grant).await?;
        let Some((reply, trail)) = self.acquire(message).await? else {
            return Ok(ReplyMessage { reply: SealedReply::Flying, trail: None, failing_for: None });
        };
        let seal = Seal { key: &grant.token_key, credential: &grant.credential };
        let reply = SealedReply::new(reply, seal, self.isolate.broker.entropy.bytes());
        let run = self.run.borrow();
        let failing_for = run.as_ref().and_then(|run| run.machine.failing_for(self.now()));
        Ok(ReplyMessage { reply, trail, failing_for })
    }

    async fn alarm(self: &Rc<Self>) -> Result<(), JsValue> {
        if self.run.borrow().is_none() {
            let Ok(config) = &self.isolate.config else {
                // What is stored may be good again when the configuration is.
                Rc::clone(self).wake(self.now().plus(FLIGHT_WATCH)).await;
                return Ok(());
            };
            // A secret that was rotated has another coordinator; this one's time is over.
            let Some(grant) = self.stored().await?.and_then(|stored| stored.subject.grant(config))
            else {
                JsFuture::from(self.state.storage().delete_all()?).await?;
                return Ok(());
            };
            self.restore(&Rc::new(grant)).await?;
        }
        self.on(Event::Alarm);
        Ok(())
    }

    async fn stored(&self) -> Result<Option<StoredState>, JsValue> {
        let value = JsFuture::from(self.state.storage().get(STATE)?).await?;
        let bytes = value.dyn_into::<Uint8Array>().ok();
        Ok(bytes.and_then(|bytes| minicbor::decode(&bytes.to_vec()).ok()))
    }

    async fn restore(&self, grant: &Rc<Grant>) -> Result<(), JsValue> {
        if self.run.borrow().is_some() {
            return Ok(());
        }
        let stored = self.stored().await?;
        let seal = Seal { key: &grant.token_key, credential: &grant.credential };
        let snapshot = stored.map(|stored| stored.snapshot(seal)).unwrap_or_default();
        // Others may have come meanwhile.
        self.run.borrow_mut().get_or_insert_with(|| Run {
            machine: Coordinator::restored(snapshot, grant.keep_warm),
            grant: Rc::clone(grant),
            request_id: self.fresh_request_id(),
            claims: None,
            landed: 0,
            trail: UpstreamTrail::default(),
        });
        Ok(())
    }

    /// The answer, and the traces of the flight that was waited for, if one was. Nothing where the
    /// flight takes longer than a caller should be without a sign of life.
    async fn acquire(
        self: &Rc<Self>,
        message: AcquireMessage,
    ) -> Result<Option<(Reply, Option<UpstreamTrail>)>, JsValue> {
        let AcquireMessage { want, request_id, claims, .. } = message;
        let waiter = self.next_waiter.replace(self.next_waiter.get().wrapping_add(1));
        let (sender, receiver) = oneshot::channel();
        self.waiters.borrow_mut().insert(waiter, sender);
        let mut landed = 0;
        if let Some(run) = self.run.borrow_mut().as_mut() {
            run.request_id = request_id;
            run.claims = claims.filter(|_| want.rejected.is_some());
            landed = run.landed;
        }
        self.on(Event::Acquire { waiter, want });
        self.take_claims();
        let Some(reply) =
            timeout::within(&self.isolate.broker.clock, COORDINATOR_SIGN_OF_LIFE, receiver).await
        else {
            self.waiters.borrow_mut().remove(&waiter);
            self.on(Event::Left(waiter));
            return Ok(None);
        };
        let reply = reply.map_err(|_| "no answer")?;
        let run = self.run.borrow();
        let flown = run.as_ref().filter(|run| run.landed != landed);
        Ok(Some((reply, flown.map(|run| run.trail.clone()))))
    }

    /// Feeds the state machine and does what it says.
    fn on(self: &Rc<Self>, event: Event) {
        let broker = &self.isolate.broker;
        let random = u32::from_be_bytes(broker.entropy.bytes());
        let actions = match self.run.borrow_mut().as_mut() {
            Some(run) => run.machine.on(event, self.now(), random),
            None => Vec::new(),
        };
        for action in actions {
            self.perform(action);
        }
    }

    fn perform(self: &Rc<Self>, action: Action) {
        match action {
            Action::Reply(waiter, reply) => {
                if let Some(sender) = self.waiters.borrow_mut().remove(&waiter) {
                    // Whoever has gone needs no answer.
                    let _ = sender.send(reply);
                }
            }
            Action::Ask { background } => {
                // Now: the next caller is the newest before the work begins.
                let request_id = self.request_id(background);
                let claims = self.take_claims();
                self.spawn(move |driver| driver.fly(background, request_id, claims));
            }
            Action::Save => self.spawn(Self::save),
            Action::Publish(token) => self.spawn(|driver| driver.publish(token)),
            Action::Wake(at) => self.spawn(move |driver| driver.wake(at)),
            Action::Forget => {
                // Now: who comes before the work begins starts anew.
                self.run.borrow_mut().take();
                self.spawn(Self::forget);
            }
        }
    }

    fn spawn<F: Future<Output = ()> + 'static>(self: &Rc<Self>, work: impl FnOnce(Rc<Self>) -> F) {
        let work = work(Rc::clone(self));
        let work = js::done(work);
        // Without it the work goes on for as long as the object is used.
        let _ = self.state.wait_until(&work);
    }

    fn now(&self) -> UnixMillis {
        self.isolate.broker.clock.now()
    }

    /// That of the newest caller, who has just started a flight; else a fresh one.
    fn request_id(&self, background: bool) -> RequestId {
        let run = self.run.borrow();
        run.as_ref()
            .filter(|_| !background)
            .map_or_else(|| self.fresh_request_id(), |run| run.request_id.clone())
    }

    fn take_claims(&self) -> Option<Claims> {
        self.run.borrow_mut().as_mut().and_then(|run| run.claims.take())
    }

    fn fresh_request_id(&self) -> RequestId {
        RequestId::from_random(self.isolate.broker.entropy.bytes())
    }

    /// The one request upstream. Whoever waits for it has a line in the log; else it has its own.
    async fn fly(self: Rc<Self>, background: bool, request_id: RequestId, claims: Option<Claims>) {
        let Some(grant) = self.run.borrow().as_ref().map(|run| Rc::clone(&run.grant)) else {
            return;
        };
        let broker = &self.isolate.broker;
        let upstream = Upstream {
            endpoint: &broker.endpoint,
            clock: &broker.clock,
            entropy: &broker.entropy,
            claims: claims.as_ref(),
        };
        let mut line = line_about(&grant, request_id.clone());
        let trail = &mut line.upstream;
        let landed = fetch(upstream, &grant, &request_id, trail).await;
        match &landed {
            Ok(_) => line.outcome = "renewed",
            Err(error) => line.failed(&error.clone().into()),
        }
        if background {
            self.isolate.log.record(&line);
        }
        if let Some(run) = self.run.borrow_mut().as_mut() {
            run.landed = run.landed.wrapping_add(1);
            run.trail = line.upstream;
        }
        self.on(Event::Landed(landed));
    }

    async fn save(self: Rc<Self>) {
        let state = match self.run.borrow().as_ref() {
            Some(Run { machine, grant, .. }) => {
                let subject = Subject::of(grant);
                let seal = Seal { key: &grant.token_key, credential: &grant.credential };
                let nonce = self.isolate.broker.entropy.bytes();
                let stored = StoredState::new(subject, machine.snapshot(), seal, nonce);
                js::cbor(&stored)
            }
            None => return,
        };
        // A state that is not stored costs a request after the next eviction.
        settle(self.state.storage().put(STATE, &state)).await;
    }

    async fn publish(self: Rc<Self>, token: CachedToken) {
        let Some(grant) = self.run.borrow().as_ref().map(|run| Rc::clone(&run.grant)) else {
            return;
        };
        let broker = &self.isolate.broker;
        let (now, nonce) = (broker.clock.now(), broker.entropy.bytes());
        // KV is a hint: whoever misses it there asks here.
        if let Err(error) = shared_tier::store(&broker.kv, &grant, &token, now, nonce).await {
            let mut line = line_about(&grant, self.fresh_request_id());
            line.outcome = "not_published";
            line.kv_write_failed(error.name());
            self.isolate.log.record(&line);
        }
    }

    async fn wake(self: Rc<Self>, at: UnixMillis) {
        // Without an alarm the next caller renews.
        settle(self.state.storage().set_alarm(js::number(at.0))).await;
    }

    async fn forget(self: Rc<Self>) {
        settle(self.state.storage().delete_all()).await;
    }
}

/// Waits for what may fail without harm.
async fn settle(operation: Result<Promise, JsValue>) {
    if let Ok(promise) = operation {
        let _ = JsFuture::from(promise).await;
    }
}

/// A line in the log with no request behind it.
fn line_about(grant: &Grant, request_id: RequestId) -> log::Event {
    let mut line = log::Event::new(request_id, String::new(), "coordinator");
    line.credential = Some(grant.credential.name.clone());
    line.scope = Some(grant.scope.as_str().to_owned());
    line
}
