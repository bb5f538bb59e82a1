//! A deadline for what may never end.

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::base::ports::Clock;
use crate::base::time::Millis;

/// What `future` comes to, or nothing where it takes longer than `span`.
pub(super) async fn within<F: Future>(
    clock: &impl Clock,
    span: Millis,
    future: F,
) -> Option<F::Output> {
    match select(pin!(future), pin!(clock.sleep(span))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}
