//! Reading bodies to their end, but never beyond a limit.

use futures_util::StreamExt;
use worker::wasm_bindgen::JsValue;
use worker::web_sys::{ReadableStream, Request};
use worker::{ByteStream, js_sys, wasm_bindgen_futures::JsFuture};
use zeroize::Zeroizing;

use crate::error::RequestFault;
use crate::limits::REQUEST_BODY_MAX_BYTES;

/// The body of a request.
///
/// A declared length is checked first: it spares reading what is too long, and reading what is
/// not chunk by chunk.
pub(super) async fn of_request(
    request: &Request,
    content_length: Option<String>,
) -> Result<Zeroizing<Vec<u8>>, RequestFault> {
    let length = content_length.and_then(|text| text.parse::<usize>().ok());
    match (length, request.body()) {
        (Some(length), _) if length > REQUEST_BODY_MAX_BYTES => Err(RequestFault::BodyTooLarge),
        (Some(_), Some(_)) => whole(request).await.map_err(|_| RequestFault::BodyUnreadable),
        (None, Some(stream)) => up_to(REQUEST_BODY_MAX_BYTES, stream)
            .await
            .map_err(|_| RequestFault::BodyUnreadable)?
            .ok_or(RequestFault::BodyTooLarge),
        (_, None) => Ok(Zeroizing::default()),
    }
}

/// The body behind `stream`, or nothing where it is longer than `max` bytes.
pub(super) async fn up_to(
    max: usize,
    stream: ReadableStream,
) -> worker::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut chunks = ByteStream::from(stream);
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = Zeroizing::new(chunk?);
        if body.len().saturating_add(chunk.len()) > max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

async fn whole(request: &Request) -> Result<Zeroizing<Vec<u8>>, JsValue> {
    let buffer = JsFuture::from(request.array_buffer()?).await?;
    Ok(Zeroizing::new(js_sys::Uint8Array::new(&buffer).to_vec()))
}
