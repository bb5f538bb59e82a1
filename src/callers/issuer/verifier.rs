//! Whether a JWT is genuine: its signature is of a key of its issuer.

use std::rc::Rc;

use super::key_sets::{HeldKeySet, KeySets, NextStep};
use super::stored::{self, KeySetName, StoredKeySet};
use crate::base::keys::SealingKey;
use crate::base::limits::{ISSUER_BODY_MAX_BYTES, KEY_SET_GOOD, KEY_SET_WAIT, KEY_SET_WAITS_MAX};
use crate::base::origin;
use crate::base::ports::{Clock, Entropy, Store};
use crate::base::time::UnixMillis;
use crate::callers::ports::{CallerPorts, IssuerEndpoint, SignatureVerifier};
use crate::jwt::compact::Header;
use crate::jwt::discovery;
use crate::jwt::jwks::{Found, KeySet};
use crate::jwt::{Jwt, JwtFault, JwtSubject, Profile, Trust};

/// Verifies JWTs, with keys from memory, else from the store, else from the issuer.
pub struct JwtVerifier<P: CallerPorts> {
    /// The key sets that this isolate knows.
    pub memory: KeySets,
    /// The issuers.
    pub issuers: P::Issuers,
    /// Where isolates share key sets, sealed.
    pub store: P::Store,
    /// Verifies signatures.
    pub signatures: P::Signatures,
    /// The time.
    pub clock: P::Clock,
    /// Makes nonces.
    pub entropy: P::Entropy,
}

/// Which key set a JWT takes, and which key in it.
struct KeySetQuery<'a> {
    trust: &'a Trust,
    header: &'a Header,
    sealing_key: &'a SealingKey,
    name: KeySetName,
}

/// A key set: the issuer's text, and the parsed form.
struct Fetched {
    jwks: Vec<u8>,
    held: HeldKeySet,
}

impl<P: CallerPorts> JwtVerifier<P> {
    /// Whom `jwt` names, if `trust` accepts it and its signature is good.
    ///
    /// # Errors
    /// A [`JwtFault`]. Those that [tell the configuration](JwtFault::tells_configuration) come only
    /// after a good signature.
    pub async fn authenticate(
        &self,
        jwt: &Jwt,
        trust: &Trust,
        profile: Profile,
        sealing_key: &SealingKey,
    ) -> Result<JwtSubject, JwtFault> {
        let checked = trust.check(jwt, profile, self.clock.now());
        if let Err(fault) = checked
            && !fault.tells_configuration()
        {
            return Err(fault);
        }
        self.verify(jwt, trust, sealing_key).await?;
        checked
    }

    /// Verifies the signature of `jwt`, and not its claims.
    ///
    /// # Errors
    /// The signature is not good, or there is no key for it.
    pub async fn verify(
        &self,
        jwt: &Jwt,
        trust: &Trust,
        sealing_key: &SealingKey,
    ) -> Result<(), JwtFault> {
        let (header, name) = (jwt.header(), KeySetName::of(trust));
        let keys = self.keys(&KeySetQuery { trust, header, sealing_key, name }).await?;
        let key = match keys.find(header) {
            Found::Key(key) => key,
            Found::Unknown => return Err(JwtFault::KeyUnknown),
            Found::OtherAlgorithm => return Err(JwtFault::KeyAlgorithm),
            Found::Ambiguous => return Err(JwtFault::KeyAmbiguous),
        };
        let (signed, signature) = (jwt.signing_input(), jwt.signature());
        let good =
            key.may_have_made(signature) && self.signatures.verify(key, signed, signature).await;
        if good { Ok(()) } else { Err(JwtFault::Signature) }
    }

    async fn keys(&self, query: &KeySetQuery<'_>) -> Result<Rc<KeySet>, JwtFault> {
        let mut has_obtained = false;
        for _ in 0..KEY_SET_WAITS_MAX {
            match self.memory.next(&query.name, query.header, !has_obtained, self.clock.now()) {
                NextStep::Use(keys) => return Ok(keys),
                NextStep::Refuse(fault) => return Err(fault),
                NextStep::Wait => self.clock.sleep(KEY_SET_WAIT).await,
                NextStep::Obtain if has_obtained => break,
                NextStep::Obtain => {
                    has_obtained = true;
                    self.obtain(query).await;
                }
            }
        }
        Err(JwtFault::IssuerUnreachable)
    }

    /// Brings keys into memory, or notes why there are none.
    async fn obtain(&self, query: &KeySetQuery<'_>) {
        let copy = self.load(query).await;
        let now = self.clock.now();
        let enough = copy.as_ref().filter(|copy| copy.held.is_enough(query.header, now));
        if enough.is_some_and(|copy| self.memory.keep_copy(&query.name, &copy.held)) {
            return;
        }
        if copy.is_some() {
            self.memory.note_request(&query.name, now);
        }
        match self.fetch(query.trust, now).await {
            Ok(fetched) => {
                // Before the copy is stored, because other requests may be waiting.
                self.memory.keep(&query.name, fetched.held);
                let is_stored =
                    copy.is_some_and(|copy| copy.held.is_fresh(now) && copy.jwks == fetched.jwks);
                if !is_stored {
                    self.store(query, fetched.jwks, now).await;
                }
            }
            Err(fault) => {
                if let Some(copy) = copy {
                    self.memory.keep_copy(&query.name, &copy.held);
                }
                self.memory.note_failure(&query.name, fault, self.clock.now());
            }
        }
    }

    /// The copy in the store, if it is authentic.
    async fn load(&self, query: &KeySetQuery<'_>) -> Option<Fetched> {
        let sealed = self.store.load(&query.name.kv_name()).await.ok()??;
        let stored = stored::open(&sealed, &query.name, query.sealing_key).ok()?;
        Fetched::new(stored.jwks, stored.fetched_at.min(self.clock.now()))
    }

    async fn store(&self, query: &KeySetQuery<'_>, jwks: Vec<u8>, fetched_at: UnixMillis) {
        let stored = StoredKeySet { fetched_at, jwks };
        let nonce = self.entropy.bytes();
        let sealed = stored::seal(&stored, &query.name, query.sealing_key, nonce);
        // If the copy is lost, other isolates fetch the keys from the issuer.
        let ttl = KEY_SET_GOOD.whole_secs();
        let _ = self.store.store(&query.name.kv_name(), &sealed, ttl).await;
    }

    async fn fetch(&self, trust: &Trust, now: UnixMillis) -> Result<Fetched, JwtFault> {
        let uri = match &trust.jwks_uri {
            Some(uri) => uri.clone(),
            None => self.discover(&trust.issuer).await?,
        };
        Fetched::new(self.get(&uri).await?, now).ok_or(JwtFault::IssuerAnswer)
    }

    async fn discover(&self, issuer: &str) -> Result<String, JwtFault> {
        let url = discovery::metadata_url(issuer).ok_or(JwtFault::IssuerAnswer)?;
        let metadata = self.get(&url).await?;
        discovery::jwks_uri(&metadata, issuer).ok_or(JwtFault::IssuerAnswer)
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, JwtFault> {
        if !origin::is_trustworthy(url) {
            return Err(JwtFault::IssuerAnswer);
        }
        let body = self.issuers.get(url).await.map_err(|_| JwtFault::IssuerUnreachable)?;
        if body.len() > ISSUER_BODY_MAX_BYTES { Err(JwtFault::IssuerAnswer) } else { Ok(body) }
    }
}

impl Fetched {
    fn new(jwks: Vec<u8>, fetched_at: UnixMillis) -> Option<Self> {
        let keys = Rc::new(KeySet::parse(&jwks)?);
        Some(Self { jwks, held: HeldKeySet { keys, fetched_at } })
    }
}
