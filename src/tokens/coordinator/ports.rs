//! What a coordinator needs from the object in which it lives.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::ports::StorageFault;
use crate::base::time::UnixMillis;

/// The object: its storage, its alarm, and the time to finish its work.
pub trait Home: 'static {
    /// What was saved, if anything.
    async fn load(&self) -> Result<Option<Vec<u8>>, StorageFault>;
    /// Saves `state` in the place of what was saved before.
    async fn save(&self, state: &[u8]) -> Result<(), StorageFault>;
    /// Deletes what was saved, and the alarm.
    async fn clear(&self) -> Result<(), StorageFault>;
    /// Sets the one alarm; it replaces the one that was set.
    async fn set_alarm(&self, at: UnixMillis) -> Result<(), StorageFault>;
    /// Runs `work` beside everything else. It goes on when the caller that caused it has gone.
    fn spawn(&self, work: impl Future<Output = ()> + 'static);
}
