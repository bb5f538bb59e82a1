//! Whether a JWT is genuine: its signature is of a key of its issuer.

use std::rc::Rc;

use super::key_sets::{HeldKeySet, KeySets, NextStep};
use super::search::{Search, Standing};
use super::stored::{self, KeySetName, StoredKeySet};
use crate::base::keys::SealingKey;
use crate::base::limits::{
    ISSUER_BODY_MAX_BYTES, ISSUER_TIMEOUT, KEY_SET_GOOD, KEY_SET_WAIT, KEY_SET_WAITS_MAX,
};
use crate::base::origin;
use crate::base::ports::{Clock, Entropy, Store};
use crate::base::time::UnixMillis;
use crate::callers::ports::{CallerPorts, SignatureVerifier};
use crate::jwt::discovery;
use crate::jwt::jwks::{Found, KeySet};
use crate::jwt::{
    DocumentFault, IssuerFault, IssuerUnreachable, Jwt, JwtFault, JwtSubject, Profile, Trust,
};
use crate::log::Line;
use crate::upstream::ports::Documents;

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

/// Which key set a JWT takes.
struct KeySetQuery<'a> {
    trust: &'a Trust,
    sealing_key: &'a SealingKey,
    name: KeySetName,
    standing: Standing,
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
        line: &mut Line,
    ) -> Result<JwtSubject, JwtFault> {
        let checked = trust.check(jwt, profile, self.clock.now());
        if let Err(fault) = checked
            && !fault.tells_configuration()
        {
            return Err(fault);
        }
        let verified = self.verify(jwt, trust, checked.is_ok(), sealing_key, line).await;
        if let Err(JwtFault::KeysUnavailable(_)) = verified {
            line.issuer = Some(trust.issuer.clone());
        }
        verified?;
        checked
    }

    /// Verifies the signature of `jwt`. Only if its claims fit, newer keys may be fetched for it.
    ///
    /// # Errors
    /// The signature is not good, or there is no key for it.
    pub async fn verify(
        &self,
        jwt: &Jwt,
        trust: &Trust,
        claims_fit: bool,
        sealing_key: &SealingKey,
        line: &mut Line,
    ) -> Result<(), JwtFault> {
        let (header, name) = (jwt.header(), KeySetName::of(trust));
        let standing = Standing::of(jwt, claims_fit);
        let query = KeySetQuery { trust, sealing_key, name, standing };
        let has_turn = self.memory.has_turn(&name, self.clock.now());
        let mut search = Search { standing, has_asked: false, has_turn, tried: None };
        for _ in 0..KEY_SET_WAITS_MAX {
            match self.memory.next(&name, &search, self.clock.now()) {
                NextStep::Try(keys) => match self.verify_with(&keys, jwt).await {
                    Ok(()) => return Ok(()),
                    Err(fault) => search.tried = Some((keys, fault)),
                },
                NextStep::Obtain => search.has_asked = self.obtain(&query, line).await,
                NextStep::Wait => self.clock.sleep(KEY_SET_WAIT).await,
                NextStep::Refuse => break,
            }
        }
        Err(self.memory.refusal(&name, &search, header.key_id.as_deref(), self.clock.now()))
    }

    async fn verify_with(&self, keys: &KeySet, jwt: &Jwt) -> Result<(), JwtFault> {
        let keys = match keys.find(jwt.header()) {
            Found::Keys(keys) => keys,
            Found::Unknown => return Err(JwtFault::KeyUnknown),
            Found::LeftOut => return Err(JwtFault::KeyUnusable),
            Found::OtherAlgorithm => return Err(JwtFault::KeyAlgorithm),
            Found::Ambiguous => return Err(JwtFault::KeyAmbiguous),
        };
        let (signed, signature) = (jwt.signing_input(), jwt.signature());
        for key in keys {
            if key.may_have_made(signature) && self.signatures.verify(key, signed, signature).await
            {
                return Ok(());
            }
        }
        Err(JwtFault::Signature)
    }

    /// Brings keys into memory, or notes why there are none. Returns whether the issuer was asked.
    async fn obtain(&self, query: &KeySetQuery<'_>, line: &mut Line) -> bool {
        let copy = self.load(query).await;
        let now = self.clock.now();
        if let Some(Fetched { held, .. }) = &copy {
            let enough =
                held.is_fresh(now) || (query.standing != Standing::Fit && held.is_good(now));
            // The copy of another isolate may have the new key, and then nobody asks the issuer. A copy
            // that is not newer has been tried.
            if enough && self.keep_copy(query, held, line) {
                return false;
            }
        }
        self.memory.note_request(&query.name, copy.is_some(), now);
        match self.fetch(query.trust, now).await {
            Ok(fetched) => {
                let known = self.memory.held(&query.name);
                note_left_out(&fetched.held.keys, known.as_deref(), line);
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
                    self.keep_copy(query, &copy.held, line);
                }
                line.issuer_failed(fault.to_string());
                self.memory.note_failure(&query.name, fault, self.clock.now());
            }
        }
        true
    }

    /// Keeps keys that come from the store, unless newer ones are here. Returns whether it kept them.
    fn keep_copy(&self, query: &KeySetQuery<'_>, copy: &HeldKeySet, line: &mut Line) -> bool {
        let known = self.memory.held(&query.name);
        let kept = self.memory.keep_copy(&query.name, copy);
        if kept {
            note_left_out(&copy.keys, known.as_deref(), line);
        }
        kept
    }

    /// The copy in the store, if it is authentic.
    async fn load(&self, query: &KeySetQuery<'_>) -> Option<Fetched> {
        let sealed = self.store.load(&query.name.kv_name()).await.ok()??;
        let stored = stored::open(&sealed, &query.name, query.sealing_key).ok()?;
        Fetched::new(stored.jwks, stored.fetched_at.min(self.clock.now())).ok()
    }

    async fn store(&self, query: &KeySetQuery<'_>, jwks: Vec<u8>, fetched_at: UnixMillis) {
        let stored = StoredKeySet { fetched_at, jwks };
        let nonce = self.entropy.bytes();
        let sealed = stored::seal(&stored, &query.name, query.sealing_key, nonce);
        // If the copy is lost, other isolates fetch the keys from the issuer.
        let ttl = KEY_SET_GOOD.whole_secs();
        let _ = self.store.store(&query.name.kv_name(), &sealed, ttl).await;
    }

    /// The key set, within [`ISSUER_TIMEOUT`] from now on.
    async fn fetch(&self, trust: &Trust, now: UnixMillis) -> Result<Fetched, IssuerFault> {
        let until = now.plus(ISSUER_TIMEOUT);
        let uri = match &trust.jwks_uri {
            Some(uri) => uri.clone(),
            None => self.discover(&trust.issuer, until).await.map_err(IssuerFault::Metadata)?,
        };
        let jwks = self.get(&uri, until).await.map_err(IssuerFault::Keys)?;
        Fetched::new(jwks, now).map_err(IssuerFault::Keys)
    }

    async fn discover(&self, issuer: &str, until: UnixMillis) -> Result<String, DocumentFault> {
        let url = discovery::metadata_url(issuer).ok_or(DocumentFault::Url)?;
        discovery::jwks_uri(&self.get(&url, until).await?, issuer)
    }

    async fn get(&self, url: &str, until: UnixMillis) -> Result<Vec<u8>, DocumentFault> {
        if !origin::is_trustworthy(url) {
            return Err(DocumentFault::Url);
        }
        let body = self.issuers.get(url, self.clock.now().until(until)).await?;
        if body.len() > ISSUER_BODY_MAX_BYTES {
            return Err(IssuerUnreachable::TooLarge.into());
        }
        Ok(body)
    }
}

impl Fetched {
    fn new(jwks: Vec<u8>, fetched_at: UnixMillis) -> Result<Self, DocumentFault> {
        let keys = Rc::new(KeySet::parse(&jwks)?);
        Ok(Self { jwks, held: HeldKeySet { keys, fetched_at } })
    }
}

/// Notes which of the `keys` are left out, unless the same ones were left out of those that were `known`.
fn note_left_out(keys: &KeySet, known: Option<&KeySet>, line: &mut Line) {
    let left_out = keys.left_out();
    if known.is_none_or(|known| known.left_out() != left_out) {
        line.keys_left_out = left_out;
    }
}
