//! The request log, to the console; Workers Logs takes each JSON line apart into fields.

use worker::wasm_bindgen::JsValue;
use worker::web_sys::console;

use crate::event::Event;
use crate::ports::EventSink;

/// `console.log`.
#[derive(Debug)]
pub(super) struct Console {
    pub(super) log_hits: bool,
}

impl EventSink for Console {
    fn record(&self, event: &Event) {
        if event.is_mere_hit() && !self.log_hits {
            return;
        }
        // Names and numbers always serialize.
        let line = serde_json::to_string(event).unwrap_or_default();
        console::log_1(&JsValue::from_str(&line));
    }
}
