//! Workers KV: the shared tiers of tokens and of issuers' keys, and the client registry.
//!
//! Eventually consistent: a write can take 60 s or more to reach other locations (KV docs, "How
//! KV works"), and misses are cached as well, so `Ok(None)` does not mean that no other location
//! holds the token.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::bindings::bound;
use super::js::number;
use crate::base::limits::{KV_CACHE_TTL_SECS, KV_TIMEOUT};
use crate::base::ports::{Loaded, TierError};
use crate::callers::ports::{ClientEntries, KeySetTier};
use crate::tokens::ports::TokenTier;
use crate::upstream::token_key::TokenKey;
use worker::Env;

#[wasm_bindgen(raw_module = "adapters/kv.mjs")]
extern "C" {
    fn load(namespace: &JsValue, name: &str, cache_ttl: f64, ms: f64) -> Promise;
    fn reading(namespace: &JsValue, name: &str, cache_ttl: f64, ms: f64) -> JsValue;
    fn store(namespace: &JsValue, name: &str, bytes: Uint8Array, ttl: f64, ms: f64) -> Promise;
}

/// A KV namespace, where it is bound.
#[derive(Clone, Debug)]
pub(super) struct KvNamespace(Option<JsValue>);

impl KvNamespace {
    /// `TOKENS`.
    pub(super) fn tokens(env: &Env) -> Self {
        Self(bound(env, "TOKENS"))
    }

    /// `REGISTRY`.
    pub(super) fn registry(env: &Env) -> Self {
        Self(bound(env, "REGISTRY"))
    }

    /// A read that `worker.mjs` waits for, to come back with what it gave: see [`said`].
    pub(super) fn reading(&self, key: &TokenKey) -> Result<JsValue, TierError> {
        let (ttl, ms) = (number(KV_CACHE_TTL_SECS), number(KV_TIMEOUT.0));
        Ok(reading(self.namespace()?, &key.kv_name(), ttl, ms))
    }

    fn namespace(&self) -> Result<&JsValue, TierError> {
        self.0.as_ref().ok_or(TierError::Unbound)
    }

    async fn get(&self, name: &str) -> Loaded {
        let (ttl, ms) = (number(KV_CACHE_TTL_SECS), number(KV_TIMEOUT.0));
        let loaded = JsFuture::from(load(self.namespace()?, name, ttl, ms));
        match loaded.await.unwrap_or_default().dyn_into::<Uint8Array>() {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(word) => said(word.as_string().as_deref().unwrap_or_default()),
        }
    }

    async fn put(&self, name: &str, value: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        let (namespace, value) = (self.namespace()?, Uint8Array::from(value));
        let stored = store(namespace, name, value, number(ttl_secs), number(KV_TIMEOUT.0));
        match JsFuture::from(stored).await.unwrap_or_default().as_string().as_deref() {
            None => Ok(()),
            Some(word) => said(word).map(drop),
        }
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
