//! A deadline for things that may never answer.

use std::pin::pin;

use futures_util::future::{Either, select};

use super::clock::SystemClock;
use crate::base::ports::Clock;
use crate::base::time::Millis;

/// What `future` comes to, or nothing where it takes longer than `span`.
pub(super) async fn within<F: Future>(span: Millis, future: F) -> Option<F::Output> {
    match select(pin!(future), pin!(SystemClock.sleep(span))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}
