//! Everything that crosses from the JS thread to the engine. Reading it is reading the design.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::time::Instant;

use crate::{config::Config, event::Sink};

/// Names an exporter on both sides.
pub type ExporterId = u64;

/// Everything that crosses from the JS thread.
pub enum Command {
    /// A new exporter.
    Open {
        /// Its name in later commands.
        id: ExporterId,
        /// Its options.
        config: Box<Config>,
        /// Where its events go.
        sink: Arc<dyn Sink>,
        /// Records handed over and not yet delivered or dropped.
        undelivered: Arc<AtomicU64>,
    },
    /// Records to send: one a line, each a signal digit followed by JSON text.
    Records {
        /// Whose.
        id: ExporterId,
        /// The lines.
        text: String,
        /// Dropped when they have arrived.
        unread: Unread,
    },
    /// Records that were not handed over because the engine was too far behind.
    Refused {
        /// Whose.
        id: ExporterId,
        /// How many.
        count: u64,
    },
    /// Send what waits; answered by `Event::Flushed`.
    Flush {
        /// Whose.
        id: ExporterId,
        /// Comes back in the answer.
        ticket: u32,
    },
    /// The exporter takes no more records: deliver what is left, then forget it.
    Close {
        /// Which.
        id: ExporterId,
    },
    /// Deliver what is left of all exporters, but be gone by `deadline`.
    Stop {
        /// When the thread ends at the latest.
        deadline: Instant,
    },
}

/// Bytes on their way to the engine; dropping it says that they have arrived.
pub struct Unread {
    counter: Arc<AtomicUsize>,
    bytes: usize,
    total: usize,
}

impl Unread {
    /// Adds `bytes` to `counter`.
    #[must_use]
    pub fn new(counter: &Arc<AtomicUsize>, bytes: usize) -> Self {
        let total = counter.fetch_add(bytes, Ordering::Relaxed) + bytes;
        Self {
            counter: Arc::clone(counter),
            bytes,
            total,
        }
    }

    /// All bytes that were on their way when this was made, its own included.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
