//! Durable Objects, as isolates call them.

use worker::{Method, ObjectNamespace, Request, RequestInit};

use super::bindings::{Env, bound};
use crate::base::ports::{CallFailed, Objects};
use wasm_bindgen::JsCast;

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
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(js_sys::Uint8Array::from(message).into()));
    let request = Request::new_with_init("https://object", &init)?;
    namespace.get_by_name(name)?.fetch_with_request(request).await?.bytes().await
}
