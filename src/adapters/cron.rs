//! The cron handler: after a deploy, it starts what is kept warm. From then on the coordinators
//! renew by alarm, and a call finds a token that is in hand.

use std::rc::Rc;

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

use super::env_config::Env;
use super::isolate::Isolate;
use super::js;
use crate::base::ports::Entropy;
use crate::base::request_id::RequestId;
use crate::config::{Config, Grant};
use crate::log::Event;
use crate::log::EventSink;

/// Asks the coordinator of every grant that is kept warm; one line in the log for each that had
/// to be fetched, or could not be.
#[wasm_bindgen]
pub fn scheduled(_event: JsValue, env: &Env, _context: JsValue) -> Promise {
    let isolate = Isolate::current(env);
    js::promise(async move {
        let warming = Array::new();
        let config = isolate.config.as_ref().ok();
        for grant in config.into_iter().flat_map(Config::kept_warm) {
            let isolate = Rc::clone(&isolate);
            warming.push(&js::done(async move { warm(&isolate, &grant).await }));
        }
        JsFuture::from(Promise::all(&warming)).await
    })
}

async fn warm(isolate: &Isolate, grant: &Grant) {
    let broker = &isolate.broker;
    let request_id = RequestId::from_random(broker.entropy.bytes());
    let mut event = Event::new(request_id, String::new(), "scheduled");
    event.credential = Some(grant.credential.name.clone());
    event.scope = Some(grant.scope.as_str().to_owned());
    event.outcome = "kept_warm";
    broker.keep_warm(grant, &mut event).await;
    if event.upstream.requests > 0 || event.renewal.is_some() || event.level != "info" {
        isolate.log.record(&event);
    }
}
