//! The `Cache-Status` header (RFC 9211): anyone can see where a token came from.

use std::fmt;

/// Where a served token came from. `Display` is the header's value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CacheStatus {
    /// Served from a tier.
    Hit {
        /// Which tier.
        tier: Tier,
        /// Whole seconds that the token has left.
        ttl_secs: u64,
    },
    /// No tier had a servable token; the authorization server gave one, which is kept.
    Miss,
}

/// A tier of the cache.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tier {
    /// The memory of one isolate.
    Isolate,
    /// Workers KV.
    Kv,
}

impl Tier {
    /// The tier's name in `Cache-Status` and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Isolate => "isolate",
            Self::Kv => "kv",
        }
    }
}

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("edge-token-broker; ")?;
        match self {
            Self::Hit { tier, ttl_secs } => {
                write!(f, "hit; ttl={ttl_secs}; detail={}", tier.name())
            }
            Self::Miss => f.write_str("fwd=miss; stored"),
        }
    }
}
