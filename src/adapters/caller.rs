//! What the platform knows about a caller, read only where it is needed.

use std::net::Ipv6Addr;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// `ExecutionContext`. The one of `worker` itself panics where `waitUntil` throws.
pub(super) use worker::worker_sys::Context;

use crate::base::limits::ADDRESS_MAX_BYTES;
use crate::callers::presented::Ambient;

#[wasm_bindgen(raw_module = "adapters/caller.mjs")]
extern "C" {
    #[wasm_bindgen(js_name = ambient)]
    fn read_ambient(request: &JsValue, context: &Context) -> Vec<JsValue>;
    #[wasm_bindgen(js_name = address)]
    fn read_address(request: &JsValue) -> Option<String>;
    #[wasm_bindgen(js_name = origin)]
    fn read_origin(request: &JsValue) -> Option<String>;
}

/// Who the platform says it is.
pub(super) fn ambient(request: &JsValue, context: &Context) -> Ambient {
    let mut parts = read_ambient(request, context).into_iter().map(|part| part.as_string());
    let mut next = || parts.next().flatten();
    Ambient { service_binding: next(), access_jwt: next(), certificate: next() }
}

/// The address, where it is one: a Worker behind a service binding can send anything.
pub(super) fn address(request: &JsValue) -> Option<String> {
    read_address(request).filter(|text| {
        let plain = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
        text.len() <= ADDRESS_MAX_BYTES && text.bytes().all(plain)
    })
}

/// The network of the address, as whoever holds it has it: of IPv6 that is the first half.
pub(super) fn network(request: &JsValue) -> Option<String> {
    let address = address(request)?;
    let Ok(parsed) = address.parse::<Ipv6Addr>() else { return Some(address) };
    let [a, b, c, d, ..] = parsed.segments();
    Some(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string())
}

/// The origin of the page that asks.
pub(super) fn origin(request: &JsValue) -> Option<String> {
    read_origin(request)
}
