//! The shared tier over Workers KV.
//!
//! Eventually consistent: a write can take 60 s or more to reach other locations (KV docs, "How
//! KV works"), and misses are cached as well, so `Ok(None)` does not mean that no other location
//! holds the token.

use worker::wasm_bindgen::JsCast;
use worker::{Env, KvError, KvStore, js_sys};

use super::timeout;
use crate::keys::TokenKey;
use crate::limits::{KV_CACHE_TTL_SECS, KV_TIMEOUT};
use crate::ports::{TierError, TokenTier};

/// The KV namespace `TOKENS`, where it is bound.
#[derive(Debug)]
pub(super) struct KvTier(Option<KvStore>);

impl KvTier {
    pub(super) fn new(env: &Env) -> Self {
        Self(env.kv("TOKENS").ok())
    }

    fn store(&self) -> Result<&KvStore, TierError> {
        self.0.as_ref().ok_or(TierError::Unbound)
    }
}

impl TokenTier for KvTier {
    async fn load(&self, key: &TokenKey) -> Result<Option<Vec<u8>>, TierError> {
        let read = self.store()?.get(&key.kv_name()).cache_ttl(KV_CACHE_TTL_SECS).bytes();
        settle(timeout::within(KV_TIMEOUT, read).await)
    }

    async fn store(&self, key: &TokenKey, record: &[u8], ttl_secs: u64) -> Result<(), TierError> {
        let write = self
            .store()?
            .put_bytes(&key.kv_name(), record)
            .map_err(|error| classify(&error))?
            .expiration_ttl(ttl_secs)
            .execute();
        settle(timeout::within(KV_TIMEOUT, write).await)
    }
}

fn settle<T>(outcome: Option<Result<T, KvError>>) -> Result<T, TierError> {
    outcome.ok_or(TierError::TimedOut)?.map_err(|error| classify(&error))
}

/// The runtime gives no status code, only a text such as `KV PUT failed: 429 Too Many Requests`.
fn classify(error: &KvError) -> TierError {
    let message = match error {
        KvError::JavaScript(value) => value.dyn_ref::<js_sys::Error>().map(js_sys::Error::message),
        _ => None,
    };
    let throttled = message.is_some_and(|text| String::from(text).contains(" 429 "));
    if throttled { TierError::Throttled } else { TierError::Failed }
}
