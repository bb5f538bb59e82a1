//! One isolate: the real broker, and what is checked whenever it serves a token.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use edge_token_broker::base::ports::{Clock, Entropy};
use edge_token_broker::base::request_id::RequestId;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::config::Grant;
use edge_token_broker::error::BrokerError;
use edge_token_broker::log::Event;
use edge_token_broker::tokens::broker::{Broker, Served, Then};
use edge_token_broker::tokens::cache_status::CacheStatus;
use edge_token_broker::tokens::memory::IsolateMemory;
use edge_token_broker::upstream::error::UpstreamError;

use super::kv::LocalKv;
use super::random::Share;
use super::stub::Stub;
use super::time::{LocalClock, Owner, Time};
use super::trouble::add;
use super::upstream::{AuthorizationServer, Endpoint};

/// What all isolates of a world share.
pub(crate) struct Shared {
    pub(crate) time: Rc<Time>,
    pub(crate) server: Rc<AuthorizationServer>,
    /// Of the old configuration and of the new one.
    pub(crate) grants: [Vec<Rc<Grant>>; 2],
    /// When each token was last asked for, anywhere.
    pub(crate) asked_at: RefCell<Vec<Option<u64>>>,
    /// Of which grants a token has been served, anywhere: before, there is nothing to renew.
    pub(crate) in_hand: RefCell<Vec<bool>>,
    pub(crate) requests: Cell<u64>,
    pub(crate) failed: Cell<u64>,
    pub(crate) waited: Cell<u64>,
    pub(crate) waited_in_use: Cell<u64>,
    /// By how much the clocks of two locations may differ.
    pub(crate) clocks_differ: Millis,
    /// Upstream is well, and it is a violation to wait for a token in use.
    pub(crate) nobody_waits: bool,
    /// What went wrong first.
    pub(crate) violation: RefCell<Option<String>>,
}

/// The token that an isolate served last, for one grant.
#[derive(Clone, Copy)]
struct Last {
    generation: u64,
    expires_at: UnixMillis,
    floor: u64,
}

pub(crate) struct Isolate {
    pub(crate) name: String,
    pub(crate) owner: Owner,
    /// 0 the old one, 1 the new one.
    pub(crate) configuration: usize,
    pub(crate) broker: Broker<IsolateMemory, LocalKv, Stub, Endpoint, LocalClock, Share>,
    pub(crate) shared: Rc<Shared>,
    last: RefCell<Vec<Option<Last>>>,
}

impl Isolate {
    pub(crate) fn new(
        name: String,
        owner: Owner,
        configuration: usize,
        broker: Broker<IsolateMemory, LocalKv, Stub, Endpoint, LocalClock, Share>,
        shared: &Rc<Shared>,
    ) -> Self {
        let last = RefCell::new(vec![None; shared.grants[0].len()]);
        Self { name, owner, configuration, broker, shared: Rc::clone(shared), last }
    }

    /// What the entry does with a request: memory first, without a future.
    pub(crate) fn request(self: &Rc<Self>, grant: usize, min_ttl: Millis) {
        let shared = &self.shared;
        add(&shared.requests);
        let now = shared.time.now();
        let before = shared.asked_at.borrow_mut()[grant].replace(now);
        if let Some(served) = self.broker.recall(self.grant(grant), min_ttl) {
            self.served(grant, served);
            return;
        }
        let in_use = before.is_some_and(|before| {
            let lifetime = shared.server.accounts.borrow()[grant].lifetime;
            shared.in_hand.borrow()[grant] && now - before <= lifetime
        });
        let isolate = Rc::clone(self);
        shared.time.spawn(self.owner, async move {
            isolate.obtain(grant, min_ttl, in_use).await;
        });
    }

    async fn obtain(self: &Rc<Self>, grant: usize, min_ttl: Millis, in_use: bool) {
        let shared = &self.shared;
        let mut event = self.event();
        match self.broker.obtain(self.grant(grant), min_ttl, &mut event).await {
            Ok(served) => {
                if matches!(served.cache_status, CacheStatus::Forwarded { .. }) {
                    add(&shared.waited);
                    // A caller that wants more than there is waits for it.
                    if in_use && min_ttl == Millis(0) {
                        add(&shared.waited_in_use);
                        if shared.nobody_waits {
                            self.violated(grant, "waited for a renewal of a token in use");
                        }
                    }
                }
                self.served(grant, served);
            }
            Err(error) => self.failed(grant, &error),
        }
    }

    fn grant(&self, number: usize) -> &Rc<Grant> {
        &self.shared.grants[self.configuration][number]
    }

    fn event(&self) -> Event {
        let id = RequestId::from_random(self.broker.entropy.bytes());
        Event::new(id, String::new(), "token")
    }

    fn served(self: &Rc<Self>, grant: usize, served: Served) {
        self.note(grant, || {
            let (token, status) = (&served.token, served.cache_status);
            let (text, generation) = (token.access_token.expose(), token.generation);
            let left = served.at.until(token.expires_at).0;
            format!("{text}, generation {generation}, {left} ms left; {status}; {:?}", served.then)
        });
        self.check(grant, &served);
        if served.then == Then::Done {
            return;
        }
        let isolate = Rc::clone(self);
        self.shared.time.spawn(self.owner, async move {
            let (broker, grant) = (&isolate.broker, isolate.grant(grant));
            let mut event = isolate.event();
            match served.then {
                Then::Renew => broker.renew(grant, &mut event).await,
                Then::Touch => broker.touch(grant, &mut event).await,
                Then::Store => broker.write_behind(grant, &served.token, &mut event).await,
                Then::Done => {}
            }
        });
    }

    /// The invariants, from what the authorization server knows and not from the record.
    fn check(&self, grant: usize, served: &Served) {
        let token = &served.token;
        let text = token.access_token.expose();
        let issued = self.shared.server.issued(text);
        let (now, true_now) = (self.broker.clock.now(), self.shared.time.now());
        if issued.grant != grant {
            self.violated(grant, &format!("{text} is of grant {}", issued.grant));
        }
        let rotation = self.shared.server.rotation;
        if issued.new != rotation.is_new(grant, self.configuration) {
            self.violated(grant, &format!("{text} is of another secret"));
        }
        if served.at != now {
            self.violated(grant, "the answer was decided on at another time");
        }
        let left = now.until(token.expires_at).0;
        let floor = 60_000.min(issued.lifetime / 10);
        if left <= floor {
            self.violated(grant, &format!("{text} has {left} ms left, at its floor of {floor}"));
        }
        // Whoever asked for it may have a clock that is ahead of ours.
        let ahead = issued.offset - self.broker.clock.offset;
        let truly_left = issued.expires.saturating_sub(true_now).saturating_add_signed(ahead);
        if left > truly_left || (issued.expires <= true_now && ahead.unsigned_abs() < floor) {
            self.violated(grant, &format!("{text} has {left} ms left and really {truly_left}"));
        }
        let mut last = self.last.borrow_mut();
        if let Some(last) = last[grant]
            && token.generation < last.generation
            && now.until(last.expires_at).0 > last.floor
        {
            let (older, newer) = (token.generation, last.generation);
            self.violated(grant, &format!("generation {older} after {newer}"));
        }
        let (generation, expires_at) = (token.generation, token.expires_at);
        self.shared.in_hand.borrow_mut()[grant] = true;
        last[grant] = Some(Last { generation, expires_at, floor });
    }

    /// Nobody is told of a failure where a token is at hand.
    fn failed(&self, grant: usize, error: &BrokerError) {
        self.note(grant, || error.to_string());
        if !self.is_refused_rightly(grant, error) {
            add(&self.shared.failed);
        }
        // A newer generation, asked for by a clock that is behind, may take its place and expire
        // that much earlier.
        let now = self.broker.clock.now().plus(self.shared.clocks_differ);
        let good = |last: &Last| now.until(last.expires_at).0 > last.floor;
        if self.last.borrow()[grant].as_ref().is_some_and(good) {
            self.violated(grant, &format!("{error}, while this isolate has a good token"));
        }
    }

    /// The old secret's refusal, which is not the broker's fault: it is for who has the old
    /// configuration, and for nobody when the rotation is complete.
    fn is_refused_rightly(&self, grant: usize, error: &BrokerError) -> bool {
        let refused = matches!(error, BrokerError::Upstream(UpstreamError::CredentialRefused(_)));
        let Shared { time, server, .. } = &*self.shared;
        let (rotation, now) = (server.rotation, time.now());
        let new = rotation.is_new(grant, self.configuration);
        let rightly = rotation.refuses(grant, new, now) && !rotation.is_complete(now);
        if refused && !rightly && !server.refused_lately() {
            self.violated(grant, "a good secret is refused");
        }
        refused && rightly
    }

    fn note(&self, grant: usize, what: impl FnOnce() -> String) {
        self.shared.time.note(|| format!("grant {grant}: isolate {}: {}", self.name, what()));
    }

    fn violated(&self, grant: usize, what: &str) {
        let (now, name) = (self.shared.time.now(), &self.name);
        let trace = self.shared.time.noted(&format!("grant {grant}:"));
        let text = format!("at {now} ms, isolate {name}, grant {grant}: {what}{trace}");
        self.shared.violation.borrow_mut().get_or_insert(text);
    }
}
