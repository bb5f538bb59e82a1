//! The Worker's bindings, in the form that the configuration reads, and the secrets behind them.

use std::pin::Pin;

use js_sys::{JSON, Promise, Reflect};
use secrecy::SecretString;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use crate::config::{Binding, Bindings};
use crate::upstream::secrets::SecretStore;

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

#[wasm_bindgen]
extern "C" {
    /// A binding to one secret. It is an object of another Worker: only a call of the method itself reaches it.
    type Secret;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Secret) -> Result<JsValue, JsValue>;
}

/// The bindings to Secrets Store.
pub(super) struct StoredSecrets(pub(super) Env);

impl SecretStore for StoredSecrets {
    fn get(&self, name: &str) -> Pin<Box<dyn Future<Output = Option<SecretString>>>> {
        let secret = bound(&self.0, name);
        Box::pin(async move {
            let text = secret?.unchecked_into::<Secret>().get().ok()?;
            // What a call of another Worker returns is like a promise, and is none.
            let text = JsFuture::from(Promise::resolve(&text)).await.ok()?;
            Some(text.as_string()?.into())
        })
    }
}
