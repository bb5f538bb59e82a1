//! Calls Durable Objects from an isolate.

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use worker::web_sys::{Request, RequestInit};
use worker::{Env, ObjectNamespace};

use super::bindings::bound;
use super::fetch::body_up_to;
use crate::base::limits::OBJECT_BODY_MAX_BYTES;
use crate::base::ports::{CallFailed, Objects};

/// A Durable Object namespace, if it is bound.
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
        call(namespace, name, message).await.ok().flatten().ok_or(CallFailed)
    }
}

async fn call(
    namespace: &ObjectNamespace,
    name: &str,
    message: &[u8],
) -> worker::Result<Option<Vec<u8>>> {
    // Not the crate's own type: the wasm would have to export its class for Cloudflare's options.
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&Uint8Array::from(message));
    let request = Request::new_with_str_and_init("https://object", &init)?;
    let response = namespace.get_by_name(name)?.fetch_with_request(request.into()).await?;
    if response.status_code() != 200 {
        return Ok(None);
    }
    let answer = body_up_to(OBJECT_BODY_MAX_BYTES, &response).await?;
    Ok(answer.map(|mut answer| std::mem::take(&mut *answer)))
}
