//! The authorization server. It knows the true expiry of every token.

use std::cell::RefCell;
use std::rc::Rc;

use edge_token_broker::base::limits::UPSTREAM_TIMEOUT;
use edge_token_broker::upstream::exchange::{EndpointRequest, EndpointResponse, TransportFailure};
use edge_token_broker::upstream::ports::TokenEndpoint;

use super::random::Random;
use super::rotation::Rotation;
use super::signing::{self, Signing};
use super::time::Time;
use super::watch::Watch;

/// A fault of the authorization server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    NoConnection,
    Hanging,
    Failing(Option<u64>),
    Throttling(Option<u64>),
    SecretRefused,
    ScopeRefused,
    NotATokenEndpoint,
}

pub(crate) const FAULTS: [Fault; 9] = [
    Fault::NoConnection,
    Fault::Hanging,
    Fault::Failing(None),
    Fault::Failing(Some(7)),
    Fault::Throttling(None),
    Fault::Throttling(Some(45)),
    Fault::SecretRefused,
    Fault::ScopeRefused,
    Fault::NotATokenEndpoint,
];

/// From, until, and what.
pub(crate) type Window = (u64, u64, Fault);

/// One token that was issued.
#[derive(Clone, Copy)]
pub(crate) struct Issued {
    pub(crate) grant: usize,
    /// For a rotated secret.
    pub(crate) new: bool,
    /// True time of its end.
    pub(crate) expires: u64,
    pub(crate) lifetime: u64,
    /// The error of the clock of the location that requested it.
    pub(crate) offset: i64,
}

/// The tokens of one grant.
#[derive(Clone, Default)]
pub(crate) struct Account {
    /// Milliseconds.
    pub(crate) lifetime: u64,
    pub(crate) refresh_in: Option<u64>,
    pub(crate) requests: u64,
    /// Renewal periods: the newest token was due, or there was none, and one was requested.
    pub(crate) periods: u64,
    /// The time from which the newest token may be renewed.
    pub(crate) due: u64,
    pub(crate) asked: bool,
}

/// The authorization server.
pub(crate) struct AuthorizationServer {
    pub(crate) time: Rc<Time>,
    pub(crate) random: Rc<Random>,
    pub(crate) windows: Vec<Window>,
    pub(crate) rotation: Rotation,
    /// Probability of an answer that takes seconds.
    pub(crate) slow: f64,
    /// How the platform of the broker signs.
    pub(crate) signing: Signing,
    pub(crate) issued: RefCell<Vec<Issued>>,
    /// By grant: two credentials take turns.
    pub(crate) accounts: RefCell<Vec<Account>>,
    /// The first violation.
    pub(crate) violation: RefCell<Option<String>>,
}

impl AuthorizationServer {
    /// The token with this text.
    pub(crate) fn issued(&self, text: &str) -> Issued {
        self.issued.borrow()[text.strip_prefix("token-").unwrap().parse::<usize>().unwrap()]
    }

    /// Whether it refuses every secret, or did lately.
    pub(crate) fn refused_lately(&self) -> bool {
        let now = self.time.now();
        let lately = |(from, until, fault): &Window| {
            matches!(fault, Fault::SecretRefused) && (*from..*until + 180_000).contains(&now)
        };
        self.windows.iter().any(lately)
    }

    fn fault(&self) -> Option<Fault> {
        let now = self.time.now();
        let within = |window: &&Window| (window.0..window.1).contains(&now);
        self.windows.iter().find(within).map(|window| window.2)
    }

    fn asked(&self, grant: usize) {
        let account = &mut self.accounts.borrow_mut()[grant];
        account.requests += 1;
        if !account.asked && self.time.now() >= account.due {
            account.asked = true;
            account.periods += 1;
        }
    }

    fn issue(&self, (grant, new): (usize, bool), offset: i64) -> EndpointResponse {
        let now = self.time.now();
        let account = &mut self.accounts.borrow_mut()[grant];
        let Account { lifetime, refresh_in, .. } = *account;
        let ahead = match lifetime {
            0..=1_200_000 => 300_000,
            1_200_001..5_400_000 => 900_000,
            _ => 3_600_000,
        };
        let ahead = refresh_in.map_or(ahead.min(lifetime / 2), |refresh_in| lifetime - refresh_in);
        // Room for the jitter, the time of the answer, and the errors of clocks.
        account.due = now + lifetime.saturating_sub(ahead + ahead / 10 + 10_000);
        account.asked = false;
        let mut issued = self.issued.borrow_mut();
        let text = format!("token-{}", issued.len());
        issued.push(Issued { grant, new, expires: now + lifetime, lifetime, offset });
        let refresh =
            refresh_in.map_or_else(String::new, |ms| format!(r#""refresh_in":{},"#, ms / 1000));
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":{},{refresh}"access_token":"{text}"}}"#,
            lifetime / 1000
        );
        reply(200, None, &body)
    }

    async fn answer(
        &self,
        (grant, new): (usize, bool),
        offset: i64,
    ) -> Result<EndpointResponse, TransportFailure> {
        let refusal = |error: &str, code: u32| {
            let body = format!(r#"{{"error":"{error}","error_codes":[{code}],"trace_id":"t"}}"#);
            reply(400, None, &body)
        };
        Ok(match self.fault() {
            None if self.rotation.refuses(grant, new, self.time.now()) => {
                refusal("invalid_client", 7_000_222)
            }
            None => self.issue((grant, new), offset),
            Some(Fault::NoConnection) => return Err(TransportFailure::NoConnection),
            Some(Fault::Hanging) => std::future::pending().await,
            Some(Fault::Failing(after)) => reply(503, after, ""),
            Some(Fault::Throttling(after)) => reply(429, after, "slow down"),
            Some(Fault::SecretRefused) => refusal("invalid_client", 7_000_222),
            Some(Fault::ScopeRefused) => refusal("invalid_scope", 70011),
            Some(Fault::NotATokenEndpoint) => reply(200, None, "<html>"),
        })
    }
}

fn reply(status: u16, retry_after: Option<u64>, body: &str) -> EndpointResponse {
    let retry_after = retry_after.map(|secs| secs.to_string());
    EndpointResponse {
        status,
        retry_after,
        rate_limit_reset: None,
        body: Ok(body.as_bytes().to_vec().into()),
    }
}

/// The way to the authorization server from one place.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// The requests of its coordinator, if a coordinator uses it.
    pub(crate) watch: Option<Rc<Watch>>,
    pub(crate) server: Rc<AuthorizationServer>,
    pub(crate) offset: i64,
}

impl TokenEndpoint for Endpoint {
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure> {
        let (grant, new) = asked_for(&request.body);
        let AuthorizationServer { time, random, slow, .. } = &*self.server;
        self.server.asked(grant);
        let slow = random.chance(*slow);
        let (there, back) = (random.range(20, 150), random.range(20, 150));
        let back = if slow { random.range(1000, 12_000) } else { back };
        let exchange = async {
            time.sleep(there).await;
            let answer = self.server.answer((grant, new), self.offset).await;
            time.sleep(back).await;
            answer
        };
        if let Some(watch) = &self.watch {
            watch.takes_off(time.now(), grant, &self.server);
        }
        let answer = time.within(UPSTREAM_TIMEOUT, exchange).await;
        let answer = answer.unwrap_or(Err(TransportFailure::TimedOut));
        if let Some(watch) = &self.watch {
            watch.landed(time.now(), &answer);
        }
        let status = answer.as_ref().map(|reply| reply.status);
        time.note(|| format!("grant {grant}: upstream: {status:?}"));
        answer
    }
}

/// The grant, and whether the secret is the new one. Grants 14 and 15 have the scope `s7`, each
/// with one of the two credentials.
fn asked_for(body: &str) -> (usize, bool) {
    let optional = |name: &str| {
        let mut fields = form_urlencoded::parse(body.as_bytes());
        fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
    };
    let field = |name: &str| optional(name).unwrap();
    let pair: usize = field("scope")[1..].parse().unwrap();
    let grant = 2 * pair + usize::from(field("client_id") == "app-other");
    let new = optional("client_secret").map(|secret| secret.ends_with("new"));
    (grant, new.unwrap_or_else(|| signing::is_of_new(&field("client_assertion"))))
}
