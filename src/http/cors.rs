//! Which pages may read the broker's replies in a browser (Fetch standard, CORS).

use super::exchange::{Answered, Exchange, Progress};
use super::ports::{HttpPorts, PlatformRequest};
use super::reply::Reply;
use crate::config::{Client, Config};

/// The origin of the page that makes the request, if the client lists it. While the client is not
/// known, it is enough that some client lists it: a page can then tell a wrong client key from a
/// broken network.
///
/// Calls `origin` only if some client lists an origin: it reads a header.
pub(super) fn allowed_origin(
    config: Option<&Config>,
    client: Option<&Client>,
    origin: impl FnOnce() -> Option<String>,
) -> Option<String> {
    let config = config?;
    match client {
        Some(client) if client.origins.is_empty() => None,
        Some(client) => origin().filter(|origin| client.has_origin(origin)),
        None if !config.has_origins => None,
        None => origin().filter(|origin| config.lists_origin(origin)),
    }
}

/// Answers a preflight of a browser, which has `Origin`. For any other caller the method does not
/// exist.
pub(super) fn preflight<P: HttpPorts>(exchange: Exchange<P>, allow: &'static str) -> Progress<P> {
    match exchange.request.origin() {
        Some(origin) => Progress::Later(Box::pin(preflight_of(exchange, origin, allow))),
        None => exchange.plain("method_not_allowed", Reply::method_not_allowed(allow)),
    }
}

async fn preflight_of<P: HttpPorts>(
    exchange: Exchange<P>,
    origin: String,
    allow: &'static str,
) -> Answered {
    let isolate = std::rc::Rc::clone(&exchange.isolate);
    let listed = match isolate.config() {
        Ok(config) => isolate.callers.lists_origin(config, &origin, exchange.now()).await,
        Err(_) => false,
    };
    if listed {
        exchange.plainly("preflight", Reply::preflight(origin))
    } else {
        exchange.plainly("method_not_allowed", Reply::method_not_allowed(allow))
    }
}
