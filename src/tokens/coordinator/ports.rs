//! What a coordinator needs from the object in which it lives.

#![expect(async_fn_in_trait, reason = "one thread on wasm32: futures need not be Send")]

use std::pin::Pin;

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
    /// Runs `work` beside everything else. It goes on when the caller that caused it has gone.
    fn spawn(&self, work: Pin<Box<dyn Future<Output = ()>>>);
}
