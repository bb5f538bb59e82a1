//! One isolate: the shipping exchange, and the checks of each token that it serves.

use std::cell::RefCell;
use std::rc::Rc;

use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::config::Grant;
use edge_token_broker::http::exchange::{Answered, Incoming, Progress, begin};
use edge_token_broker::http::isolate::Isolate as Broker;
use serde::Deserialize;

use super::ports::{Nothing, SimPorts};
use super::shared::Shared;
use super::time::Owner;
use super::trouble::add;

/// The token that an isolate served last, for one grant.
#[derive(Clone)]
struct Last {
    text: String,
    generation: u64,
    expires_at: UnixMillis,
    floor: u64,
}

/// The token that a request wants.
#[derive(Clone, Copy)]
struct Wanted {
    grant: usize,
    min_ttl: u64,
    /// A caller requested the token within its last lifetime.
    in_use: bool,
}

/// The body of a token response.
#[derive(Deserialize)]
struct TokenBody<'a> {
    access_token: &'a str,
    expires_in: u64,
}

pub(crate) struct Isolate {
    pub(crate) name: String,
    pub(crate) owner: Owner,
    /// 0 is the old configuration, 1 the new one.
    pub(crate) configuration: usize,
    pub(crate) broker: Rc<Broker<SimPorts>>,
    pub(crate) shared: Rc<Shared>,
    request: Rc<Nothing>,
    last: RefCell<Vec<Option<Last>>>,
    /// Tokens that were reported here and replaced. This isolate must not serve them again.
    replaced: RefCell<Vec<String>>,
}

impl Isolate {
    pub(crate) fn new(
        name: String,
        owner: Owner,
        configuration: usize,
        broker: Broker<SimPorts>,
        shared: &Rc<Shared>,
    ) -> Self {
        Self {
            name,
            owner,
            configuration,
            broker: Rc::new(broker),
            shared: Rc::clone(shared),
            request: Rc::new(Nothing),
            last: RefCell::new(vec![None; shared.grants[0].len()]),
            replaced: RefCell::default(),
        }
    }

    /// `GET /token`.
    pub(crate) fn request(self: &Rc<Self>, grant: usize, min_ttl: u64) {
        let shared = &self.shared;
        add(&shared.requests);
        let now = shared.time.now();
        let before = shared.asked_at.borrow_mut()[grant].replace(now);
        let in_use = before.is_some_and(|before| {
            let lifetime = shared.server.accounts.borrow()[grant].lifetime;
            shared.in_hand.borrow()[grant] && now - before <= lifetime
        });
        let wanted = Wanted { grant, min_ttl, in_use };
        let Grant { credential, scope, .. } = &**self.grant(grant);
        let (credential, scope) = (&credential.name, scope.as_str());
        let better = if min_ttl > 0 { format!("&min_ttl={min_ttl}") } else { String::new() };
        let url = format!("https://broker/token?credential={credential}&scope={scope}{better}");
        let progress = begin(
            &self.broker,
            &self.request,
            Incoming {
                method: "GET".to_owned(),
                url: &url,
                authorization: Some("Bearer key"),
                request_ids: [Some("simulated"), None],
                content_type: None,
                body: None,
            },
        );
        if let Progress::Done(answered) = progress {
            return self.answered(wanted, answered);
        }
        let isolate = Rc::clone(self);
        shared.time.spawn(self.owner, async move {
            let answered = isolate.settled(progress).await;
            isolate.answered(wanted, answered);
        });
    }

    /// `POST /revoke` with the token that was served last, as if an API had rejected it.
    pub(crate) fn report(self: &Rc<Self>, grant: usize, claims: bool) {
        let Some(last) = self.last.borrow()[grant].clone() else { return };
        add(&self.shared.reports);
        let claims = if claims { r#"&claims={"access_token":{"nbf":{"value":"1"}}}"# } else { "" };
        let body = format!("token={}{claims}", last.text);
        let progress = begin(
            &self.broker,
            &self.request,
            Incoming {
                method: "POST".to_owned(),
                url: "https://broker/revoke",
                authorization: Some("Bearer key"),
                request_ids: [Some("simulated"), None],
                content_type: Some("application/x-www-form-urlencoded"),
                body: Some(body.as_bytes()),
            },
        );
        let isolate = Rc::clone(self);
        self.shared.time.spawn(self.owner, async move {
            let answered = isolate.settled(progress).await;
            let outcome = isolate.broker.log.sink.outcome.get();
            isolate.note(grant, || format!("{} reported: {outcome}", last.text));
            if !matches!(answered.reply.status, 200 | 400 | 403 | 502 | 503) {
                isolate.violated(grant, &format!("/revoke answers {}", answered.reply.status));
            }
            if answered.reply.status == 200 && matches!(outcome, "revoked" | "already_renewed") {
                add(&isolate.shared.revoked);
                isolate.replaced.borrow_mut().push(last.text);
            }
        });
    }

    /// Waits for KV or for the exchange, as the platform does.
    async fn settled(&self, mut progress: Progress<SimPorts>) -> Answered {
        use edge_token_broker::base::ports::Store;
        loop {
            progress = match progress {
                Progress::Done(answered) => return answered,
                Progress::Later(answered) => return answered.await,
                // No client of the simulation has an API.
                Progress::Onward(_) | Progress::OnwardLater(_) => std::future::pending().await,
                Progress::ReadStore(pending) => {
                    let loaded = pending.store().load(&pending.token_key().kv_name()).await;
                    pending.resume(loaded)
                }
            };
        }
    }

    fn answered(self: &Rc<Self>, wanted: Wanted, answered: Answered) {
        let Answered { reply, follow_up, .. } = answered;
        let status = reply.cache_status.as_deref().unwrap_or_default();
        if reply.status == 200 {
            if status.contains("fwd=") {
                self.waited(wanted);
            }
            let TokenBody { access_token, expires_in } = serde_json::from_str(&reply.body).unwrap();
            self.check(wanted.grant, access_token, expires_in, status);
        } else {
            self.failed(wanted.grant);
        }
        if let Some(work) = follow_up {
            self.shared.time.spawn(self.owner, work);
        }
    }

    fn waited(&self, Wanted { grant, min_ttl, in_use }: Wanted) {
        add(&self.shared.waited);
        // A caller waits if it wants more time left than the token has.
        if in_use && min_ttl == 0 {
            add(&self.shared.waited_in_use);
            if self.shared.nobody_waits {
                self.violated(grant, "waited for a renewal of a token in use");
            }
        }
    }

    fn grant(&self, number: usize) -> &Rc<Grant> {
        &self.shared.grants[self.configuration][number]
    }

    fn now(&self) -> UnixMillis {
        self.broker.broker.clock.now()
    }

    /// The invariants, checked by what the authorization server knows and not by the record.
    fn check(&self, grant: usize, text: &str, expires_in: u64, status: &str) {
        self.note(grant, || format!("{text}, {expires_in} s left; {status}"));
        let issued = self.shared.server.issued(text);
        let (now, true_now) = (self.now(), self.shared.time.now());
        if issued.grant != grant {
            self.violated(grant, &format!("{text} is of grant {}", issued.grant));
        }
        if issued.new != self.shared.server.rotation.is_new(grant, self.configuration) {
            self.violated(grant, &format!("{text} is of another secret"));
        }
        if self.replaced.borrow().iter().any(|replaced| replaced == text) {
            self.violated(grant, &format!("{text} was reported here, and replaced"));
        }
        let held = self.broker.broker.memory.recall(&self.grant(grant).token_key);
        let Some(token) = held.filter(|held| held.access_token.expose() == text) else {
            return self.violated(grant, &format!("{text} is not the newest token in memory"));
        };
        let left = now.until(token.expires_at).0;
        let floor = 60_000.min(issued.lifetime / 10);
        if left <= floor || expires_in != left / 1000 {
            let told = format!("told are {expires_in} s");
            self.violated(grant, &format!("{text}: {left} ms left, its floor {floor}, {told}"));
        }
        // The clock of the location that requested it may be ahead of this one.
        let ahead = issued.offset - self.broker.broker.clock.offset;
        let truly_left = issued.expires.saturating_sub(true_now).saturating_add_signed(ahead);
        if left > truly_left || (issued.expires <= true_now && ahead.unsigned_abs() < floor) {
            self.violated(grant, &format!("{text} has {left} ms left and really {truly_left}"));
        }
        let mut last = self.last.borrow_mut();
        if let Some(last) = &last[grant]
            && token.generation < last.generation
            && now.until(last.expires_at).0 > last.floor
        {
            let (older, newer) = (token.generation, last.generation);
            self.violated(grant, &format!("generation {older} after {newer}"));
        }
        let (generation, expires_at) = (token.generation, token.expires_at);
        self.shared.in_hand.borrow_mut()[grant] = true;
        match &mut last[grant] {
            Some(last) if last.text == text => {
                (last.generation, last.expires_at) = (generation, expires_at);
            }
            last => *last = Some(Last { text: text.to_owned(), generation, expires_at, floor }),
        }
    }

    /// No caller gets a failure while a token is at hand.
    fn failed(&self, grant: usize) {
        let outcome = self.broker.log.sink.outcome.get();
        self.note(grant, || outcome.to_owned());
        if !self.is_refused_rightly(grant, outcome) {
            add(&self.shared.failed);
        }
        // A newer generation, requested by a clock that is behind, may replace it and expire that
        // much earlier.
        let now = self.now().plus(self.shared.clocks_differ);
        let good = |last: &Last| now.until(last.expires_at).0 > last.floor;
        if self.last.borrow()[grant].as_ref().is_some_and(good) {
            self.violated(grant, &format!("{outcome}, while this isolate has a good token"));
        }
    }

    /// The refusal of the old secret, which is not the broker's fault. Isolates with the old
    /// configuration get it, and no isolate when the rotation is complete.
    fn is_refused_rightly(&self, grant: usize, outcome: &str) -> bool {
        let refused = outcome == "credential_refused";
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
