//! The Worker's bindings, in the form that the configuration reads.

use js_sys::{JSON, Reflect};
use wasm_bindgen::JsValue;
use worker::Env;

use crate::config::{Binding, Bindings};

/// The binding `name`, if it exists.
///
/// It does not use the methods of [`Env`]. They compare the name of a binding's constructor, and a
/// binding to another Worker has another name.
pub(super) fn bound(env: &Env, name: &str) -> Option<JsValue> {
    let value = Reflect::get(env, &JsValue::from_str(name)).unwrap_or_default();
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

impl Bindings for Env {
    fn binding(&self, name: &str) -> Binding {
        let Some(value) = bound(self, name) else { return Binding::Absent };
        if let Some(text) = value.as_string() {
            return if text.is_empty() { Binding::Absent } else { Binding::Text(text.into()) };
        }
        // No table has a function. KV has one too, and nobody reads a secret from it.
        let get = Reflect::get(&value, &JsValue::from_str("get")).unwrap_or_default();
        if get.is_function() {
            return Binding::Stored;
        }
        let json = JSON::stringify(&value).ok().and_then(|text| text.as_string());
        json.map_or(Binding::Absent, Binding::Json)
    }
}
