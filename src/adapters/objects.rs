//! Durable Objects, as isolates call them.

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use worker::web_sys::{Request, RequestInit};
use worker::{Env, ObjectNamespace};

use super::bindings::bound;
use crate::base::ports::{CallFailed, Objects};

/// A Durable Object namespace, where it is bound.
#[derive(Clone)]
pub(super) struct Namespace(Option<ObjectNamespace>);

impl Namespace {
    /// The namespace behind the binding `name`.
    pub(super) fn new(env: &Env, name: &str) -> Self {
        Self(bound(env, name).map(JsCast::unchecked_into))
    }
}

impl Objects for Namespace {
    fn is_bound(&self) -> bool {
        self.0.is_some()
    }

    async fn call(&self, name: &str, message: &[u8]) -> Result<Vec<u8>, CallFailed> {
        let namespace = self.0.as_ref().ok_or(CallFailed)?;
        call(namespace, name, message).await.map_err(|_| CallFailed)
    }
}

async fn call(namespace: &ObjectNamespace, name: &str, message: &[u8]) -> worker::Result<Vec<u8>> {
    // Not the crate's own, whose class for Cloudflare's options would have to be exported.
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&Uint8Array::from(message));
    let request = Request::new_with_str_and_init("https://object", &init)?;
    namespace.get_by_name(name)?.fetch_with_request(request.into()).await?.bytes().await
}
