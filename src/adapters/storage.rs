//! The storage of a Durable Object.
//!
//! Of `worker::Storage`, without the methods that go through serde: tokens and times are bytes and
//! numbers.

use js_sys::{Array, Date, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use worker::worker_sys::DurableObjectState;
use worker::{ScheduledTime, State, Storage};

use super::promise::number;
use crate::base::time::UnixMillis;
use crate::callers::ledger::{LedgerStorage, StorageFault};

/// The storage of the object with this state.
pub(super) struct ObjectStorage(Storage);

impl ObjectStorage {
    pub(super) fn of(state: &DurableObjectState) -> Self {
        let state: &JsValue = state.as_ref();
        let state: DurableObjectState = state.clone().unchecked_into();
        // The crate unwraps the getter `storage`, which every object has.
        Self(State::from(state).storage())
    }

    /// The bytes under `key`.
    pub(super) async fn bytes(&self, key: &str) -> worker::Result<Option<Vec<u8>>> {
        let value = self.value(key).await?;
        Ok(value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()))
    }

    /// Keeps `bytes` under `key`.
    pub(super) async fn put_bytes(&self, key: &str, bytes: &[u8]) -> worker::Result<()> {
        self.0.put_raw(key, Uint8Array::from(bytes)).await
    }

    /// Deletes everything, the alarm as well.
    pub(super) async fn clear(&self) -> worker::Result<()> {
        self.0.delete_all().await
    }

    /// Sets the alarm. Not from a number, which the crate takes for an offset from now.
    pub(super) async fn set_alarm(&self, at: UnixMillis) -> worker::Result<()> {
        let date = Date::new(&number(at.0).into());
        self.0.set_alarm(ScheduledTime::new(date)).await
    }

    async fn value(&self, key: &str) -> worker::Result<JsValue> {
        Ok(self.0.get_multiple(vec![key]).await?.get(&key.into()))
    }
}

impl LedgerStorage for ObjectStorage {
    async fn get(&self, name: &str) -> Result<Option<UnixMillis>, StorageFault> {
        let value = self.value(name).await.map_err(fault)?;
        Ok(instant(&value))
    }

    async fn put(&self, name: &str, until: UnixMillis) -> Result<(), StorageFault> {
        self.0.put_raw(name, number(until.0)).await.map_err(fault)
    }

    async fn list(
        &self,
        prefix: &str,
        start: &str,
        limit: usize,
    ) -> Result<Vec<(String, UnixMillis)>, StorageFault> {
        let options = worker::ListOptions::new().prefix(prefix).start(start).limit(limit);
        let found = self.0.list_with_options(options).await.map_err(fault)?;
        let entries = Array::from(&found.entries().into());
        Ok(entries.iter().filter_map(|entry| named(&entry)).collect())
    }

    async fn delete(&self, names: &[String]) -> Result<(), StorageFault> {
        let names = names.iter().map(String::as_str).collect();
        self.0.delete_multiple(names).await.map(drop).map_err(fault)
    }
}

/// A name and its instant.
fn named(entry: &JsValue) -> Option<(String, UnixMillis)> {
    let entry = entry.dyn_ref::<Array>()?;
    Some((entry.get(0).as_string()?, instant(&entry.get(1))?))
}

fn instant(value: &JsValue) -> Option<UnixMillis> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let millis = value.as_f64()? as u64;
    Some(UnixMillis(millis))
}

/// The error's text goes nowhere.
fn fault<E>(_: E) -> StorageFault {
    StorageFault
}
