//! The `Cache-Status` header (RFC 9211): it shows where a token came from.

use std::fmt;

/// Where a served token came from. `Display` is the header's value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CacheStatus {
    /// Served from a tier.
    Hit {
        /// The tier.
        tier: Tier,
        /// Remaining lifetime in whole seconds.
        ttl_secs: u64,
    },
    /// Served from a tier although a newer token was wanted, because the authorization server
    /// fails.
    StaleIfError {
        /// Remaining lifetime in whole seconds.
        ttl_secs: u64,
    },
    /// Fetched from the authorization server, and kept.
    Forwarded {
        /// Why no token of a tier was good enough.
        reason: Forward,
        /// Another request had started the flight.
        collapsed: bool,
    },
}

/// Why a request was forwarded (RFC 9211 §2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forward {
    /// No tier had a token.
    Miss,
    /// A tier had one, but with too little time left.
    Stale,
}

/// A tier of the cache.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tier {
    /// The memory of one isolate.
    Isolate,
    /// Workers KV.
    Kv,
    /// The token's coordinator.
    Coordinator,
}

impl Tier {
    /// The tier's name in `Cache-Status` and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Isolate => "isolate",
            Self::Kv => "kv",
            Self::Coordinator => "coordinator",
        }
    }
}

impl CacheStatus {
    /// The name in the log of where the token came from.
    #[must_use]
    pub const fn tier_name(self) -> &'static str {
        match self {
            Self::Hit { tier, .. } => tier.name(),
            Self::StaleIfError { .. } => Tier::Coordinator.name(),
            Self::Forwarded { .. } => "upstream",
        }
    }
}

/// The header of an answer of the broker itself at an API: there is neither a hit nor a forward (RFC 9211
/// §2). `detail` says why.
#[must_use]
pub fn own_answer(detail: &str) -> String {
    [NAME, "; detail=", detail].concat()
}

/// The name of the cache.
const NAME: &str = "edge-token-broker";

impl fmt::Display for CacheStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}; ")?;
        match self {
            Self::Hit { tier, ttl_secs } => {
                write!(f, "hit; ttl={ttl_secs}; detail={}", tier.name())
            }
            Self::StaleIfError { ttl_secs } => {
                write!(f, "hit; ttl={ttl_secs}; detail=stale-if-error")
            }
            Self::Forwarded { reason, collapsed } => {
                f.write_str(match reason {
                    Forward::Miss => "fwd=miss; ",
                    Forward::Stale => "fwd=stale; ",
                })?;
                f.write_str(if *collapsed { "collapsed" } else { "stored" })
            }
        }
    }
}
