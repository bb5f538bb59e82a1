//! Reads Secrets Store.

use std::pin::Pin;

use js_sys::Promise;
use secrecy::SecretString;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;

use super::bindings::bound;
use crate::upstream::secrets::SecretStore;

#[wasm_bindgen]
extern "C" {
    /// A binding to one secret. It is an object of another Worker: only a call of the method itself reaches it.
    type Secret;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Secret) -> Result<JsValue, JsValue>;
}

/// The bindings to Secrets Store.
pub(super) struct Bound(pub(super) Env);

impl SecretStore for Bound {
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
