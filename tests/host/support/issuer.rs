//! A simulated issuer, and callers that it vouches for.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use edge_token_broker::base::keys::{SealingKey, derive};
use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::Millis;
use edge_token_broker::callers::Callers;
use edge_token_broker::callers::issuer::{JwtVerifier, KeySets};
use edge_token_broker::callers::ledger::{ObjectLedger, UsedAssertions};
use edge_token_broker::callers::ports::SignatureVerifier;
use edge_token_broker::callers::registry::Registry;
use edge_token_broker::callers::seen::VerifiedJwts;
use edge_token_broker::jwt::jwk::VerificationKey;
use edge_token_broker::jwt::{
    DocumentFault, IssuerFault, IssuerUnreachable, Jwt, JwtFault, JwtSubject, Profile, Trust,
};
use edge_token_broker::log::Line;
use edge_token_broker::upstream::ports::Documents;

use super::clock::{Pause, SimulatedClock, run};
use super::jwt::{ISSUER, NOW, claims, ed25519, jwks, sign, signed_by, trust};
use super::ledger::SimulatedLedgers;
use super::ports::{CountingEntropy, SimulatedPorts};
use super::store::SimulatedStore;
use super::world::line;

pub(crate) const METADATA: &str = "https://issuer.example/.well-known/openid-configuration";
pub(crate) const JWKS: &str = "https://keys.example/jwks";

#[derive(Clone)]
pub(crate) struct SimulatedIssuer {
    clock: SimulatedClock,
    pub(crate) bodies: Rc<RefCell<BTreeMap<String, String>>>,
    pub(crate) requests: Rc<RefCell<Vec<String>>>,
    /// No answer comes while this is set.
    pub(crate) hangs: Rc<Cell<bool>>,
    /// No answer comes from this URL.
    pub(crate) hangs_at: Rc<Cell<Option<&'static str>>>,
    /// What becomes of requests for a URL instead.
    pub(crate) faults: Rc<RefCell<BTreeMap<String, IssuerUnreachable>>>,
}

impl SimulatedIssuer {
    /// It serves nothing yet.
    pub(crate) fn new(clock: &SimulatedClock) -> Self {
        Self {
            clock: clock.clone(),
            bodies: Rc::default(),
            requests: Rc::default(),
            hangs: Rc::default(),
            hangs_at: Rc::default(),
            faults: Rc::default(),
        }
    }

    pub(crate) fn serve(&self, jwks: &str) {
        let metadata = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{JWKS}"}}"#);
        let mut bodies = self.bodies.borrow_mut();
        bodies.insert(METADATA.to_owned(), metadata);
        bodies.insert(JWKS.to_owned(), jwks.to_owned());
    }
}

impl Documents for SimulatedIssuer {
    async fn get(&self, url: &str, within: Millis) -> Result<Vec<u8>, IssuerUnreachable> {
        self.requests.borrow_mut().push(url.to_owned());
        let until = self.clock.now().plus(within);
        while self.hangs.get() || self.hangs_at.get() == Some(url) {
            if self.clock.now() >= until {
                return Err(IssuerUnreachable::TimedOut);
            }
            Pause::default().await;
        }
        self.clock.advance(Millis(20));
        if let Some(fault) = self.faults.borrow().get(url) {
            return Err(*fault);
        }
        let body = self.bodies.borrow().get(url).cloned();
        Ok(body.ok_or(IssuerUnreachable::NoConnection)?.into_bytes())
    }
}

/// Takes what [`sign`] makes; counts.
#[derive(Default)]
pub(crate) struct SimulatedSignatures(pub(crate) Cell<usize>);

impl SignatureVerifier for SimulatedSignatures {
    async fn verify(&self, key: &VerificationKey, signed: &[u8], signature: &[u8]) -> bool {
        self.0.set(self.0.get() + 1);
        let jwk = key.jwk();
        // It signs nothing with RSA.
        jwk.iter().any(|(name, x)| *name == "x" && sign(x, signed) == signature)
    }
}

/// Verifies JWTs of the issuer, with an empty memory.
pub(crate) fn verifier(
    issuers: SimulatedIssuer,
    store: SimulatedStore,
    clock: SimulatedClock,
) -> JwtVerifier<SimulatedPorts> {
    JwtVerifier {
        memory: KeySets::default(),
        issuers,
        store,
        signatures: SimulatedSignatures::default(),
        clock,
        entropy: CountingEntropy::default(),
    }
}

/// The callers of an isolate: its registry is `entries`, no issuer answers, and it has no ledger.
pub(crate) fn callers(entries: SimulatedStore, clock: &SimulatedClock) -> Callers<SimulatedPorts> {
    let issuers = SimulatedIssuer::new(clock);
    Callers {
        registry: Registry::new(entries),
        jwts: verifier(issuers, SimulatedStore::default(), clock.clone()),
        seen: VerifiedJwts::default(),
        used: UsedAssertions::default(),
        ledger: ObjectLedger::new(
            SimulatedLedgers::unbound(clock),
            clock.clone(),
            CountingEntropy::default(),
        ),
    }
}

/// One isolate that trusts [`ISSUER`], and the world around it.
pub(crate) struct Isolate {
    pub(crate) verifier: JwtVerifier<SimulatedPorts>,
    pub(crate) trust: Trust,
    pub(crate) sealing_key: SealingKey,
}

impl Isolate {
    /// Its issuer serves `jwks`.
    pub(crate) fn new(jwks: &str) -> Self {
        let clock = SimulatedClock::at(NOW * 1000);
        let issuers = SimulatedIssuer::new(&clock);
        let isolate = Self::over(issuers, SimulatedStore::default(), clock);
        isolate.serve(jwks);
        isolate
    }

    fn over(issuers: SimulatedIssuer, store: SimulatedStore, clock: SimulatedClock) -> Self {
        let (_, sealing_key) = derive(b"s3cret", None);
        Self { verifier: verifier(issuers, store, clock), trust: trust(), sealing_key }
    }

    /// Another one with the same store and issuer.
    pub(crate) fn another(&self) -> Self {
        let JwtVerifier { issuers, store, clock, .. } = &self.verifier;
        Self::over(issuers.clone(), store.clone(), clock.clone())
    }

    pub(crate) fn serve(&self, jwks: &str) {
        self.verifier.issuers.serve(jwks);
    }

    /// The issuer is down.
    pub(crate) fn go_down(&self) {
        self.verifier.issuers.bodies.borrow_mut().clear();
    }

    pub(crate) fn advance(&self, span: Millis) {
        self.verifier.clock.advance(span);
    }

    /// Verifies the signature of a JWT whose claims fit.
    pub(crate) async fn verify(&self, jwt: &Jwt) -> Result<(), JwtFault> {
        self.verify_in(jwt, &mut line()).await
    }

    /// The same with this line of the log.
    pub(crate) async fn verify_in(&self, jwt: &Jwt, line: &mut Line) -> Result<(), JwtFault> {
        self.verifier.verify(jwt, &self.trust, true, &self.sealing_key, line).await
    }

    /// Verifies a bearer JWT as a whole.
    pub(crate) fn authenticate(&self, jwt: &Jwt) -> Result<JwtSubject, JwtFault> {
        let Self { verifier, trust, sealing_key } = self;
        run(verifier.authenticate(jwt, trust, Profile::Bearer, sealing_key, &mut line()))
    }

    /// How often the key set was asked for.
    pub(crate) fn asked(&self) -> usize {
        let requests = self.verifier.issuers.requests.borrow();
        requests.iter().filter(|url| *url == METADATA).count()
    }
}

/// A key set with `k1`, and below one with `k2` alone.
pub(crate) fn k1() -> String {
    jwks(&[ed25519("k1", 1)])
}

pub(crate) fn k2() -> String {
    jwks(&[ed25519("k2", 2)])
}

/// A JWT that `k1` has signed, and below one that `k2` has.
pub(crate) fn by_k1() -> Jwt {
    signed_by("k1", 1, &claims(""))
}

pub(crate) fn by_k2() -> Jwt {
    signed_by("k2", 2, &claims(""))
}

/// An isolate with the keys in memory.
pub(crate) fn warm() -> Isolate {
    let isolate = Isolate::new(&k1());
    assert_eq!(run(isolate.verify(&by_k1())), Ok(()));
    isolate
}

/// Why the keys cannot be had, if that is why a JWT is refused.
pub(crate) fn cause(result: Result<(), JwtFault>) -> Option<IssuerFault> {
    match result {
        Err(JwtFault::KeysUnavailable(outage)) => Some(outage.cause),
        _ => None,
    }
}

/// What [`Isolate::go_down`] leads to.
pub(crate) const DOWN: IssuerFault =
    IssuerFault::Metadata(DocumentFault::Unreachable(IssuerUnreachable::NoConnection));

pub(crate) const HANGS: IssuerFault =
    IssuerFault::Metadata(DocumentFault::Unreachable(IssuerUnreachable::TimedOut));
