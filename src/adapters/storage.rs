//! The storage of a Durable Object.
//!
//! It uses the platform types of the `worker` crate, and not the crate's wrapper around them. The
//! wrapper unwraps, needs `serde`, and takes the number of an alarm as an offset from now.

use js_sys::{Array, Date, Map, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::worker_sys::{DurableObjectState, DurableObjectStorage};

use super::promise::number;
use crate::base::ports::StorageFault;
use crate::base::time::UnixMillis;
use crate::callers::ledger::LedgerStorage;

/// The storage of one object.
pub(super) struct ObjectStorage(Result<DurableObjectStorage, JsValue>);

impl ObjectStorage {
    /// The storage of the object with this state.
    pub(super) fn of(state: &DurableObjectState) -> Self {
        Self(state.storage())
    }

    /// The bytes under `key`. Only the object itself writes its storage, and the platform takes 2 MB for
    /// a value (Durable Objects docs, "Limits").
    pub(super) async fn bytes(&self, key: &str) -> Result<Option<Vec<u8>>, StorageFault> {
        let value = self.wait_for(|storage| storage.get(key)).await?;
        Ok(value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec()))
    }

    /// Stores `bytes` under `key`.
    pub(super) async fn put_bytes(&self, key: &str, bytes: &[u8]) -> Result<(), StorageFault> {
        let bytes = Uint8Array::from(bytes).into();
        self.wait_for(|storage| storage.put(key, bytes)).await.map(drop)
    }

    /// Deletes everything, also the alarm.
    pub(super) async fn clear(&self) -> Result<(), StorageFault> {
        self.wait_for(DurableObjectStorage::delete_all).await.map(drop)
    }

    /// Sets the alarm.
    pub(super) async fn set_alarm(&self, at: UnixMillis) -> Result<(), StorageFault> {
        let date = Date::new(&number(at.0).into());
        self.wait_for(|storage| storage.set_alarm(date, Object::new())).await.map(drop)
    }

    /// The result of one operation. The text of an error is dropped.
    fn wait_for(
        &self,
        operation: impl FnOnce(&DurableObjectStorage) -> Result<Promise, JsValue>,
    ) -> impl Future<Output = Result<JsValue, StorageFault>> {
        settled(self.0.as_ref().ok().and_then(|storage| operation(storage).ok()))
    }
}

/// Not generic, so that the wasm has it once.
async fn settled(promise: Option<Promise>) -> Result<JsValue, StorageFault> {
    JsFuture::from(promise.ok_or(StorageFault)?).await.map_err(|_| StorageFault)
}

impl LedgerStorage for ObjectStorage {
    async fn get(&self, name: &str) -> Result<Option<UnixMillis>, StorageFault> {
        let value = self.wait_for(|storage| storage.get(name)).await?;
        Ok(instant(&value))
    }

    async fn put(&self, name: &str, until: UnixMillis) -> Result<(), StorageFault> {
        self.wait_for(|storage| storage.put(name, number(until.0).into())).await.map(drop)
    }

    async fn list(
        &self,
        prefix: &str,
        start: &str,
        limit: usize,
    ) -> Result<Vec<(String, UnixMillis)>, StorageFault> {
        let options = Object::new();
        let limit = number(u64::try_from(limit).unwrap_or(u64::MAX));
        let fields = [("prefix", prefix.into()), ("start", start.into()), ("limit", limit.into())];
        for (name, value) in fields {
            Reflect::set(&options, &name.into(), &value).map_err(|_| StorageFault)?;
        }
        let found = self.wait_for(|storage| storage.list_with_options(options)).await?;
        let entries = Array::from(&found.unchecked_into::<Map>().entries().into());
        Ok(entries.iter().filter_map(|entry| named(&entry)).collect())
    }

    async fn delete(&self, names: &[String]) -> Result<(), StorageFault> {
        let names = names.iter().map(|name| JsValue::from_str(name)).collect();
        self.wait_for(|storage| storage.delete_multiple(names)).await.map(drop)
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
