//! Instants and durations as plain numbers, so that time is always an argument.
//!
//! All arithmetic saturates: a clock that jumps must never panic the isolate.

use crate::base::cbor;

/// Milliseconds since the Unix epoch, as JavaScript's `Date.now()` counts them.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixMillis(pub u64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Millis(pub u64);

cbor::transparent!(UnixMillis, Millis);

/// Days from the first of March of the year 0 to 1970, in our calendar.
const DAYS_BEFORE_1970: u64 = 719_468;

impl UnixMillis {
    /// Time left from `self` until `later`; zero when `later` has passed.
    #[must_use]
    pub const fn until(self, later: Self) -> Millis {
        Millis(later.0.saturating_sub(self.0))
    }

    /// The instant `span` after `self`.
    #[must_use]
    pub const fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The instant that 14 digits say: `YYYYMMDDhhmmss` in UTC, which is ISO 8601 without its signs. An
    /// instant before 1970 is 1970.
    #[must_use]
    #[expect(clippy::arithmetic_side_effects, reason = "14 digits do not overflow")]
    pub fn of_digits(digits: &[u8]) -> Option<Self> {
        let number = |from: usize, to: usize| {
            digits.get(from..to)?.iter().try_fold(0_u64, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
            })
        };
        let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
        let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        // A minute may have a leap second.
        if digits.len() != 14 || !is_date || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        if year < 1970 {
            return Some(Self(0));
        }
        // The year begins in March here, so that the leap day is its last day.
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let leap_days = year / 4 - year / 100 + year / 400;
        let days = 365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_BEFORE_1970;
        Some(Self((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000))
    }

    /// The year, the month from March on (0 is March, 11 is February), and the day of the month, in UTC.
    #[must_use]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the days of 2^64 milliseconds are far from the end"
    )]
    pub const fn date(self) -> (u64, u64, u64) {
        const FOUR_CENTURIES: u64 = 146_097;
        let days = self.0 / (24 * 60 * 60 * 1000) + DAYS_BEFORE_1970;
        let (centuries, day) = (days / FOUR_CENTURIES * 400, days % FOUR_CENTURIES);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let next_year = if month > 9 { 1 } else { 0 };
        (centuries + year + next_year, month, day - (153 * month + 2) / 5 + 1)
    }

    /// The instant `span` before `self`.
    #[must_use]
    pub const fn minus(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Millis {
    /// `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole seconds, rounded down: a caller is never promised more than is left.
    #[must_use]
    pub const fn whole_secs(self) -> u64 {
        self.0 / 1000
    }
}
