//! The cron handler. After a deploy it calls the coordinators of the grants that are kept warm.
//! From then on they renew by alarm.

use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::{isolate, promise};
use crate::config::Config;

/// Calls the coordinator of every grant that is kept warm.
#[wasm_bindgen]
pub fn scheduled(_event: JsValue, env: &Env, _context: JsValue) -> Promise {
    let ready = isolate::ready(env);
    promise::of(async move {
        let isolate = ready.await;
        let warming = Array::new();
        for grant in isolate.config().into_iter().flat_map(Config::kept_warm) {
            let (broker, log) = (Rc::clone(&isolate.broker), Rc::clone(&isolate.log));
            let warm = async move { broker.keep_warm_logged(&grant, &log).await };
            warming.push(&promise::done(Box::pin(warm)));
        }
        JsFuture::from(Promise::all(&warming)).await
    })
}
