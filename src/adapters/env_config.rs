//! The Worker's bindings as the configuration reads them.

use worker::Env;
use worker::js_sys::{JSON, Reflect};
use worker::wasm_bindgen::JsValue;
use zeroize::Zeroizing;

use crate::config::{Binding, Bindings};

impl Bindings for Env {
    fn binding(&self, name: &str) -> Binding {
        let value = Reflect::get(self, &JsValue::from_str(name)).unwrap_or_default();
        if let Some(text) = value.as_string() {
            return if text.is_empty() {
                Binding::Absent
            } else {
                Binding::Text(Zeroizing::new(text))
            };
        }
        if value.is_undefined() || value.is_null() {
            return Binding::Absent;
        }
        let json = JSON::stringify(&value).ok().and_then(|text| text.as_string());
        json.map_or(Binding::Absent, Binding::Json)
    }
}
