//! The shared tier over Workers KV.
//!
//! Eventually consistent: a write can take 60 s or more to reach other locations (KV docs, "How
//! KV works"), and misses are cached as well, so `Ok(None)` does not mean that no other location
//! holds the token.

use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::js_sys::{Promise, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

use super::env_config::bound;
use super::js::number;
use crate::keys::TokenKey;
use crate::limits::{KV_CACHE_TTL_SECS, KV_TIMEOUT};
use crate::ports::{Loaded, TierError, TokenTier};

#[wasm_bindgen(raw_module = "adapters/kv.mjs")]
extern "C" {
    fn load(namespace: &JsValue, name: &str, cache_ttl: f64, ms: f64) -> Promise;
    fn reading(namespace: &JsValue, name: &str, cache_ttl: f64, ms: f64) -> JsValue;
    fn store(namespace: &JsValue, name: &str, bytes: Uint8Array, ttl: f64, ms: f64) -> Promise;
}

/// The KV namespace `TOKENS`, where it is bound.
#[derive(Debug)]
pub(super) struct KvTier(Option<JsValue>);

impl KvTier {
    pub(super) fn new(env: &Env) -> Self {
        Self(bound(env, "TOKENS"))
    }

    /// A read that `worker.mjs` waits for, to come back with what it gave: see [`said`].
    pub(super) fn reading(&self, key: &TokenKey) -> Result<JsValue, TierError> {
        let (ttl, ms) = (number(KV_CACHE_TTL_SECS), number(KV_TIMEOUT.0));
        Ok(reading(self.namespace()?, &key.kv_name(), ttl, ms))
    }

    fn namespace(&self) -> Result<&JsValue, TierError> {
        self.0.as_ref().ok_or(TierError::Unbound)
    }
}

impl TokenTier for KvTier {
    async fn load(&self, key: &TokenKey) -> Loaded {
        let (ttl, ms) = (number(KV_CACHE_TTL_SECS), number(KV_TIMEOUT.0));
        let loaded = load(self.namespace()?, &key.kv_name(), ttl, ms);
        let loaded = JsFuture::from(loaded).await.unwrap_or_default();
        match loaded.dyn_into::<Uint8Array>() {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(word) => said(word.as_string().as_deref().unwrap_or_default()),
        }
    }

    async fn store(&self, key: &TokenKey, record: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        let (namespace, record) = (self.namespace()?, Uint8Array::from(record));
        let (ttl, ms) = (number(ttl_secs), number(KV_TIMEOUT.0));
        let stored = store(namespace, &key.kv_name(), record, ttl, ms);
        let stored = JsFuture::from(stored).await.unwrap_or_default();
        match stored.as_string().as_deref() {
            None => Ok(()),
            Some(word) => said(word).map(drop),
        }
    }
}

/// What KV says where it gives no record; the words of `kv.mjs`.
pub(super) fn said(word: &str) -> Loaded {
    match word {
        "miss" => Ok(None),
        "timeout" => Err(TierError::TimedOut),
        "throttled" => Err(TierError::Throttled),
        _ => Err(TierError::Failed),
    }
}
