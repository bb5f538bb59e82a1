//! A simulated issuer, the tier behind it, and a verifier of signatures over them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edge_token_broker::base::keys::{SealingKey, derive};
use edge_token_broker::base::limits::ISSUER_TIMEOUT;
use edge_token_broker::base::ports::{Clock, TierError};
use edge_token_broker::base::secret::ClientSecret;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::callers::issuer::{JwtVerifier, KeySets};
use edge_token_broker::callers::ports::{
    IssuerEndpoint, IssuerUnreachable, KeySetTier, SignatureVerifier,
};
use edge_token_broker::jwt::jwk::VerificationKey;
use edge_token_broker::jwt::{Jwt, JwtFault, Trust};

use super::jwt::{ISSUER, NOW, sign, trust};
use super::ports::{CountingEntropy, SimulatedClock};

pub(crate) const METADATA: &str = "https://issuer.example/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "https://keys.example/jwks";

/// A clock whose sleepers let others go first, and sleep at the same time.
#[derive(Clone)]
pub(crate) struct YieldingClock(pub(crate) SimulatedClock);

impl Clock for YieldingClock {
    fn now(&self) -> UnixMillis {
        self.0.now()
    }

    async fn sleep(&self, span: Millis) {
        let until = self.now().plus(span);
        Pause::default().await;
        self.0.advance(self.now().until(until));
    }
}

/// Lets others go first once.
#[derive(Default)]
struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Polls once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until it is ready.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    for _ in 0..10_000 {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
    panic!("it waits for ever")
}

#[derive(Clone)]
pub(crate) struct SimulatedIssuer {
    clock: SimulatedClock,
    pub(crate) bodies: Rc<RefCell<BTreeMap<String, String>>>,
    pub(crate) requests: Rc<RefCell<Vec<String>>>,
    /// No answer comes while this is set.
    pub(crate) hangs: Rc<Cell<bool>>,
}

impl IssuerEndpoint for SimulatedIssuer {
    async fn get(&self, url: &str) -> Result<Vec<u8>, IssuerUnreachable> {
        self.requests.borrow_mut().push(url.to_owned());
        let until = self.clock.now().plus(ISSUER_TIMEOUT);
        while self.hangs.get() {
            if self.clock.now() >= until {
                return Err(IssuerUnreachable);
            }
            Pause::default().await;
        }
        self.clock.advance(Millis(20));
        let body = self.bodies.borrow().get(url).cloned().ok_or(IssuerUnreachable)?;
        Ok(body.into_bytes())
    }
}

#[derive(Clone, Default)]
pub(crate) struct SimulatedKeySetTier {
    pub(crate) values: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    pub(crate) loads: Rc<Cell<usize>>,
    pub(crate) stores: Rc<RefCell<Vec<u64>>>,
    pub(crate) failure: Rc<Cell<Option<TierError>>>,
}

impl KeySetTier for SimulatedKeySetTier {
    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, TierError> {
        self.loads.set(self.loads.get() + 1);
        self.failure.get().map_or_else(|| Ok(self.values.borrow().get(name).cloned()), Err)
    }

    async fn store(&self, name: &str, bytes: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        self.stores.borrow_mut().push(ttl_secs);
        if let Some(failure) = self.failure.get() {
            return Err(failure);
        }
        self.values.borrow_mut().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// Takes what [`sign`] makes; counts.
#[derive(Default)]
pub(crate) struct SimulatedSignatures(pub(crate) Cell<usize>);

impl SignatureVerifier for SimulatedSignatures {
    async fn verify(&self, key: &VerificationKey, signed: &[u8], signature: &[u8]) -> bool {
        self.0.set(self.0.get() + 1);
        let jwk = key.jwk();
        let (_, x) = jwk.iter().find(|(name, _)| *name == "x").unwrap();
        sign(x, signed) == signature
    }
}

pub(crate) type SimulatedVerifier = JwtVerifier<
    SimulatedIssuer,
    SimulatedKeySetTier,
    SimulatedSignatures,
    YieldingClock,
    CountingEntropy,
>;

/// One isolate that trusts [`ISSUER`], and the world around it.
pub(crate) struct Isolate {
    pub(crate) verifier: SimulatedVerifier,
    pub(crate) trust: Trust,
    pub(crate) sealing_key: SealingKey,
}

impl Isolate {
    /// Its issuer serves `jwks`.
    pub(crate) fn new(jwks: &str) -> Self {
        let clock = SimulatedClock::at(NOW * 1000);
        let endpoint = SimulatedIssuer {
            clock: clock.clone(),
            bodies: Rc::default(),
            requests: Rc::default(),
            hangs: Rc::default(),
        };
        let isolate = Self::over(endpoint, SimulatedKeySetTier::default(), clock);
        isolate.serve(jwks);
        isolate
    }

    fn over(endpoint: SimulatedIssuer, tier: SimulatedKeySetTier, clock: SimulatedClock) -> Self {
        let verifier = JwtVerifier {
            memory: KeySets::default(),
            endpoint,
            tier,
            signatures: SimulatedSignatures::default(),
            clock: YieldingClock(clock),
            entropy: CountingEntropy::default(),
        };
        let (_, sealing_key) = derive(&ClientSecret::new("s3cret".into()), None);
        Self { verifier, trust: trust(), sealing_key }
    }

    /// Another one with the same tier and issuer.
    pub(crate) fn another(&self) -> Self {
        let JwtVerifier { endpoint, tier, clock, .. } = &self.verifier;
        Self::over(endpoint.clone(), tier.clone(), clock.0.clone())
    }

    pub(crate) fn serve(&self, jwks: &str) {
        let metadata = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{JWKS}"}}"#);
        let mut bodies = self.verifier.endpoint.bodies.borrow_mut();
        bodies.insert(METADATA.to_owned(), metadata);
        bodies.insert(JWKS.to_owned(), jwks.to_owned());
    }

    /// The issuer is down.
    pub(crate) fn go_down(&self) {
        self.verifier.endpoint.bodies.borrow_mut().clear();
    }

    pub(crate) fn advance(&self, span: Millis) {
        self.verifier.clock.0.advance(span);
    }

    pub(crate) async fn verify(&self, jwt: &Jwt) -> Result<(), JwtFault> {
        self.verifier.verify(jwt, &self.trust, &self.sealing_key).await
    }

    /// How often the key set was asked for.
    pub(crate) fn asked(&self) -> usize {
        let requests = self.verifier.endpoint.requests.borrow();
        requests.iter().filter(|url| *url == METADATA).count()
    }
}
