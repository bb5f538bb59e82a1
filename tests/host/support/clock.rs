//! Time that moves only when told, and futures driven by hand.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::{Millis, UnixMillis};

/// A clock that all ports share. Its sleepers let others go first, and sleep at the same time.
#[derive(Clone)]
pub(crate) struct SimulatedClock(Rc<Cell<u64>>);

impl SimulatedClock {
    pub(crate) fn at(start: u64) -> Self {
        Self(Rc::new(Cell::new(start)))
    }

    pub(crate) fn advance(&self, span: Millis) {
        self.0.set(self.0.get().saturating_add(span.0));
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.get())
    }

    async fn sleep(&self, span: Millis) {
        let until = self.now().plus(span);
        Pause::default().await;
        self.advance(self.now().until(until));
    }
}

/// Lets others go first once.
#[derive(Default)]
pub(crate) struct Pause(bool);

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Polls once.
pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until it is ready.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    for _ in 0..10_000 {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
    panic!("it waits for ever")
}
