//! A client's ledger of used assertions as a SQLite-backed Durable Object.

use std::rc::Rc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::clock::SystemClock;
use super::entropy::SystemEntropy;
use super::isolate;
use super::promise;
use super::storage::ObjectStorage;
use crate::base::ports::{Clock, Entropy};
use crate::callers::ledger::Ledger;

/// One client's ledger, as `worker.mjs` calls it.
#[wasm_bindgen]
pub struct AssertionLedger {
    inside: Rc<Inside>,
}

struct Inside {
    env: Env,
    ledger: Ledger<ObjectStorage>,
}

#[wasm_bindgen]
impl AssertionLedger {
    /// The inside of an object that is created, or comes back.
    #[must_use]
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value, reason = "that is how objects come from JavaScript")]
    pub fn new(state: DurableObjectState, env: &Env) -> Self {
        let name = state.id().ok().and_then(|id| id.name());
        let ledger = Ledger::new(name, ObjectStorage::of(&state));
        Self { inside: Rc::new(Inside { env: env.clone(), ledger }) }
    }

    /// Answers a message of an isolate. The promise is rejected if there is no answer.
    pub fn call(&self, message: Vec<u8>) -> Promise {
        let inside = Rc::clone(&self.inside);
        promise::of(async move {
            let Inside { env, ledger } = &*inside;
            let isolate = isolate::ready(env).await;
            let config = isolate.config().map_err(|error| error.to_string())?;
            let (now, random) = (SystemClock.now(), SystemEntropy.bytes());
            let answer = ledger.answer(config, &message, now, random).await;
            let answer = answer.map_err(|fault| fault.to_string())?;
            Ok(Uint8Array::from([answer].as_slice()).into())
        })
    }
}
