//! Tokens made up for tests.

use edge_token_broker::base::secret::AccessToken;
use edge_token_broker::base::time::{Millis, UnixMillis};
use edge_token_broker::oauth::token_response::IssuedToken;
use edge_token_broker::tokens::token::CachedToken;

/// A token asked for at `requested_at` that lives for `lifetime`.
pub(crate) fn token(text: &str, requested_at: UnixMillis, lifetime: Millis) -> CachedToken {
    let issued = IssuedToken {
        access_token: AccessToken::parse(text.to_owned()).unwrap(),
        expires_in: lifetime,
        ext_expires_in: None,
        refresh_in: None,
        scope: None,
        fields: None,
    };
    CachedToken::new(issued, requested_at)
}
