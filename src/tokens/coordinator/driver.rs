//! Drives the state machine of one token: feeds it with calls, flights and alarms, and carries out
//! its actions.
//!
//! All requests of one Durable Object share one I/O context. Here, and nowhere else, a request may
//! wait for the I/O of another one.

mod work;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_channel::oneshot;

use super::machine::Coordinator;
use super::message::{AcquireMessage, HandedMessage, SealedHandout, SealedMessage, StoredState};
use super::ports::Home;
use super::protocol::{Action, Event, Handout, Waiter, Want};
use crate::base::cbor;
use crate::base::deadline::within;
use crate::base::limits::{COORDINATOR_SIGN_OF_LIFE, FLIGHT_WATCH};
use crate::base::ports::{Clock, Entropy, StorageFault};
use crate::base::request_id::RequestId;
use crate::base::sorted_map::SortedMap;
use crate::base::time::UnixMillis;
use crate::config::{Config, Fault, Grant};
use crate::log::RequestLog;
use crate::oauth::claims::Claims;
use crate::tokens::broker::Broker;
use crate::tokens::ports::TokenPorts;
use crate::upstream::error::UpstreamError;
use crate::upstream::secrets::Why;
use crate::upstream::trail::UpstreamTrail;

/// What a waiter gets.
type Handed = Result<Handout, UpstreamError>;

/// Why a call has no answer. Its isolate goes on without the coordinator.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CallFault {
    /// The message does not decode.
    #[error("not a message")]
    Malformed,
    /// This isolate's configuration has faults.
    #[error("misconfigured")]
    Misconfigured,
    /// This isolate's configuration does not have the token: the caller's may be newer.
    #[error("not this configuration's token")]
    NotThisToken,
    /// A secret has changed since this isolate read its configuration.
    #[error("out of date")]
    Outdated,
    /// The message does not open: no isolate of this broker has sealed it, or one of another version.
    #[error("not authentic")]
    NotAuthentic,
    /// The saved state cannot be read.
    #[error("storage failed")]
    Storage,
    /// The flight was lost.
    #[error("no answer")]
    Lost,
}

/// One token's coordinator in its object.
pub struct Driver<P: TokenPorts, H> {
    home: H,
    config: Rc<Result<Config, Vec<Fault>>>,
    broker: Rc<Broker<P>>,
    log: Rc<RequestLog<P::Log>>,
    /// `None` until the first call or alarm restores it.
    active: RefCell<Option<ActiveCoordinator>>,
    waiters: RefCell<SortedMap<Waiter, oneshot::Sender<Handed>>>,
    next_waiter: Cell<Waiter>,
}

/// The state machine and its grant.
struct ActiveCoordinator {
    machine: Coordinator,
    grant: Rc<Grant>,
    /// The newest caller's.
    request_id: RequestId,
    /// The claims of the call that is being handled. A flight that starts now takes them.
    claims: Option<Claims>,
    /// The number of flights that have landed. `trail` is the last one's.
    landed: u64,
    trail: UpstreamTrail,
}

impl<P: TokenPorts, H: Home> Driver<P, H> {
    /// A coordinator in `home`. It is restored later.
    pub fn new(
        home: H,
        config: Rc<Result<Config, Vec<Fault>>>,
        broker: Rc<Broker<P>>,
        log: Rc<RequestLog<P::Log>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            home,
            config,
            broker,
            log,
            active: RefCell::default(),
            waiters: RefCell::default(),
            next_waiter: Cell::default(),
        })
    }

    /// Answers a message of [`super::client::CoordinatorClient`].
    ///
    /// # Errors
    /// [`CallFault`].
    pub async fn answer(self: Rc<Self>, message: &[u8]) -> Result<Vec<u8>, CallFault> {
        let message: SealedMessage = cbor::of_slice(message).ok_or(CallFault::Malformed)?;
        let config = (*self.config).as_ref().map_err(|_| CallFault::Misconfigured)?;
        let Some(grant) = message.id.grant(config).map(Rc::new) else {
            // The caller may have a secret that this isolate has not read yet.
            let Broker { servers, clock, .. } = &*self.broker;
            let trail = &mut UpstreamTrail::default();
            servers.secrets.have_changed(clock, Why::Refusal, trail).await;
            return Err(CallFault::NotThisToken);
        };
        // Before anything else happens: it may come from another Worker of the account.
        let message = message.open(&grant).ok_or(CallFault::NotAuthentic)?;
        self.restore(&grant).await.map_err(|_| CallFault::Storage)?;
        let Some((handed, trail)) = self.acquire(message).await? else {
            let handed = SealedHandout::InFlight;
            return Ok(cbor::to_vec(&HandedMessage { handed, trail: None, failing_for: None }));
        };
        if handed.as_ref().is_err_and(|error| *error == UpstreamError::SECRET_CHANGED) {
            return Err(CallFault::Outdated);
        }
        let handed = SealedHandout::new(handed, &grant, self.broker.entropy.bytes());
        let active = self.active.borrow();
        let failing_for = active.as_ref().and_then(|active| active.machine.failing_for(self.now()));
        Ok(cbor::to_vec(&HandedMessage { handed, trail, failing_for }))
    }

    /// The time of the alarm has come.
    ///
    /// # Errors
    /// [`StorageFault`]. The platform then calls again.
    pub async fn alarm(self: Rc<Self>) -> Result<(), StorageFault> {
        if self.active.borrow().is_none() {
            let Ok(config) = &*self.config else {
                // The saved state may be of use when the configuration is good again.
                return self.home.set_alarm(self.now().plus(FLIGHT_WATCH)).await;
            };
            let stored = self.stored().await?;
            // A rotated secret has another coordinator, and this one has no more use.
            let Some(grant) = stored.and_then(|stored| stored.id.grant(config)) else {
                return self.home.clear().await;
            };
            self.restore(&Rc::new(grant)).await?;
        }
        self.handle(Event::Alarm);
        Ok(())
    }

    async fn stored(&self) -> Result<Option<StoredState>, StorageFault> {
        let bytes = self.home.load().await?;
        Ok(bytes.and_then(|bytes| cbor::of_slice(&bytes)))
    }

    async fn restore(&self, grant: &Rc<Grant>) -> Result<(), StorageFault> {
        if self.active.borrow().is_some() {
            return Ok(());
        }
        let stored = self.stored().await?;
        let snapshot = stored.map(|stored| stored.snapshot(grant)).unwrap_or_default();
        // Another call may have restored it meanwhile.
        self.active.borrow_mut().get_or_insert_with(|| ActiveCoordinator {
            machine: Coordinator::restored(snapshot, grant.keep_warm),
            grant: Rc::clone(grant),
            request_id: self.fresh_request_id(),
            claims: None,
            landed: 0,
            trail: UpstreamTrail::default(),
        });
        Ok(())
    }

    /// What the caller gets, and the trail of the flight that it waited for, if it waited. `None`
    /// if the flight takes longer than [`COORDINATOR_SIGN_OF_LIFE`].
    async fn acquire(
        self: &Rc<Self>,
        message: AcquireMessage,
    ) -> Result<Option<(Handed, Option<UpstreamTrail>)>, CallFault> {
        let AcquireMessage { want, request_id, claims } = message;
        let challenge = claims.as_ref().map(Claims::digest);
        let want = Want { challenge, ..want.bounded(self.now()) };
        let waiter = self.next_waiter.replace(self.next_waiter.get().wrapping_add(1));
        let (sender, receiver) = oneshot::channel();
        self.waiters.borrow_mut().insert(waiter, sender);
        let mut landed = 0;
        if let Some(active) = self.active.borrow_mut().as_mut() {
            active.request_id = request_id;
            active.claims = claims;
            landed = active.landed;
        }
        self.handle(Event::Acquire { waiter, want });
        self.take_claims();
        let outcome = within(&self.broker.clock, COORDINATOR_SIGN_OF_LIFE, receiver).await;
        let Some(handed) = outcome else {
            self.waiters.borrow_mut().remove(&waiter);
            self.handle(Event::Left(waiter));
            return Ok(None);
        };
        let handed = handed.map_err(|_| CallFault::Lost)?;
        let active = self.active.borrow();
        let flown = active.as_ref().filter(|active| active.landed != landed);
        Ok(Some((handed, flown.map(|active| active.trail.clone()))))
    }

    /// Feeds the state machine and carries out its actions.
    fn handle(self: &Rc<Self>, event: Event) {
        let random = u32::from_be_bytes(self.broker.entropy.bytes());
        let actions = match self.active.borrow_mut().as_mut() {
            Some(active) => active.machine.handle(event, self.now(), random),
            None => Vec::new(),
        };
        for action in actions {
            self.perform(action);
        }
    }

    fn perform(self: &Rc<Self>, action: Action) {
        match action {
            Action::Reply(waiter, handed) => {
                if let Some(sender) = self.waiters.borrow_mut().remove(&waiter) {
                    // The receiver is gone if its waiter has left.
                    let _ = sender.send(handed);
                }
            }
            Action::StartFlight { background } => {
                // Read now: another call may come before the work begins.
                let request_id = self.request_id(background);
                let claims = self.take_claims().filter(|_| self.is_challenged());
                self.spawn(move |driver| driver.fly(background, request_id, claims));
            }
            Action::Save => self.spawn(Self::save),
            Action::Publish(token) => self.spawn(|driver| driver.publish(token)),
            Action::Wake(at) => self.spawn(move |driver| driver.wake(at)),
            Action::Forget => {
                // Now, and not with the work: a call that comes before the work begins starts from
                // nothing.
                self.active.borrow_mut().take();
                self.spawn(Self::forget);
            }
        }
    }

    fn spawn<F: Future<Output = ()> + 'static>(self: &Rc<Self>, work: impl FnOnce(Rc<Self>) -> F) {
        self.home.spawn(Box::pin(work(Rc::clone(self))));
    }

    fn now(&self) -> UnixMillis {
        self.broker.clock.now()
    }

    /// The request id of the newest caller, which starts the flight. In the background a fresh one.
    fn request_id(&self, background: bool) -> RequestId {
        let active = self.active.borrow();
        let caller = active.as_ref().filter(|_| !background);
        caller.map_or_else(|| self.fresh_request_id(), |active| active.request_id.clone())
    }

    fn take_claims(&self) -> Option<Claims> {
        self.active.borrow_mut().as_mut().and_then(|active| active.claims.take())
    }

    fn is_challenged(&self) -> bool {
        self.active.borrow().as_ref().is_some_and(|active| active.machine.is_challenged())
    }

    fn fresh_request_id(&self) -> RequestId {
        RequestId::from_random(self.broker.entropy.bytes())
    }

    fn grant(&self) -> Option<Rc<Grant>> {
        self.active.borrow().as_ref().map(|active| Rc::clone(&active.grant))
    }
}
