//! When a rejected token may be replaced. Not at a pace that callers set, and no caller's claims delay
//! the report of another one.

use super::token::CachedToken;
use crate::base::limits::RENEWAL_SPACING;
use crate::base::time::UnixMillis;

/// Why an upstream request is forced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forced {
    /// By a report. The request has no claims.
    Report,
    /// By a challenge. The request has its claims.
    Challenge,
}

/// When the last forced request of each kind was sent. Each kind has its own spacing.
#[derive(Clone, Copy, Debug, Default)]
pub struct ForcedAt {
    /// The last one without claims.
    pub report: Option<UnixMillis>,
    /// The last one with claims.
    pub challenge: Option<UnixMillis>,
}

impl ForcedAt {
    /// Which request may be sent now in place of `token`, if there is one in hand. `is_answered`:
    /// upstream has answered a report of it.
    ///
    /// Claims that may not be sent yet are a report, unless the last ones have brought the token in
    /// hand: those of another caller may have failed.
    #[must_use]
    pub fn next(
        self,
        token: Option<&CachedToken>,
        is_challenge: bool,
        is_answered: bool,
        now: UnixMillis,
    ) -> Option<Forced> {
        let spacing = token.map_or(RENEWAL_SPACING, CachedToken::forced_spacing);
        let is_over = |at: UnixMillis| now >= at.plus(spacing);
        if is_challenge {
            match (self.challenge.filter(|at| !is_over(*at)), token) {
                (None, _) => return Some(Forced::Challenge),
                (Some(at), Some(token)) if token.requested_at < at => {}
                _ => return None,
            }
        }
        (!is_answered && self.report.is_none_or(is_over)).then_some(Forced::Report)
    }

    /// Whether both are longer ago than any spacing.
    #[must_use]
    pub fn is_over(&self, now: UnixMillis) -> bool {
        self.report.max(self.challenge).is_none_or(|at| now >= at.plus(RENEWAL_SPACING))
    }

    /// The instant of one kind, for a change.
    pub const fn of(&mut self, forced: Forced) -> &mut Option<UnixMillis> {
        match forced {
            Forced::Report => &mut self.report,
            Forced::Challenge => &mut self.challenge,
        }
    }
}
