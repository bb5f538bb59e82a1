//! A deadline for work that may never end.

use std::pin::pin;

use futures_util::future::{Either, select};

use super::ports::Clock;
use super::time::Millis;

/// What `work` comes to, or nothing where it takes longer than `span`.
pub async fn within<F: Future>(clock: &impl Clock, span: Millis, work: F) -> Option<F::Output> {
    match select(pin!(work), pin!(clock.sleep(span))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}
