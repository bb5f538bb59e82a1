//! The work that the state machine starts: the flight, storage, the KV write, the alarm.

use std::rc::Rc;

use super::super::message::StoredState;
use super::super::ports::Home;
use super::super::protocol::Event;
use super::{ActiveCoordinator, Driver};
use crate::base::cbor;
use crate::base::ports::Entropy;
use crate::base::request_id::RequestId;
use crate::base::time::UnixMillis;
use crate::config::Grant;
use crate::log::Line;
use crate::oauth::claims::Claims;
use crate::tokens::broker::Broker;
use crate::tokens::fetch::fetch;
use crate::tokens::ports::TokenPorts;
use crate::tokens::token::CachedToken;
use crate::upstream::Upstream;

impl<P: TokenPorts, H: Home> Driver<P, H> {
    /// The flight. The log line of its caller has its trail; a flight in the background has a line
    /// of its own.
    pub(super) async fn fly(
        self: Rc<Self>,
        background: bool,
        request_id: RequestId,
        claims: Option<Claims>,
    ) {
        let Some(grant) = self.grant() else { return };
        let Broker { servers, clock, entropy, .. } = &*self.broker;
        let upstream = Upstream { servers, clock, entropy, claims: claims.as_ref() };
        let mut line = line_about(&grant, request_id.clone());
        let landed = fetch(upstream, &grant, &request_id, &mut line.upstream).await;
        match &landed {
            Ok(_) => line.outcome = "renewed",
            Err(error) => line.failed(&error.clone().into()),
        }
        if background {
            self.log.record(&mut line, || None);
        }
        if let Some(active) = self.active.borrow_mut().as_mut() {
            active.landed = active.landed.wrapping_add(1);
            active.trail = line.upstream;
        }
        self.handle(Event::Landed(landed));
    }

    pub(super) async fn save(self: Rc<Self>) {
        let state = match self.active.borrow().as_ref() {
            Some(ActiveCoordinator { machine, grant, .. }) => {
                let nonce = self.broker.entropy.bytes();
                cbor::to_vec(&StoredState::new(grant, machine.snapshot(), nonce))
            }
            None => return,
        };
        // A state that is not saved costs an upstream request after the next eviction.
        let _ = self.home.save(&state).await;
    }

    pub(super) async fn publish(self: Rc<Self>, token: CachedToken) {
        let Some(grant) = self.grant() else { return };
        let newest = || {
            let active = self.active.borrow();
            let newest = active.as_ref().and_then(|active| active.machine.snapshot().token.clone());
            newest.or(Some(token))
        };
        // KV is a hint: an isolate that misses the token there calls the coordinator.
        if let Err(error) = self.broker.write_spaced(&grant, newest).await {
            let mut line = line_about(&grant, self.fresh_request_id());
            line.outcome = "not_published";
            line.kv_write_failed(error.name());
            self.log.record(&mut line, || None);
        }
    }

    pub(super) async fn wake(self: Rc<Self>, at: UnixMillis) {
        // Without an alarm, the next call starts the renewal.
        let _ = self.home.set_alarm(at).await;
    }

    pub(super) async fn forget(self: Rc<Self>) {
        let _ = self.home.clear().await;
    }
}

/// A log line without a request.
fn line_about(grant: &Grant, request_id: RequestId) -> Line {
    let mut line = Line::new(request_id, String::new(), "coordinator");
    line.credential = Some(grant.credential.name.clone());
    line.scope = Some(grant.scope.shown().to_owned());
    line
}
