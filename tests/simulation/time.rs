//! Simulated time: tasks wait for an instant or for each other, and no thread sleeps.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use edge_token_broker::base::ports::Clock;
use edge_token_broker::base::time::{Millis, UnixMillis};

/// Simulated time begins here.
const START: u64 = 1_700_000_000_000;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The owner of tasks. When it ends, its tasks are dropped.
pub(crate) type Owner = u64;

thread_local! {
    /// Tasks that were woken. A world runs on one thread.
    static WOKEN: RefCell<VecDeque<u64>> = const { RefCell::new(VecDeque::new()) };
}

struct TaskWaker(u64);

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        WOKEN.with_borrow_mut(|woken| woken.push_back(self.0));
    }
}

struct Spawned {
    owner: Owner,
    task: Task,
    waker: Waker,
}

/// The event loop. It polls a task at its instant, or when it is woken.
#[derive(Default)]
pub(crate) struct Time {
    now: Cell<u64>,
    sequence: Cell<u64>,
    current: Cell<u64>,
    timers: RefCell<BinaryHeap<Reverse<(u64, u64, u64)>>>,
    ready: RefCell<VecDeque<u64>>,
    tasks: RefCell<BTreeMap<u64, Spawned>>,
    ended: RefCell<BTreeSet<Owner>>,
    /// Notes of what happened, if a single seed is replayed.
    trace: Option<RefCell<Vec<String>>>,
}

impl Time {
    pub(crate) fn traced(traced: bool) -> Self {
        WOKEN.with_borrow_mut(VecDeque::clear);
        Self { trace: traced.then(RefCell::default), ..Self::default() }
    }

    /// Notes what happened, for a replay.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().push(format!("{:>9} ms  {}", self.now(), what()));
        }
    }

    /// The last notes about `subject`.
    pub(crate) fn noted(&self, subject: &str) -> String {
        let trace = self.trace.as_ref().map(RefCell::borrow);
        let about = |line: &&String| line.contains(subject);
        let lines: Vec<_> = trace.iter().flat_map(|trace| trace.iter().filter(about)).collect();
        let last = lines.iter().skip(lines.len().saturating_sub(60));
        last.fold(String::new(), |text, line| text + "\n" + line)
    }

    /// Milliseconds since the beginning: the one true time.
    pub(crate) fn now(&self) -> u64 {
        self.now.get()
    }

    pub(crate) fn unique(&self) -> u64 {
        self.sequence.set(self.sequence.get() + 1);
        self.sequence.get()
    }

    pub(crate) fn spawn(&self, owner: Owner, task: impl Future<Output = ()> + 'static) -> u64 {
        let id = self.unique();
        let (task, waker) = (Box::pin(task), Waker::from(Arc::new(TaskWaker(id))));
        self.tasks.borrow_mut().insert(id, Spawned { owner, task, waker });
        self.ready.borrow_mut().push_back(id);
        id
    }

    /// Drops one task.
    pub(crate) fn cancel(&self, id: u64) {
        let dropped = self.tasks.borrow_mut().remove(&id);
        drop(dropped);
    }

    /// Whether the tasks of `owner` were dropped.
    pub(crate) fn has_ended(&self, owner: Owner) -> bool {
        self.ended.borrow().contains(&owner)
    }

    /// Drops every task of `owner`.
    pub(crate) fn end(&self, owner: Owner) {
        self.ended.borrow_mut().insert(owner);
        let mut tasks = self.tasks.borrow_mut();
        let dropped: Vec<_> = tasks.extract_if(.., |_, spawned| spawned.owner == owner).collect();
        drop(tasks);
        drop(dropped);
    }

    /// Runs the world up to `until`.
    pub(crate) fn run(&self, until: u64) {
        loop {
            while let Some(id) = self.next_ready() {
                self.poll(id);
            }
            let due = self.timers.borrow().peek().is_some_and(|Reverse((at, ..))| *at <= until);
            if !due {
                break;
            }
            let Some(Reverse((at, _, id))) = self.timers.borrow_mut().pop() else { break };
            self.now.set(at);
            self.poll(id);
        }
        self.now.set(until);
    }

    fn next_ready(&self) -> Option<u64> {
        let woken = WOKEN.with_borrow_mut(VecDeque::pop_front);
        woken.or_else(|| self.ready.borrow_mut().pop_front())
    }

    fn poll(&self, id: u64) {
        let Some(mut spawned) = self.tasks.borrow_mut().remove(&id) else { return };
        self.current.set(id);
        let polled = spawned.task.as_mut().poll(&mut Context::from_waker(&spawned.waker));
        if polled.is_pending() && !self.has_ended(spawned.owner) {
            self.tasks.borrow_mut().insert(id, spawned);
        }
    }

    pub(crate) async fn sleep(&self, span: u64) {
        let at = self.now() + span;
        self.timers.borrow_mut().push(Reverse((at, self.unique(), self.current.get())));
        poll_fn(|_| if self.now() >= at { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// The outcome of `work`, if it comes within `limit`.
    pub(crate) async fn within<F: Future>(&self, limit: Millis, work: F) -> Option<F::Output> {
        let (mut work, mut timer) = (pin!(work), pin!(self.sleep(limit.0)));
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => timer.as_mut().poll(context).map(|()| None),
        })
        .await
    }
}

/// One value from one task to another.
pub(crate) struct Slot<T>(Rc<RefCell<(Option<T>, Option<u64>)>>);

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new((None, None))))
    }
}

impl<T> Slot<T> {
    pub(crate) fn fill(&self, time: &Time, value: T) {
        let mut slot = self.0.borrow_mut();
        slot.0 = Some(value);
        time.ready.borrow_mut().extend(slot.1);
    }

    pub(crate) async fn filled(&self, time: &Time) -> T {
        poll_fn(|_| {
            let mut slot = self.0.borrow_mut();
            slot.1 = Some(time.current.get());
            slot.0.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// The clock of one location: a bit off.
#[derive(Clone)]
pub(crate) struct LocalClock {
    pub(crate) time: Rc<Time>,
    pub(crate) offset: i64,
}

impl LocalClock {
    /// The true time at which this clock shows `at`.
    pub(crate) fn true_time(&self, at: UnixMillis) -> u64 {
        at.0.saturating_sub(START).saturating_add_signed(-self.offset)
    }
}

impl Clock for LocalClock {
    fn now(&self) -> UnixMillis {
        UnixMillis((START + self.time.now()).saturating_add_signed(self.offset))
    }

    async fn sleep(&self, span: Millis) {
        self.time.sleep(span.0).await;
    }
}
