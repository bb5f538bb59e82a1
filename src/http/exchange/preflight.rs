//! The exchange of a CORS preflight.

use std::rc::Rc;

use super::{Answered, Exchange, Progress};
use crate::http::ports::{HttpPorts, PlatformRequest};
use crate::http::reply::Reply;

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
    let isolate = Rc::clone(&exchange.isolate);
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
