//! The request log, to the console; Workers Logs takes each JSON line apart into fields. And the
//! metrics, to Workers Analytics Engine.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::console;

use super::bindings::bound;
use super::js::number;
use crate::log::Event;
use crate::log::EventSink;
use worker::Env;

#[wasm_bindgen(raw_module = "adapters/metrics.mjs")]
extern "C" {
    fn write(dataset: &JsValue, texts: Vec<String>, numbers: Vec<f64>);
}

/// `console.log`, and the dataset `METRICS` where it is bound.
#[derive(Debug)]
pub(super) struct Log {
    log_hits: bool,
    metrics: Option<JsValue>,
}

impl Log {
    pub(super) fn new(env: &Env, log_hits: bool) -> Self {
        Self { log_hits, metrics: bound(env, "METRICS") }
    }

    /// Whether there will be a line for this event.
    pub(super) fn writes(&self, event: &Event) -> bool {
        self.log_hits || !event.is_mere_hit()
    }
}

impl EventSink for Log {
    fn record(&self, event: &Event) {
        if let Some(dataset) = &self.metrics {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let texts = vec![
                text(&event.client_id),
                event.outcome.to_owned(),
                event.tier.unwrap_or_default().to_owned(),
                text(&event.credential),
                event.route.to_owned(),
                event.proof.unwrap_or_default().to_owned(),
                text(&event.scope),
            ];
            let upstream = &event.upstream;
            let numbers = [upstream.ms.unwrap_or_default(), u64::from(upstream.requests)];
            let [ms, requests] = numbers.map(number);
            write(dataset, texts, vec![ms, requests, f64::from(event.status)]);
        }
        if !self.writes(event) {
            return;
        }
        // Names and numbers always serialize.
        let line = serde_json::to_string(event).unwrap_or_default();
        console::log_1(&JsValue::from_str(&line));
    }
}
