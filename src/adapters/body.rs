//! Reading bodies to their end, but never beyond a limit.

use futures_util::StreamExt;
use worker::ByteStream;
use worker::web_sys::{ReadableStream, Request};
use zeroize::Zeroizing;

use crate::error::RequestFault;
use crate::limits::REQUEST_BODY_MAX_BYTES;

/// The body of a request. A declared length spares reading what is too long, but is not trusted:
/// over a service binding it can be anything.
pub(super) async fn of_request(
    request: &Request,
    content_length: Option<String>,
) -> Result<Zeroizing<Vec<u8>>, RequestFault> {
    let declared = content_length.and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > REQUEST_BODY_MAX_BYTES) {
        return Err(RequestFault::BodyTooLarge);
    }
    match request.body() {
        None => Ok(Zeroizing::default()),
        Some(stream) => up_to(REQUEST_BODY_MAX_BYTES, stream)
            .await
            .map_err(|_| RequestFault::BodyUnreadable)?
            .ok_or(RequestFault::BodyTooLarge),
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
