//! A token as the tiers keep it, and whether it may still be served.

use std::rc::Rc;

use crate::base::limits::{
    LONG_LIFETIME, REFRESH_IN_MIN, REFRESH_IN_MIN_LIFETIME_DIVISOR, RENEW_AHEAD,
    RENEW_AHEAD_LIFETIME_DIVISOR, RENEW_AHEAD_LONG, RENEW_AHEAD_SHORT, RENEWAL_ALONE_DIVISOR,
    RENEWAL_ALONE_DOUBLINGS, RENEWAL_JITTER_DIVISOR, RENEWAL_SPACING,
    RENEWAL_SPACING_LIFETIME_DIVISOR, RENEWAL_SPACING_MIN, SERVE_FLOOR,
    SERVE_FLOOR_LIFETIME_DIVISOR, SHORT_LIFETIME,
};
use crate::base::secret::{AccessToken, TokenDigest};
use crate::base::time::{Millis, UnixMillis};
use crate::oauth::response_fields::ResponseFields;
use crate::oauth::scope::ScopeSet;
use crate::oauth::token_response::IssuedToken;

/// A token with absolute instants, because the TTL of a tier only cleans up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CachedToken {
    /// The token.
    pub access_token: AccessToken,
    /// Rises with each renewal of a token key. An older one never replaces a newer one, in any
    /// tier.
    pub generation: u64,
    /// Just before the token request was sent; lifetimes count from here.
    pub requested_at: UnixMillis,
    /// `requested_at` + `expires_in`.
    pub expires_at: UnixMillis,
    /// `requested_at` + `ext_expires_in`, if upstream sent it.
    pub ext_expires_at: Option<UnixMillis>,
    /// `requested_at` + `refresh_in`, if upstream sent it.
    pub refresh_at: Option<UnixMillis>,
    /// What upstream granted, if it is another scope than the one of the grant.
    pub scope: Option<Rc<ScopeSet>>,
    /// Members of the token response that callers get as well.
    pub fields: Option<Rc<ResponseFields>>,
}

impl CachedToken {
    /// The token that was requested at `requested_at`.
    #[must_use]
    pub fn new(issued: IssuedToken, requested_at: UnixMillis) -> Self {
        let at = |span: Millis| requested_at.plus(span);
        Self {
            access_token: issued.access_token,
            generation: 0,
            requested_at,
            expires_at: at(issued.expires_in),
            ext_expires_at: issued.ext_expires_in.map(at),
            refresh_at: issued.refresh_in.map(at),
            scope: issued.scope.map(Rc::new),
            fields: issued.fields.map(Rc::new),
        }
    }

    /// The same token, of a grant for `scope`.
    #[must_use]
    pub fn requested_for(self, scope: &ScopeSet) -> Self {
        let scope = self.scope.filter(|granted| **granted != *scope);
        Self { scope, ..self }
    }

    /// The same token, as `generation`.
    #[must_use]
    pub fn with_generation(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    /// Whether this token replaces `held`: it has a higher generation, or the same one and expires
    /// no earlier.
    #[must_use]
    pub fn supersedes(&self, held: &Self) -> bool {
        (self.generation, self.expires_at) >= (held.generation, held.expires_at)
    }

    /// The digest that identifies the token.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.access_token)
    }

    /// The whole lifetime, as upstream gave it.
    #[must_use]
    pub const fn lifetime(&self) -> Millis {
        self.requested_at.until(self.expires_at)
    }

    /// Its state at `now`.
    #[must_use]
    pub fn freshness(&self, now: UnixMillis) -> Freshness {
        if now.until(self.expires_at) <= serve_floor(self.lifetime()) {
            Freshness::Expired
        } else if now >= self.renew_at() {
            Freshness::Stale
        } else {
            Freshness::Fresh
        }
    }

    /// Whether the token may be served at `now`.
    #[must_use]
    pub fn is_servable(&self, now: UnixMillis) -> bool {
        self.freshness(now) != Freshness::Expired
    }

    /// When the token is due for renewal: after `refresh_in`, else well before it expires.
    #[must_use]
    pub fn renew_at(&self) -> UnixMillis {
        match self.refresh_in() {
            Some(refresh_in) => self.requested_at.plus(refresh_in),
            None => self.expires_at.minus(renew_ahead(self.lifetime())),
        }
    }

    /// Upstream's `refresh_in`, but not less than [`REFRESH_IN_MIN`]: upstream must not set the pace
    /// of KV writes.
    fn refresh_in(&self) -> Option<Millis> {
        let least = Millis(self.lifetime().0 / REFRESH_IN_MIN_LIFETIME_DIVISOR);
        let least = REFRESH_IN_MIN.min(least).max(RENEWAL_SPACING_MIN);
        self.refresh_at.map(|at| self.requested_at.until(at).max(least))
    }

    /// When an isolate or a coordinator with this `random` renews the token: earlier than it is
    /// due, by up to a tenth of the renew-ahead or of the time until then. So not all of them renew
    /// together.
    #[must_use]
    pub fn renew_early_at(&self, random: u32) -> UnixMillis {
        let most = self.leeway().0 / RENEWAL_JITTER_DIVISOR;
        let jitter = Millis(most.saturating_mul(random.into()) >> 32);
        self.renew_at().minus(jitter)
    }

    /// When an isolate with this `random` renews the token by itself, because it reaches no
    /// coordinator: later than it is due. The number of isolates whose time has come doubles again
    /// and again, so it is one or a few that do, however many there are, before the others see the
    /// new token in KV.
    #[must_use]
    pub fn renew_alone_at(&self, random: u32) -> UnixMillis {
        let most = self.leeway().0 / RENEWAL_ALONE_DIVISOR;
        let doubling = most / RENEWAL_ALONE_DOUBLINGS;
        // The logarithm of 2^32 / `random`, in 256ths; linear between two powers of two.
        let zeros = random.leading_zeros();
        let below = random.checked_shl(zeros.saturating_add(1)).unwrap_or(0) >> 24;
        let log =
            u64::from(zeros).saturating_add(1).saturating_mul(256).saturating_sub(below.into());
        let earlier = Millis(doubling.saturating_mul(log) / 256);
        self.renew_at().plus(Millis(most.saturating_sub(earlier.0)))
    }

    /// The time for which it is fresh, or due, whichever is shorter.
    fn leeway(&self) -> Millis {
        let renew_at = self.renew_at();
        renew_at.until(self.expires_at).min(self.requested_at.until(renew_at))
    }

    /// No alarm renews the token before this. Otherwise a token that was old when it came would be
    /// renewed at once, and again and again.
    #[must_use]
    pub fn not_renewed_before(&self) -> UnixMillis {
        let due = self.requested_at.until(self.renew_at()).min(self.renewal_spacing());
        self.requested_at.plus(due.max(RENEWAL_SPACING_MIN))
    }

    /// Minimum time between two renewals.
    #[must_use]
    pub fn renewal_spacing(&self) -> Millis {
        let spacing = self.refresh_in().unwrap_or(RENEWAL_SPACING).min(self.forced_spacing());
        spacing.max(RENEWAL_SPACING_MIN)
    }

    /// Minimum time between two forced renewals: a caller that reports each new token at once must
    /// not cause an upstream request for each.
    #[must_use]
    pub fn forced_spacing(&self) -> Millis {
        RENEWAL_SPACING.min(Millis(self.lifetime().0 / RENEWAL_SPACING_LIFETIME_DIVISOR))
    }
}

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

/// The remaining lifetime at which the broker stops serving a token of this lifetime.
#[must_use]
pub fn serve_floor(lifetime: Millis) -> Millis {
    SERVE_FLOOR.min(Millis(lifetime.0 / SERVE_FLOOR_LIFETIME_DIVISOR))
}

/// How long before its end a token of this lifetime is due: at most half of it.
fn renew_ahead(lifetime: Millis) -> Millis {
    let ahead = if lifetime <= SHORT_LIFETIME {
        RENEW_AHEAD_SHORT
    } else if lifetime < LONG_LIFETIME {
        RENEW_AHEAD
    } else {
        RENEW_AHEAD_LONG
    };
    ahead.min(Millis(lifetime.0 / RENEW_AHEAD_LIFETIME_DIVISOR))
}
