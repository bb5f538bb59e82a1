//! Calls Durable Objects from an isolate.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::Env;
use worker::web_sys::{Request, RequestInit, Response};
use worker::worker_sys::DurableObjectNamespace;

use super::bindings::bound;
use super::fetch::body_up_to;
use crate::base::limits::OBJECT_BODY_MAX_BYTES;
use crate::base::ports::{CallFailed, Objects};

/// A Durable Object namespace, if it is bound.
#[derive(Clone)]
pub(super) struct Namespace(Option<DurableObjectNamespace>);

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
        call(namespace, name, message).await.ok().flatten().ok_or(CallFailed)
    }
}

async fn call(
    namespace: &DurableObjectNamespace,
    name: &str,
    message: &[u8],
) -> Result<Option<Vec<u8>>, JsValue> {
    // Not the crate's own types, for the reasons in `fetch.rs`.
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&Uint8Array::from(message));
    let request = Request::new_with_str_and_init("https://object", &init)?;
    let promise = namespace.get_by_name(name)?.fetch_with_request(&request)?;
    let response: Response = JsFuture::from(promise).await?.dyn_into()?;
    if response.status() != 200 {
        return Ok(None);
    }
    let answer = body_up_to(OBJECT_BODY_MAX_BYTES, &response).await?;
    Ok(answer.map(|mut answer| std::mem::take(&mut *answer)))
}
