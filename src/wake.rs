//! How other threads wake the engine. On the JS thread a wake is a system call, which costs more than everything else
//! in the hand-over of a few records. So the engine rests after it has read records, and small hand-overs do not wake it then.

use std::{
    sync::atomic::{AtomicBool, Ordering, fence},
    time::Duration,
};

use tokio::sync::Notify;

/// The length of a rest, which is the longest time that a rest delays the reading of records.
pub const REST: Duration = Duration::from_millis(5);

/// Wakes the engine: a crossbeam channel cannot be awaited. Each sender of a command calls this after it has sent it.
#[derive(Default)]
pub struct Wake {
    notify: Notify,
    resting: AtomicBool,
}

impl Wake {
    /// Wakes the engine, from a rest too.
    pub fn notify_one(&self) {
        self.notify.notify_one();
    }

    /// Wakes the engine unless it rests. It reads the command at the end of its rest, or when something else wakes it.
    pub fn notify_unless_resting(&self) {
        // Pairs with the fence in `end_rest`: the engine sees the command then, or this thread sees the end of the rest.
        fence(Ordering::SeqCst);
        if !self.resting.load(Ordering::Relaxed) {
            self.notify.notify_one();
        }
    }

    /// The engine rests, and wakes by itself after [`REST`].
    pub fn begin_rest(&self) {
        self.resting.store(true, Ordering::Relaxed);
    }

    /// The engine reads commands from now on.
    pub fn end_rest(&self) {
        self.resting.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Waits for a wake.
    pub async fn notified(&self) {
        self.notify.notified().await;
    }
}
