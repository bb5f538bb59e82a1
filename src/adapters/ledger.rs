//! A client's ledger of used assertions as a SQLite-backed Durable Object.

use std::rc::Rc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::DurableObjectState;

use super::clock::SystemClock;
use super::entropy::SystemEntropy;
use super::promise;
use super::storage::ObjectStorage;
use crate::base::ports::{Clock, Entropy};
use crate::callers::ledger::answer;

/// One client's ledger, as `worker.mjs` calls it.
#[wasm_bindgen]
pub struct AssertionLedger {
    storage: Rc<ObjectStorage>,
}

#[wasm_bindgen]
impl AssertionLedger {
    /// The inside of an object that is created, or comes back.
    #[must_use]
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value, reason = "that is how objects come from JavaScript")]
    pub fn new(state: DurableObjectState) -> Self {
        Self { storage: Rc::new(ObjectStorage::of(&state)) }
    }

    /// Answers a message of an isolate. The promise is rejected if there is no answer.
    pub fn call(&self, message: Vec<u8>) -> Promise {
        let storage = Rc::clone(&self.storage);
        promise::of(async move {
            let (now, random) = (SystemClock.now(), SystemEntropy.bytes());
            let answer = answer(&*storage, &message, now, random).await;
            let answer = answer.map_err(|fault| fault.to_string())?;
            Ok(Uint8Array::from(answer.as_slice()).into())
        })
    }
}
