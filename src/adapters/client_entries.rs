//! The client registry over Workers KV.

use worker::Env;
use worker::wasm_bindgen::JsValue;

use super::env_config::bound;
use super::kv_tier::read;
use crate::ports::{ClientEntries, TierError};

/// The KV namespace `REGISTRY`, where it is bound.
#[derive(Debug)]
pub(super) struct RegistryNamespace(Option<JsValue>);

impl RegistryNamespace {
    pub(super) fn new(env: &Env) -> Self {
        Self(bound(env, "REGISTRY"))
    }
}

impl ClientEntries for RegistryNamespace {
    fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, TierError> {
        read(self.0.as_ref(), name).await
    }
}
