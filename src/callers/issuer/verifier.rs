//! Whether a JWT is signed with a key of its issuer.

use std::rc::Rc;

use super::key_sets::{Held, KeySets, Step};
use super::stored::{self, KeySetName, StoredKeySet};
use crate::base::keys::SealingKey;
use crate::base::limits::{ISSUER_BODY_MAX_BYTES, KEY_SET_GOOD, KEY_SET_WAIT, KEY_SET_WAITS_MAX};
use crate::base::origin;
use crate::base::ports::{Clock, Entropy};
use crate::base::time::UnixMillis;
use crate::callers::ports::{IssuerEndpoint, KeySetTier, SignatureVerifier};
use crate::jwt::compact::Header;
use crate::jwt::discovery;
use crate::jwt::jwks::{Found, KeySet};
use crate::jwt::{Jwt, JwtFault, JwtSubject, Profile, Trust};

/// Verifies JWTs: keys from memory, else from the shared tier, else from the issuer.
#[derive(Debug)]
pub struct JwtVerifier<E, K, S, C, R> {
    /// The keys that this isolate knows.
    pub memory: KeySets,
    /// The issuers.
    pub endpoint: E,
    /// Where isolates share keys.
    pub tier: K,
    /// Signatures.
    pub signatures: S,
    /// The time.
    pub clock: C,
    /// For nonces.
    pub entropy: R,
}

/// One key set on its way here.
struct Wanted<'a> {
    trust: &'a Trust,
    header: &'a Header,
    sealing_key: &'a SealingKey,
    name: KeySetName,
}

/// A key set, as the issuer wrote it and as it is used.
struct Fetched {
    jwks: Vec<u8>,
    held: Held,
}

impl<E, K, S, C, R> JwtVerifier<E, K, S, C, R>
where
    E: IssuerEndpoint,
    K: KeySetTier,
    S: SignatureVerifier,
    C: Clock,
    R: Entropy,
{
    /// Whom `jwt` names, once everything about it has been found good under `trust`.
    ///
    /// # Errors
    /// Any [`JwtFault`] of a JWT. Those that tell the configuration come only where the signature
    /// is good.
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

    /// Verifies the signature of `jwt` alone. The caller holds its claims against `trust`.
    ///
    /// # Errors
    /// `Signature`, or that there is no key for it.
    pub async fn verify(
        &self,
        jwt: &Jwt,
        trust: &Trust,
        sealing_key: &SealingKey,
    ) -> Result<(), JwtFault> {
        let (header, name) = (jwt.header(), KeySetName::of(trust));
        let keys = self.keys(&Wanted { trust, header, sealing_key, name }).await?;
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

    async fn keys(&self, wanted: &Wanted<'_>) -> Result<Rc<KeySet>, JwtFault> {
        let mut has_obtained = false;
        for _ in 0..KEY_SET_WAITS_MAX {
            match self.memory.next(&wanted.name, wanted.header, !has_obtained, self.clock.now()) {
                Step::Use(keys) => return Ok(keys),
                Step::Refuse(fault) => return Err(fault),
                Step::Wait => self.clock.sleep(KEY_SET_WAIT).await,
                Step::Obtain if has_obtained => break,
                Step::Obtain => {
                    has_obtained = true;
                    self.obtain(wanted).await;
                }
            }
        }
        Err(JwtFault::IssuerUnreachable)
    }

    /// Gets keys into memory, or notes why there are none.
    async fn obtain(&self, wanted: &Wanted<'_>) {
        let copy = self.load(wanted).await;
        let now = self.clock.now();
        let enough = copy.as_ref().filter(|copy| copy.held.is_enough(wanted.header, now));
        if enough.is_some_and(|copy| self.memory.keep_copy(&wanted.name, &copy.held)) {
            return;
        }
        if copy.is_some() {
            self.memory.note_ask(&wanted.name, now);
        }
        match self.fetch(wanted.trust, now).await {
            Ok(fetched) => {
                // First for the others, who may be waiting.
                self.memory.keep(&wanted.name, fetched.held);
                let is_stored =
                    copy.is_some_and(|copy| copy.held.is_fresh(now) && copy.jwks == fetched.jwks);
                if !is_stored {
                    self.store(wanted, fetched.jwks, now).await;
                }
            }
            Err(fault) => {
                if let Some(copy) = copy {
                    self.memory.keep_copy(&wanted.name, &copy.held);
                }
                self.memory.note_failure(&wanted.name, fault, self.clock.now());
            }
        }
    }

    /// The copy in the shared tier, where it is authentic.
    async fn load(&self, wanted: &Wanted<'_>) -> Option<Fetched> {
        let sealed = self.tier.load(&wanted.name.kv_name()).await.ok()??;
        let stored = stored::open(&sealed, &wanted.name, wanted.sealing_key).ok()?;
        Fetched::new(stored.jwks, stored.fetched_at.min(self.clock.now()))
    }

    async fn store(&self, wanted: &Wanted<'_>, jwks: Vec<u8>, fetched_at: UnixMillis) {
        let stored = StoredKeySet { fetched_at, jwks };
        let nonce = self.entropy.bytes();
        let sealed = stored::seal(&stored, &wanted.name, wanted.sealing_key, nonce);
        // A copy that is not kept is fetched again.
        let ttl = KEY_SET_GOOD.whole_secs();
        let _ = self.tier.store(&wanted.name.kv_name(), &sealed, ttl).await;
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
        let body = self.endpoint.get(url).await.map_err(|_| JwtFault::IssuerUnreachable)?;
        if body.len() > ISSUER_BODY_MAX_BYTES { Err(JwtFault::IssuerAnswer) } else { Ok(body) }
    }
}

impl Fetched {
    fn new(jwks: Vec<u8>, fetched_at: UnixMillis) -> Option<Self> {
        let keys = Rc::new(KeySet::parse(&jwks)?);
        Some(Self { jwks, held: Held { keys, fetched_at } })
    }
}
