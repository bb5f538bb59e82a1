//! The token endpoint over the Worker's `fetch`.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, Headers, Request, RequestInit, RequestRedirect, Response,
    WorkerGlobalScope,
};
use zeroize::Zeroizing;

use super::{body, timeout};
use crate::base::limits::{ERROR_BODY_WAIT, UPSTREAM_BODY_MAX_BYTES, UPSTREAM_TIMEOUT};
use crate::upstream::exchange::{BodyUse, EndpointRequest, EndpointResponse, TransportFailure};
use crate::upstream::ports::TokenEndpoint;

/// Entra over HTTPS.
#[derive(Debug)]
pub(super) struct EntraFetch;

impl TokenEndpoint for EntraFetch {
    async fn post(
        &self,
        request: &EndpointRequest<'_>,
    ) -> Result<EndpointResponse, TransportFailure> {
        let controller = AbortController::new().map_err(no_connection)?;
        let signal = controller.signal();
        let reply = timeout::within(UPSTREAM_TIMEOUT, exchange(request, &signal)).await;
        // Closes what was not read to its end; what was is not affected.
        controller.abort();
        reply.ok_or(TransportFailure::TimedOut)?.map_err(no_connection)
    }
}

/// The error's text may hold the URL or worse; it goes nowhere.
fn no_connection<E>(_: E) -> TransportFailure {
    TransportFailure::NoConnection
}

async fn exchange(
    request: &EndpointRequest<'_>,
    signal: &AbortSignal,
) -> Result<EndpointResponse, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers(request)?.into());
    init.set_body(&JsValue::from_str(&request.body));
    // Following a redirect would hand the secret to wherever it points.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(signal));
    let request = Request::new_with_str_and_init(request.url, &init)?;
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    let response = JsFuture::from(global.fetch_with_request(&request)).await?;
    read(response.dyn_into()?).await
}

fn headers(request: &EndpointRequest<'_>) -> Result<Headers, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in request.headers.fixed {
        headers.set(name, value)?;
    }
    headers.set(request.headers.request_id, request.request_id.as_str())?;
    Ok(headers)
}

async fn read(response: Response) -> Result<EndpointResponse, JsValue> {
    let status = response.status();
    let retry_after = response.headers().get("retry-after")?;
    let body = match (BodyUse::of_status(status), response.body()) {
        (BodyUse::Unread, _) => None,
        (_, None) => Some(Zeroizing::default()),
        (BodyUse::Whole, Some(stream)) => body::up_to(UPSTREAM_BODY_MAX_BYTES, stream).await?,
        (BodyUse::IfQuick, Some(stream)) => {
            let body = body::up_to(UPSTREAM_BODY_MAX_BYTES, stream);
            timeout::within(ERROR_BODY_WAIT, body).await.and_then(Result::ok).flatten()
        }
    };
    Ok(EndpointResponse { status, retry_after, body })
}
