//! Everything that crosses from the JS thread to the engine. Reading it is reading the design.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::Sender;
use tokio::time::Instant;

use crate::{config::Config, event::Sink, signal::Signal, stats::Stats};

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
        /// What becomes of its records.
        stats: Arc<Stats>,
    },
    /// Records to send.
    Records {
        /// Whose.
        id: ExporterId,
        /// The records.
        records: Records,
        /// Dropped when they have arrived.
        unread: Unread,
    },
    /// Records that were not handed over because the engine was too far behind.
    Refused {
        /// Whose.
        id: ExporterId,
        /// How many of each signal.
        counts: [u64; Signal::ALL.len()],
    },
    /// Send what waits; answered by `Event::Flushed` when there is nothing more to wait for.
    Flush {
        /// Whose.
        id: ExporterId,
        /// Comes back in the answer.
        ticket: u32,
        /// What it waits for, and whether the exporter stops then.
        kind: FlushKind,
        /// For how long at most.
        within: Duration,
    },
    /// Send what waits, of all exporters: the JS thread is blocked and the process about to end.
    Drain {
        /// When the JS thread stops waiting.
        deadline: Instant,
        /// Dropped when all is delivered or dropped.
        done: Sender<()>,
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

/// What a flush is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushKind {
    /// `flush()`: until all is delivered, dropped or tried three times.
    Flush,
    /// `shutdown()`: the same, then the exporter stops.
    Shutdown,
    /// The script has ended: until all is delivered or dropped.
    Exit,
}

/// Records as they are handed over.
pub struct Records {
    /// See [`crate::wire`].
    pub bytes: Vec<u8>,
    /// How many of each signal are in it.
    pub counts: [u64; Signal::ALL.len()],
    /// When, in milliseconds since 1970.
    pub at_ms: f64,
}

/// Bytes on their way to the engine; dropping it says that they have arrived.
pub struct Unread {
    counter: Arc<AtomicUsize>,
    bytes: usize,
    before: usize,
}

impl Unread {
    /// Adds `bytes` to `counter`.
    #[must_use]
    pub fn new(counter: &Arc<AtomicUsize>, bytes: usize) -> Self {
        let before = counter.fetch_add(bytes, Ordering::Relaxed);
        Self { counter: Arc::clone(counter), bytes, before }
    }

    /// Bytes that were on their way already when this was made.
    #[must_use]
    pub fn before(&self) -> usize {
        self.before
    }

    /// They have arrived: answers how many bytes are still on their way.
    #[must_use]
    pub fn arrived(self) -> usize {
        let counter = Arc::clone(&self.counter);
        drop(self);
        counter.load(Ordering::Relaxed)
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.counter.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
