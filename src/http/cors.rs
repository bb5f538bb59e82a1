//! Which pages may read the broker's replies in a browser (Fetch standard, CORS).

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
