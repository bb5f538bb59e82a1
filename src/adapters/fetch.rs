//! Requests to other servers by the Worker's `fetch`: to the token endpoint and to the issuers of
//! JWTs.
//!
//! A request follows no redirect, ends at its deadline, and reads no more than its limit. The text
//! of a platform error is dropped: it may have the URL.
//!
//! It does not use `worker::Fetch` and `worker::Response`. They copy what nobody reads (a request's
//! path, its method), which is 2 kB of wasm, and `Response::stream` takes an aborted body for a
//! complete one.

use js_sys::{IteratorNext, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use worker::web_sys::{
    AbortController, Headers, ReadableStream, ReadableStreamDefaultReader, Request, RequestInit,
    RequestRedirect, Response, WorkerGlobalScope,
};
use zeroize::Zeroizing;

use super::clock::SystemClock;
use crate::base::deadline::within;
use crate::base::limits::{
    ERROR_BODY_WAIT, ISSUER_BODY_MAX_BYTES, UPSTREAM_BODY_MAX_BYTES, UPSTREAM_TIMEOUT,
};
use crate::base::outgoing::{ACCEPT_ISSUER, USER_AGENT};
use crate::base::time::Millis;
use crate::jwt::IssuerUnreachable;
use crate::upstream::exchange::{
    BodyFault, BodyUse, EndpointRequest, EndpointResponse, TransportFailure,
};
use crate::upstream::ports::{Documents, TokenEndpoint};
use crate::upstream::retry::{RATE_LIMIT_HEADERS, is_rate_limit, reset_of_used_up};

/// Servers that the broker reaches over HTTPS.
#[derive(Debug)]
pub(super) struct Https;

impl TokenEndpoint for Https {
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure> {
        let init = token_request(request).map_err(|_| TransportFailure::NoConnection)?;
        send(request.url, &init, UPSTREAM_TIMEOUT, endpoint_response).await
    }
}

impl Documents for Https {
    async fn get(&self, url: &str, within: Millis) -> Result<Vec<u8>, IssuerUnreachable> {
        let init = json_get().map_err(|_| IssuerUnreachable::NoConnection)?;
        match send(url, &init, within, issuer_body).await {
            Ok(body) => body,
            Err(TransportFailure::TimedOut) => Err(IssuerUnreachable::TimedOut),
            Err(TransportFailure::NoConnection) => Err(IssuerUnreachable::NoConnection),
        }
    }
}

/// It may have the secret.
fn token_request(request: &EndpointRequest<'_>) -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in request.headers.fixed {
        headers.set(name, value)?;
    }
    headers.set(request.headers.request_id, request.request_id.as_str())?;
    if let Some(authorization) = &request.authorization {
        headers.set("authorization", authorization)?;
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&JsValue::from_str(&request.body));
    Ok(init)
}

fn json_get() -> Result<RequestInit, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in [ACCEPT_ISSUER, USER_AGENT] {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_headers(&headers);
    Ok(init)
}

/// Sends one request and hands the response to `read`. The `deadline` covers both.
async fn send<T>(
    url: &str,
    init: &RequestInit,
    deadline: Millis,
    read: impl AsyncFnOnce(Response) -> Result<T, JsValue>,
) -> Result<T, TransportFailure> {
    // A redirect could take the secret to any server.
    init.set_redirect(RequestRedirect::Manual);
    let request = Request::new_with_str_and_init(url, init);
    let (Ok(request), Ok(controller)) = (request, AbortController::new()) else {
        return Err(TransportFailure::NoConnection);
    };
    let until = RequestInit::new();
    until.set_signal(Some(&controller.signal()));
    let worker: WorkerGlobalScope = js_sys::global().unchecked_into();
    let exchange = async {
        let response = worker.fetch_with_request_and_init(&request, &until);
        read(JsFuture::from(response).await?.dyn_into()?).await
    };
    let outcome = within(&SystemClock, deadline, exchange).await;
    // Closes a body that was not read to its end. A complete one is not affected.
    controller.abort();
    outcome.ok_or(TransportFailure::TimedOut)?.map_err(|_| TransportFailure::NoConnection)
}

async fn endpoint_response(response: Response) -> Result<EndpointResponse, JsValue> {
    let status = response.status();
    let headers = response.headers();
    let retry_after = headers.get("retry-after")?;
    let text = |name| headers.get(name).ok().flatten();
    let reset = is_rate_limit(status).then(|| reset_of_used_up(RATE_LIMIT_HEADERS.map(text)));
    let body = body_up_to(UPSTREAM_BODY_MAX_BYTES, &response);
    let body = match BodyUse::of_status(status) {
        BodyUse::Unread => Err(BodyFault::Unread),
        BodyUse::Whole => whole(body.await),
        BodyUse::IfQuick => {
            let body = within(&SystemClock, ERROR_BODY_WAIT, body).await;
            body.map_or(Err(BodyFault::Unread), whole)
        }
    };
    Ok(EndpointResponse { status, retry_after, rate_limit_reset: reset.flatten(), body })
}

fn whole<T>(read: Result<Option<T>, JsValue>) -> Result<T, BodyFault> {
    read.map_err(|_| BodyFault::CutOff)?.ok_or(BodyFault::TooLarge)
}

async fn issuer_body(response: Response) -> Result<Result<Vec<u8>, IssuerUnreachable>, JsValue> {
    let status = response.status();
    if status != 200 {
        return Ok(Err(IssuerUnreachable::Status(status)));
    }
    let body = whole(body_up_to(ISSUER_BODY_MAX_BYTES, &response).await);
    Ok(match body {
        Ok(mut body) => Ok(std::mem::take(&mut *body)),
        Err(BodyFault::TooLarge) => Err(IssuerUnreachable::TooLarge),
        Err(_) => Err(IssuerUnreachable::CutOff),
    })
}

/// The whole body, or `None` if it has more than `max` bytes. It fails if the body is aborted.
pub(super) async fn body_up_to(
    max: usize,
    response: &Response,
) -> Result<Option<Zeroizing<Vec<u8>>>, JsValue> {
    let mut body = Zeroizing::new(Vec::new());
    let Some(stream) = response.body() else { return Ok(Some(body)) };
    let reader = reader(&stream)?;
    loop {
        let read: IteratorNext = JsFuture::from(reader.read()).await?.unchecked_into();
        if read.done() {
            return Ok(Some(body));
        }
        let chunk = Zeroizing::new(read.value().dyn_into::<Uint8Array>()?.to_vec());
        if chunk.len() > max.saturating_sub(body.len()) {
            return Ok(None);
        }
        append(&mut body, &chunk);
    }
}

fn reader(stream: &ReadableStream) -> Result<ReadableStreamDefaultReader, JsValue> {
    Ok(stream.get_reader().dyn_into()?)
}

/// Appends `chunk`, and wipes the old buffer when a longer one replaces it. A `Vec` that grows does
/// not wipe.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let length = body.len().saturating_add(chunk.len());
    if length > body.capacity() {
        let mut longer = Zeroizing::new(Vec::with_capacity(length.saturating_mul(2)));
        longer.extend_from_slice(body);
        *body = longer;
    }
    body.extend_from_slice(chunk);
}
