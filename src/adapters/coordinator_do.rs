//! The coordinator as a SQLite-backed Durable Object: a thin driver of [`crate::coordinator`].
//!
//! All requests of one object share one I/O context, so that here, and only here, one request may
//! wait for what another one does.

#![expect(missing_docs, reason = "of the methods that the macro generates")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures_channel::oneshot;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsCast;
use worker::wasm_bindgen_futures::JsFuture;
use worker::{DurableObject, Env, Request, Response, ScheduledTime, State, durable_object};

use super::isolate::Isolate;
use super::{cbor, timeout};
use crate::broker;
use crate::config::Grant;
use crate::coordinator::message::{
    AcquireMessage, ReplyMessage, Seal, SealedReply, StoredState, Subject,
};
use crate::coordinator::{Action, Coordinator, Event, Handout, Waiter};
use crate::error::UpstreamError;
use crate::event::{self, UpstreamTrail};
use crate::limits::{COORDINATOR_SIGN_OF_LIFE, FLIGHT_WATCH};
use crate::ports::{Clock, Entropy, EventSink};
use crate::record::CachedToken;
use crate::request_id::RequestId;
use crate::time::UnixMillis;
use crate::upstream::Upstream;

const STATE: &str = "state";

type Reply = Result<Handout, UpstreamError>;

/// One token's coordinator.
#[durable_object(alarm)]
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

type Waiters = BTreeMap<Waiter, oneshot::Sender<Reply>>;

/// The state machine and whom it is about.
struct Run {
    machine: Coordinator,
    grant: Rc<Grant>,
    /// Of the newest caller.
    request_id: RequestId,
    /// Flights that have landed, and the traces of the last one.
    landed: u64,
    trail: UpstreamTrail,
}

impl DurableObject for TokenCoordinator {
    fn new(state: State, env: Env) -> Self {
        let driver = Driver {
            state,
            isolate: Isolate::current(&env),
            run: RefCell::new(None),
            waiters: RefCell::default(),
            next_waiter: Cell::new(0),
        };
        Self { driver: Rc::new(driver) }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let message: AcquireMessage =
            minicbor::decode(&request.bytes().await?).map_err(|_| "not a message")?;
        let config = self.driver.isolate.config.as_ref().map_err(|_| "misconfigured")?;
        let grant = message.subject.grant(config).ok_or("not this configuration's token")?;
        let grant = Rc::new(grant);
        self.driver.restore(&grant).await?;
        let Some((reply, trail)) = self.driver.acquire(message).await? else {
            return respond(&ReplyMessage { reply: SealedReply::Flying, trail: None });
        };
        let seal = Seal { key: &grant.token_key, credential: &grant.credential };
        let nonce = self.driver.isolate.broker.entropy.bytes();
        let reply = SealedReply::new(reply, seal, nonce);
        respond(&ReplyMessage { reply, trail })
    }

    async fn alarm(&self) -> worker::Result<Response> {
        if self.driver.run.borrow().is_none() {
            let Ok(config) = &self.driver.isolate.config else {
                // What is stored may be good again when the configuration is.
                Rc::clone(&self.driver).wake(self.driver.now().plus(FLIGHT_WATCH)).await;
                return Response::empty();
            };
            let stored = self.driver.stored().await?;
            // A secret that was rotated has another coordinator; this one's time is over.
            let Some(grant) = stored.and_then(|stored| stored.subject.grant(config)) else {
                self.driver.state.storage().delete_all().await?;
                return Response::empty();
            };
            self.driver.restore(&Rc::new(grant)).await?;
        }
        self.driver.on(Event::Alarm);
        Response::empty()
    }
}

impl Driver {
    async fn stored(&self) -> worker::Result<Option<StoredState>> {
        let value = JsFuture::from(self.state.storage().as_raw().get(STATE)?).await?;
        let bytes = value.dyn_into::<Uint8Array>().ok();
        Ok(bytes.and_then(|bytes| minicbor::decode(&bytes.to_vec()).ok()))
    }

    async fn restore(&self, grant: &Rc<Grant>) -> worker::Result<()> {
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
    ) -> worker::Result<Option<(Reply, Option<UpstreamTrail>)>> {
        let AcquireMessage { want, request_id, .. } = message;
        let waiter = self.next_waiter.replace(self.next_waiter.get().wrapping_add(1));
        let (sender, receiver) = oneshot::channel();
        self.waiters.borrow_mut().insert(waiter, sender);
        let mut landed = 0;
        if let Some(run) = self.run.borrow_mut().as_mut() {
            run.request_id = request_id;
            landed = run.landed;
        }
        self.on(Event::Acquire { waiter, want });
        let Some(reply) = timeout::within(COORDINATOR_SIGN_OF_LIFE, receiver).await else {
            self.waiters.borrow_mut().remove(&waiter);
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
                self.spawn(move |driver| driver.fly(background, request_id));
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
        self.state.wait_until(work(Rc::clone(self)));
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

    fn fresh_request_id(&self) -> RequestId {
        RequestId::from_random(self.isolate.broker.entropy.bytes())
    }

    /// The one request upstream. Whoever waits for it has a line in the log; else it has its own.
    async fn fly(self: Rc<Self>, background: bool, request_id: RequestId) {
        let Some(grant) = self.run.borrow().as_ref().map(|run| Rc::clone(&run.grant)) else {
            return;
        };
        let broker = &self.isolate.broker;
        let upstream =
            Upstream { endpoint: &broker.endpoint, clock: &broker.clock, entropy: &broker.entropy };
        let mut line = line_about(&grant, request_id.clone());
        let trail = &mut line.upstream;
        let landed = upstream.token(&grant.credential, &grant.scope, &request_id, trail).await;
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
                cbor::to_js(&stored)
            }
            None => return,
        };
        // A state that is not stored costs a request after the next eviction.
        let _ = self.state.storage().put_raw(STATE, state).await;
    }

    async fn publish(self: Rc<Self>, token: CachedToken) {
        let Some(grant) = self.run.borrow().as_ref().map(|run| Rc::clone(&run.grant)) else {
            return;
        };
        let broker = &self.isolate.broker;
        let (now, nonce) = (broker.clock.now(), broker.entropy.bytes());
        // KV is a hint: whoever misses it there asks here.
        if let Err(error) = broker::store(&broker.kv, &grant, &token, now, nonce).await {
            let mut line = line_about(&grant, self.fresh_request_id());
            line.outcome = "not_published";
            line.kv_write_failed(error.name());
            self.isolate.log.record(&line);
        }
    }

    async fn wake(self: Rc<Self>, at: UnixMillis) {
        let left = self.now().until(at);
        let at = ScheduledTime::from(Duration::from_millis(left.0));
        // Without an alarm the next caller renews.
        let _ = self.state.storage().set_alarm(at).await;
    }

    async fn forget(self: Rc<Self>) {
        let _ = self.state.storage().delete_all().await;
    }
}

fn respond(message: &ReplyMessage) -> worker::Result<Response> {
    Response::from_bytes(cbor::to_vec(message))
}

/// A line in the log with no request behind it.
fn line_about(grant: &Grant, request_id: RequestId) -> event::Event {
    let mut line = event::Event::new(request_id, String::new(), "coordinator");
    line.credential = Some(grant.credential.name.clone());
    line.scope = Some(grant.scope.as_str().to_owned());
    line
}
