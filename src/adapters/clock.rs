//! The only place that reads the time.

use std::time::Duration;

use js_sys::Date;
use worker::Delay;

use crate::base::ports::Clock;
use crate::base::time::{Millis, UnixMillis};

/// The isolate's clock. Deployed, it advances only after I/O (Workers docs, "Performance and
/// timers"): two readings without I/O between them are equal.
#[derive(Debug)]
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMillis {
        #[expect(clippy::disallowed_methods, reason = "this is the port's adapter")]
        let millis = Date::now();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates"
        )]
        UnixMillis(millis as u64)
    }

    async fn sleep(&self, span: Millis) {
        // It does not panic here: `setTimeout` throws only outside of events.
        Delay::from(Duration::from_millis(span.0)).await;
    }
}
