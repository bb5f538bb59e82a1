//! Workers KV: the shared tiers of tokens and of issuers' keys, and the client registry.
//!
//! Eventually consistent: a write can take 60 s or more to reach other locations (KV docs, "How
//! KV works"), and misses are cached as well, so `Ok(None)` does not mean that no other location
//! holds the token.

use js_sys::Error;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use worker::{Env, KvError, KvStore};

use super::bindings::bound;
use super::clock::SystemClock;
use super::js::number;
use super::timeout::within;
use crate::base::limits::{KV_CACHE_TTL_SECS, KV_TIMEOUT};
use crate::base::ports::{Loaded, TierError};
use crate::callers::ports::{ClientEntries, KeySetTier};
use crate::tokens::ports::TokenTier;
use crate::upstream::token_key::TokenKey;

#[wasm_bindgen(raw_module = "adapters/kv.mjs")]
extern "C" {
    fn reading(namespace: &JsValue, name: &str, cache_ttl: f64, ms: f64) -> JsValue;
}

/// A KV namespace, where it is bound.
#[derive(Clone, Debug)]
pub(super) struct KvNamespace(Option<Bound>);

#[derive(Clone, Debug)]
struct Bound {
    store: KvStore,
    /// The same, for [`reading`].
    namespace: JsValue,
}

impl KvNamespace {
    /// `TOKENS`.
    pub(super) fn tokens(env: &Env) -> Self {
        Self::new(env, "TOKENS")
    }

    /// `REGISTRY`.
    pub(super) fn registry(env: &Env) -> Self {
        Self::new(env, "REGISTRY")
    }

    fn new(env: &Env, name: &str) -> Self {
        let store = KvStore::from_this(env, name).ok();
        let parts = store.zip(bound(env, name));
        Self(parts.map(|(store, namespace)| Bound { store, namespace }))
    }

    /// A read that `worker.mjs` waits for, to come back with what it gave: see [`said`]. It is in
    /// JavaScript, where a hit in KV costs the fewest promises.
    pub(super) fn reading(&self, key: &TokenKey) -> Result<JsValue, TierError> {
        let (ttl, ms) = (number(KV_CACHE_TTL_SECS), number(KV_TIMEOUT.0));
        Ok(reading(&self.bound()?.namespace, &key.kv_name(), ttl, ms))
    }

    fn bound(&self) -> Result<&Bound, TierError> {
        self.0.as_ref().ok_or(TierError::Unbound)
    }

    async fn get(&self, name: &str) -> Loaded {
        let read = self.bound()?.store.get(name).cache_ttl(KV_CACHE_TTL_SECS).bytes();
        in_time(read).await
    }

    async fn put(&self, name: &str, value: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        let write = self.bound()?.store.put_bytes(name, value).map_err(fault)?;
        in_time(write.expiration_ttl(ttl_secs).execute()).await
    }
}

async fn in_time<T>(operation: impl Future<Output = Result<T, KvError>>) -> Result<T, TierError> {
    let outcome = within(&SystemClock, KV_TIMEOUT, operation).await;
    outcome.ok_or(TierError::TimedOut)?.map_err(fault)
}

/// The runtime gives no status code, only a text such as `KV PUT failed: 429 Too Many Requests`.
fn fault(error: KvError) -> TierError {
    let KvError::JavaScript(error) = error else { return TierError::Failed };
    let text = error.dyn_into::<Error>().map(|error| String::from(error.message()));
    match text {
        Ok(text) if text.contains(" 429 ") => TierError::Throttled,
        _ => TierError::Failed,
    }
}

impl TokenTier for KvNamespace {
    async fn load(&self, key: &TokenKey) -> Loaded {
        self.get(&key.kv_name()).await
    }

    async fn store(&self, key: &TokenKey, record: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        self.put(&key.kv_name(), record, ttl_secs).await
    }
}

impl KeySetTier for KvNamespace {
    async fn load(&self, name: &str) -> Loaded {
        self.get(name).await
    }

    async fn store(&self, name: &str, bytes: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        self.put(name, bytes, ttl_secs).await
    }
}

impl ClientEntries for KvNamespace {
    fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    async fn load(&self, name: &str) -> Loaded {
        self.get(name).await
    }
}

/// What KV says where it gives no value; the words of `kv.mjs`.
pub(super) fn said(word: &str) -> Loaded {
    match word {
        "miss" => Ok(None),
        "timeout" => Err(TierError::TimedOut),
        "throttled" => Err(TierError::Throttled),
        _ => Err(TierError::Failed),
    }
}
