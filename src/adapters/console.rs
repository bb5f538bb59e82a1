//! Writes the request log to the console, where Workers Logs parses each JSON line into fields, and
//! the metrics to Workers Analytics Engine.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::Env;
use worker::web_sys::console;

use super::bindings::bound;
use super::promise::number;
use crate::log::{Line, LogSink};

#[wasm_bindgen(raw_module = "adapters/console.mjs")]
extern "C" {
    /// One call. The crate's builder makes one for each column.
    fn count(dataset: &JsValue, texts: Vec<String>, numbers: Vec<f64>);
}

/// `console.log`, and the dataset `METRICS` if it is bound.
#[derive(Debug)]
pub(super) struct Console {
    metrics: Option<JsValue>,
}

impl Console {
    pub(super) fn new(env: &Env) -> Self {
        Self { metrics: bound(env, "METRICS") }
    }
}

impl LogSink for Console {
    fn count(&self, line: &Line) {
        let Some(dataset) = &self.metrics else { return };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let texts = vec![
            text(&line.client_id),
            line.outcome.to_owned(),
            line.tier.unwrap_or_default().to_owned(),
            text(&line.credential),
            line.route.to_owned(),
            line.proof.unwrap_or_default().to_owned(),
            text(&line.scope),
        ];
        let upstream = &line.upstream;
        let numbers = [upstream.ms.unwrap_or_default(), u64::from(upstream.requests)];
        let [ms, requests] = numbers.map(number);
        count(dataset, texts, vec![ms, requests, f64::from(line.status)]);
    }

    fn write(&self, line: &Line) {
        console::log_1(&JsValue::from_str(&line.to_json()));
    }
}
