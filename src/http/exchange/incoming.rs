//! A request as the platform took it apart.

use crate::base::request_id::RequestId;

/// A request as the platform took it apart.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// HTTP method.
    pub method: String,
    /// Absolute URL, normalised (WHATWG URL).
    pub url: &'a str,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// Request ids that the caller sent as headers.
    pub request_ids: [Option<&'a str>; 2],
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body. `None` if the method has none, or if it could not be read.
    pub body: Option<&'a [u8]>,
}

impl Incoming<'_> {
    /// The request id in the headers: the first one that is valid.
    pub(super) fn request_id(&self) -> Option<RequestId> {
        self.request_ids.into_iter().flatten().find_map(RequestId::parse)
    }
}
