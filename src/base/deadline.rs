//! A deadline for work that may never end.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use super::ports::Clock;
use super::time::Millis;

/// What `work` comes to, or nothing where it takes longer than `span`.
///
/// The timer is boxed: `select` of the `futures` crates is in the wasm once for each kind of work, and
/// weighs 2 kB.
pub async fn within<F: Future>(clock: &impl Clock, span: Millis, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut timer: Pin<Box<dyn Future<Output = ()> + '_>> = Box::pin(clock.sleep(span));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
    .await
}
