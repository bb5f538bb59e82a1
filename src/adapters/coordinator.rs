//! A token's coordinator as a SQLite-backed Durable Object.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::worker_sys::DurableObjectState;

use super::isolate::{self, Platform};
use super::promise;
use super::storage::ObjectStorage;
use crate::base::keyspace::COORDINATOR_STATE;
use crate::base::ports::StorageFault;
use crate::base::time::UnixMillis;
use crate::http::isolate::Isolate;
use crate::tokens::coordinator::driver::{CallFault, Driver};
use crate::tokens::coordinator::ports::Home;

/// One token's coordinator, as `worker.mjs` calls it.
#[wasm_bindgen]
pub struct TokenCoordinator {
    inside: Rc<Inside>,
}

/// The object, and its driver with the isolate that it was made for. After a change of secrets both are
/// made anew.
struct Inside {
    state: Rc<DurableObjectState>,
    env: Env,
    made: RefCell<Option<Made>>,
}

type ObjectDriver = Driver<Platform, ObjectHome>;
type Made = (Rc<Isolate<Platform>>, Rc<ObjectDriver>);

#[wasm_bindgen]
impl TokenCoordinator {
    /// The inside of an object that is created, or comes back.
    #[must_use]
    #[wasm_bindgen(constructor)]
    pub fn new(state: DurableObjectState, env: &Env) -> Self {
        let inside = Inside { state: Rc::new(state), env: env.clone(), made: RefCell::default() };
        Self { inside: Rc::new(inside) }
    }

    /// Answers a message of an isolate. The promise is rejected if there is no answer.
    pub fn call(&self, message: Vec<u8>) -> Promise {
        let inside = Rc::clone(&self.inside);
        promise::of(async move {
            let mut answer = Err(CallFault::Outdated);
            for _ in 0..2 {
                let isolate = isolate::ready(&inside.env).await;
                answer = inside.driver(Rc::clone(&isolate)).answer(&message).await;
                if answer.is_ok() || !isolate.is_outdated() {
                    break;
                }
            }
            let answer = answer.map_err(|fault| fault.to_string())?;
            Ok(Uint8Array::from(answer.as_slice()).into())
        })
    }

    /// The time of the alarm has come.
    pub fn alarm(&self) -> Promise {
        let inside = Rc::clone(&self.inside);
        promise::of(async move {
            let driver = inside.driver(isolate::ready(&inside.env).await);
            driver.alarm().await.map_err(|_| "storage failed")?;
            Ok(JsValue::UNDEFINED)
        })
    }
}

impl Inside {
    /// The driver for this isolate as it is now.
    fn driver(&self, isolate: Rc<Isolate<Platform>>) -> Rc<ObjectDriver> {
        if let Some((known, driver)) = &*self.made.borrow()
            && Rc::ptr_eq(known, &isolate)
        {
            return Rc::clone(driver);
        }
        let (config, broker, log) = (&isolate.config, &isolate.broker, &isolate.log);
        let storage = ObjectStorage::of(&self.state);
        let home = ObjectHome { state: Rc::clone(&self.state), storage };
        let driver = Driver::new(home, Rc::clone(config), Rc::clone(broker), Rc::clone(log));
        self.made.replace(Some((isolate, Rc::clone(&driver))));
        driver
    }
}

struct ObjectHome {
    state: Rc<DurableObjectState>,
    storage: ObjectStorage,
}

impl Home for ObjectHome {
    async fn load(&self) -> Result<Option<Vec<u8>>, StorageFault> {
        self.storage.bytes(COORDINATOR_STATE).await
    }

    async fn save(&self, state: &[u8]) -> Result<(), StorageFault> {
        self.storage.put_bytes(COORDINATOR_STATE, state).await
    }

    async fn clear(&self) -> Result<(), StorageFault> {
        self.storage.clear().await
    }

    async fn set_alarm(&self, at: UnixMillis) -> Result<(), StorageFault> {
        self.storage.set_alarm(at).await
    }

    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        // Without it the work goes on for as long as the object is used.
        let _ = self.state.wait_until(&promise::done(work));
    }
}
