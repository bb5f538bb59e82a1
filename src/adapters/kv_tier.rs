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
use crate::ports::{TierError, TokenTier};

#[wasm_bindgen(raw_module = "adapters/kv.mjs")]
extern "C" {
    fn load(namespace: &JsValue, name: &str, cache_ttl: f64, ms: f64) -> Promise;
    fn store(namespace: &JsValue, name: &str, bytes: Uint8Array, ttl: f64, ms: f64) -> Promise;
}

/// The KV namespace `TOKENS`, where it is bound.
#[derive(Debug)]
pub(super) struct KvTier(Option<JsValue>);

impl KvTier {
    pub(super) fn new(env: &Env) -> Self {
        Self(bound(env, "TOKENS"))
    }

    fn namespace(&self) -> Result<&JsValue, TierError> {
        self.0.as_ref().ok_or(TierError::Unbound)
    }
}

impl TokenTier for KvTier {
    async fn load(&self, key: &TokenKey) -> Result<Option<Vec<u8>>, TierError> {
        read(self.0.as_ref(), &key.kv_name()).await
    }

    async fn store(&self, key: &TokenKey, record: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        let (namespace, record) = (self.namespace()?, Uint8Array::from(record));
        settled(store(namespace, &key.kv_name(), record, number(ttl_secs), number(KV_TIMEOUT.0)))
            .await
            .map(drop)
    }
}

/// What `namespace` has under `name`.
pub(super) async fn read(
    namespace: Option<&JsValue>,
    name: &str,
) -> Result<Option<Vec<u8>>, TierError> {
    let namespace = namespace.ok_or(TierError::Unbound)?;
    let loaded = load(namespace, name, number(KV_CACHE_TTL_SECS), number(KV_TIMEOUT.0));
    let bytes = settled(loaded).await?.dyn_into::<Uint8Array>();
    Ok(bytes.ok().map(|bytes| bytes.to_vec()))
}

async fn settled(promise: Promise) -> Result<JsValue, TierError> {
    JsFuture::from(promise).await.map_err(|why| match why.as_string().as_deref() {
        Some("timeout") => TierError::TimedOut,
        Some("throttled") => TierError::Throttled,
        _ => TierError::Failed,
    })
}
