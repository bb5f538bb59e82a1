//! Workers KV: the shared tiers of tokens and of issuers' keys, and the client registry.
//!
//! KV is eventually consistent: a write can take 60 s or more to reach other locations (KV docs,
//! "How KV works"). KV caches misses as well, so after `Ok(None)` another location may still have
//! the token.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::bindings::bound;
use super::clock::SystemClock;
use super::promise::number;
use crate::base::deadline::within;
use crate::base::keyspace;
use crate::base::limits::{KV_CACHE_TTL_SECS, KV_TIMEOUT};
use crate::base::ports::{Store, StoreError};

#[wasm_bindgen(raw_module = "adapters/kv.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = read)]
    fn read_for(
        namespace: &JsValue,
        name: &str,
        cache_ttl: f64,
        max: usize,
        ms: f64,
        exchange: JsValue,
    ) -> JsValue;

    fn load(namespace: &JsValue, name: &str, cache_ttl: f64, max: usize) -> Promise;

    fn save(namespace: &JsValue, name: &str, value: Uint8Array, ttl: f64) -> Promise;
}

/// A KV namespace, if it is bound.
#[derive(Clone, Debug)]
pub(super) struct KvNamespace(Option<JsValue>);

impl KvNamespace {
    /// The namespace behind the binding `name`.
    pub(super) fn new(env: &Env, name: &str) -> Self {
        Self(bound(env, name).filter(JsValue::is_object))
    }

    /// The binding itself.
    pub(super) fn value(&self) -> JsValue {
        self.0.clone().unwrap_or_default()
    }

    fn bound(&self) -> Result<&JsValue, StoreError> {
        self.0.as_ref().ok_or(StoreError::Unbound)
    }
}

async fn in_time(operation: Promise) -> Result<JsValue, StoreError> {
    let outcome = within(&SystemClock, KV_TIMEOUT, JsFuture::from(operation)).await;
    outcome.ok_or(StoreError::TimedOut)?.map_err(|_| StoreError::Failed)
}

impl Store for KvNamespace {
    fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (ttl, max) = (number(KV_CACHE_TTL_SECS), keyspace::value_max_bytes(name));
        let loaded = in_time(load(self.bound()?, name, ttl, max)).await?;
        match loaded.dyn_into::<Uint8Array>() {
            Ok(value) => Ok(Some(value.to_vec())),
            Err(word) => from_word(word.as_string().as_deref()),
        }
    }

    async fn store(&self, name: &str, value: &[u8], ttl_secs: u64) -> Result<(), StoreError> {
        let value = Uint8Array::from(value);
        let saved = in_time(save(self.bound()?, name, value, number(ttl_secs))).await?;
        if saved.is_undefined() {
            Ok(())
        } else {
            from_word(saved.as_string().as_deref()).map(drop)
        }
    }
}

/// Reads the value under `name` for a half-done exchange: the `Pending` of `entry.rs`.
/// `worker.mjs` waits for it, because a hit in KV takes fewer promises in JavaScript.
pub(super) fn read(namespace: &JsValue, name: &str, exchange: JsValue) -> JsValue {
    let (ttl, max) = (number(KV_CACHE_TTL_SECS), keyspace::value_max_bytes(name));
    read_for(namespace, name, ttl, max, number(KV_TIMEOUT.0), exchange)
}

/// The result without a value, from its word in `kv.mjs`.
pub(super) fn from_word(word: Option<&str>) -> Result<Option<Vec<u8>>, StoreError> {
    match word {
        Some("miss") => Ok(None),
        Some("timeout") => Err(StoreError::TimedOut),
        Some("throttled") => Err(StoreError::Throttled),
        Some("too_large") => Err(StoreError::TooLarge),
        _ => Err(StoreError::Failed),
    }
}
