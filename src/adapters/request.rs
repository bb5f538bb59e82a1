//! A request of the platform: what it tells of its caller, and `waitUntil`.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::callers::presented::PlatformIdentity;
use crate::callers::proofs::certificate::ClientCertificate;
use crate::http::ports::PlatformRequest;

#[wasm_bindgen]
extern "C" {
    /// `ExecutionContext`.
    #[derive(Debug)]
    pub type Context;

    #[wasm_bindgen(method, catch, js_name = waitUntil)]
    fn wait_until(this: &Context, work: &Promise) -> Result<(), JsValue>;
}

#[wasm_bindgen(raw_module = "adapters/request.mjs")]
extern "C" {
    fn identity(request: &JsValue, context: &Context) -> Vec<JsValue>;
    fn header(request: &JsValue, name: &str) -> Option<String>;
    fn address(request: &JsValue) -> Option<String>;
    #[wasm_bindgen(js_name = identityHeader)]
    fn identity_header(request: &JsValue) -> Option<String>;
    #[wasm_bindgen(js_name = msalSku)]
    fn msal_sku(request: &JsValue) -> Option<String>;
    #[wasm_bindgen(js_name = azureSdk)]
    fn azure_sdk(request: &JsValue) -> Option<String>;
    #[wasm_bindgen(js_name = headerNames)]
    fn header_names(request: &JsValue) -> String;
    fn nonce(request: &JsValue) -> String;
}

/// A `Request` and its context.
pub(super) struct WorkerRequest {
    pub(super) request: JsValue,
    pub(super) context: Context,
    /// Whether it is none, but a call by RPC.
    pub(super) is_call: bool,
}

impl WorkerRequest {
    /// Lets `work` go on after the response, and if the caller goes away.
    pub(super) fn wait_until(&self, work: &Promise) {
        // If this fails, the work ends with the request.
        let _ = self.context.wait_until(work);
    }
}

impl PlatformRequest for WorkerRequest {
    fn identity(&self) -> PlatformIdentity {
        let parts = identity(&self.request, &self.context);
        let mut parts = parts.into_iter().map(|part| part.as_string());
        let mut next = || parts.next().flatten();
        PlatformIdentity {
            service_binding: next(),
            access_jwt: next(),
            certificate: Some(ClientCertificate {
                presented: next(),
                verified: next(),
                revoked: next(),
                fingerprint: next(),
            }),
        }
    }

    fn address(&self) -> Option<String> {
        address(&self.request)
    }

    fn identity_header(&self) -> Option<String> {
        identity_header(&self.request)
    }

    fn is_msal(&self) -> bool {
        msal_sku(&self.request).is_some()
    }

    fn is_azure_sdk(&self) -> bool {
        azure_sdk(&self.request).is_some()
    }

    fn origin(&self) -> Option<String> {
        header(&self.request, "origin")
    }

    fn header(&self, name: &str) -> Option<String> {
        header(&self.request, name)
    }

    fn header_names(&self) -> String {
        header_names(&self.request)
    }

    fn nonce(&self) -> String {
        nonce(&self.request)
    }
}
