//! Which pages may read the broker's answers in a browser (Fetch standard, CORS).

use super::exchange::{Answered, Exchange, Progress};
use super::ports::{HttpPorts, PlatformRequest};
use super::reply::Reply;
use crate::config::{Client, Config};

/// The origin that makes the request, where the client lists it. Before the client is known, where
/// any client does, so that a page can tell a wrong token from a broken network.
///
/// `origin` is read only where any client lists one.
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

/// Answers a browser that asks whether a page may make the request. To any other caller there is no
/// such method.
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
