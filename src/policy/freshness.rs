//! May a token still be served, and is it time to renew it?

use crate::limits::{
    LONG_LIFETIME, RENEW_AHEAD, RENEW_AHEAD_LONG, RENEW_AHEAD_SHORT, RENEWAL_JITTER_DIVISOR,
    RENEWAL_SPACING, RENEWAL_SPACING_LIFETIME_DIVISOR, SERVE_FLOOR, SERVE_FLOOR_LIFETIME_DIVISOR,
    SHORT_LIFETIME,
};
use crate::record::CachedToken;
use crate::time::{Millis, UnixMillis};

/// A token's state at an instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// Served.
    Fresh,
    /// Served, and due for renewal.
    Stale,
    /// At the serve floor: never served.
    Expired,
}

/// Classifies `token` at `now`.
#[must_use]
pub fn assess(token: &CachedToken, now: UnixMillis) -> Freshness {
    if now.until(token.expires_at) <= serve_floor(token.lifetime()) {
        Freshness::Expired
    } else if now >= renew_at(token) {
        Freshness::Stale
    } else {
        Freshness::Fresh
    }
}

/// Whether `token` may be served at `now`.
#[must_use]
pub fn is_servable(token: &CachedToken, now: UnixMillis) -> bool {
    assess(token, now) != Freshness::Expired
}

/// The time left at which a token of this lifetime is no longer served.
#[must_use]
pub fn serve_floor(lifetime: Millis) -> Millis {
    SERVE_FLOOR.min(Millis(lifetime.0 / SERVE_FLOOR_LIFETIME_DIVISOR))
}

/// When `token` is due for renewal: where upstream said, else well before it expires.
#[must_use]
pub fn renew_at(token: &CachedToken) -> UnixMillis {
    token.refresh_at.unwrap_or_else(|| token.expires_at.minus(renew_ahead(token.lifetime())))
}

/// When `token` is renewed by whoever has drawn `random`: up to a tenth of the renew-ahead earlier
/// than it is due, and of the time until then, so that not all isolates and tokens renew together.
#[must_use]
pub fn renew_early_at(token: &CachedToken, random: u32) -> UnixMillis {
    let renew_at = renew_at(token);
    let (ahead, fresh) = (renew_at.until(token.expires_at), token.requested_at.until(renew_at));
    let most = ahead.min(fresh).0 / RENEWAL_JITTER_DIVISOR;
    let jitter = Millis(most.saturating_mul(random.into()) >> 32);
    renew_at.minus(jitter)
}

/// Before this, `token` is not renewed unless somebody asks: one that is due from the start would
/// be renewed at once, and again and again.
#[must_use]
pub fn not_renewed_before(token: &CachedToken) -> UnixMillis {
    let spaced = token.requested_at.plus(renewal_spacing(token));
    let due = renew_at(token);
    if due > token.requested_at { due.min(spaced) } else { spaced }
}

/// For how long after one renewal another one is not worth it.
#[must_use]
pub fn renewal_spacing(token: &CachedToken) -> Millis {
    let refresh_in = token.refresh_at.map(|at| token.requested_at.until(at));
    let spacing = Millis(token.lifetime().0 / RENEWAL_SPACING_LIFETIME_DIVISOR);
    refresh_in.unwrap_or(RENEWAL_SPACING).min(spacing).min(RENEWAL_SPACING)
}

/// For how long after a renewal that a caller has forced another one is not done: whoever rejects
/// each new token at once must not have one fetched for each.
#[must_use]
pub fn forced_spacing(token: &CachedToken) -> Millis {
    RENEWAL_SPACING.min(Millis(token.lifetime().0 / RENEWAL_SPACING_LIFETIME_DIVISOR))
}

fn renew_ahead(lifetime: Millis) -> Millis {
    if lifetime <= SHORT_LIFETIME {
        RENEW_AHEAD_SHORT
    } else if lifetime < LONG_LIFETIME {
        RENEW_AHEAD
    } else {
        RENEW_AHEAD_LONG
    }
}
