//! Which pages may read the broker's replies in a browser (Fetch standard, CORS).
//!
//! - A token: the pages of the origins that its client lists.
//! - Any other reply: the pages of the origins that some client lists. A preflight permits the same
//!   pages, and at that time no client is known. So a page can tell every refusal and every failure
//!   from a broken network.
//! - While nobody knows which origins are listed, because the configuration has a fault or the
//!   registry cannot be read: any page that a client could list. There are no secrets in errors.

use super::isolate::Isolate;
use super::ports::{HttpPorts, PlatformRequest};
use crate::base::origin::Origin;
use crate::base::ports::Clock as _;
use crate::callers::registry::NeedsIo;
use crate::config::Client;
use crate::log::Line;

/// The origin of the page that makes the request, if it may read a token of `client`.
///
/// Calls `origin` only if the client lists an origin: it reads a header.
pub(super) fn reader_of_token(
    client: Option<&Client>,
    origin: impl FnOnce() -> Option<String>,
) -> Option<String> {
    let client = client.filter(|client| !client.origins.is_empty())?;
    origin().filter(|origin| client.has_origin(origin))
}

/// The origin of the page that makes the request, if it may read a reply without a token.
///
/// # Errors
/// The origin, if only [`reader_in_registry`] can tell.
pub(super) fn reader<P: HttpPorts>(
    isolate: &Isolate<P>,
    request: &P::Request,
) -> Result<Option<String>, String> {
    let Ok(config) = isolate.config() else {
        return Ok(request.origin().filter(|origin| Origin::is_of_a_page(origin)));
    };
    if !isolate.callers.may_list_origins(config) {
        return Ok(None);
    }
    let Some(origin) = request.origin() else { return Ok(None) };
    match isolate.callers.recall_origin(config, &origin, isolate.broker.clock.now()) {
        Ok(listed) => Ok(listed.then_some(origin)),
        Err(NeedsIo) => Err(origin),
    }
}

/// The same for an `origin` that only the registry can know.
pub(super) async fn reader_in_registry<P: HttpPorts>(
    isolate: &Isolate<P>,
    origin: String,
    line: &mut Line,
) -> Option<String> {
    let now = isolate.broker.clock.now();
    let listed = isolate.callers.read_origin(&origin, now, line).await;
    listed.unwrap_or(true).then_some(origin)
}
