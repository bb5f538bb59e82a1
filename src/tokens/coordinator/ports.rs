//! What a coordinator needs from the object in which it lives.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use crate::base::ports::StorageFault;
use crate::base::time::UnixMillis;

/// The object: its storage, its alarm, and a place for its work.
pub trait Home: 'static {
    /// The saved state, if there is one.
    async fn load(&self) -> Result<Option<Vec<u8>>, StorageFault>;
    /// Saves `state`. It replaces the one before.
    async fn save(&self, state: &[u8]) -> Result<(), StorageFault>;
    /// Deletes the saved state and the alarm.
    async fn clear(&self) -> Result<(), StorageFault>;
    /// Sets the alarm. It replaces the one before.
    async fn set_alarm(&self, at: UnixMillis) -> Result<(), StorageFault>;
    /// Runs `work` in the background. It goes on if the caller that caused it goes away.
    fn spawn(&self, work: impl Future<Output = ()> + 'static);
}
