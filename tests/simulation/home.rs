//! The storage and the alarm of one object: writes take effect later, in order, or are lost.

use std::pin::Pin;
use std::rc::Rc;

use edge_token_broker::base::ports::StorageFault;
use edge_token_broker::base::time::UnixMillis;
use edge_token_broker::tokens::coordinator::ports::Home;

use super::objects::{Object, Platform, Row};
use super::time::Owner;
use super::trouble::add;

/// Longest time for an operation of storage.
const STORAGE_MS: u64 = 8;

/// An object as its driver sees it.
pub(crate) struct SimHome {
    pub(crate) platform: Rc<Platform>,
    pub(crate) object: Rc<Object>,
    pub(crate) owner: Owner,
}

impl SimHome {
    /// Waits, and returns whether the write to `row` takes effect. It does not if it is lost, or if
    /// a later write to that row was faster.
    async fn write(&self, row: &Row) -> bool {
        let Platform { time, random, trouble, counts, .. } = &*self.platform;
        add(&counts.rows_written);
        let number = row.begun.get() + 1;
        row.begun.set(number);
        if random.chance(trouble.lost_write) {
            return false;
        }
        time.sleep(random.range(0, STORAGE_MS)).await;
        let newest = number > row.done.get();
        row.done.set(number.max(row.done.get()));
        newest
    }
}

impl Home for SimHome {
    async fn load(&self) -> Result<Option<Vec<u8>>, StorageFault> {
        self.platform.time.sleep(self.platform.random.range(0, STORAGE_MS)).await;
        Ok(self.object.stored.borrow().clone())
    }

    async fn save(&self, state: &[u8]) -> Result<(), StorageFault> {
        let known = self.object.watch.known();
        if self.write(&self.object.state).await {
            *self.object.stored.borrow_mut() = Some(state.to_vec());
            self.object.watch.saved(known);
        }
        Ok(())
    }

    async fn clear(&self) -> Result<(), StorageFault> {
        if self.write(&self.object.state).await {
            self.object.alarm.set(None);
            self.object.forget();
        }
        Ok(())
    }

    async fn set_alarm(&self, at: UnixMillis) -> Result<(), StorageFault> {
        if self.write(&self.object.alarm_row).await {
            let at = self.object.place.borrow().clock.true_time(at);
            self.platform.wake(&self.object, at);
        }
        Ok(())
    }

    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        if self.platform.time.has_ended(self.owner) {
            return;
        }
        self.platform.time.spawn(self.owner, work);
        if self.platform.random.chance(self.platform.trouble.crash) {
            self.platform.crash(&self.object);
        }
    }
}
