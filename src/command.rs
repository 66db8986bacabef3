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

/// The id of an exporter, the same on both sides.
pub type ExporterId = u64;

/// Everything that crosses from the JS thread.
pub enum Command {
    /// A new exporter.
    Open {
        /// Its id in later commands.
        id: ExporterId,
        /// Its options.
        config: Box<Config>,
        /// The receiver of its events.
        sink: Arc<dyn Sink>,
        /// Its counters.
        stats: Arc<Stats>,
    },
    /// Records to send.
    Records {
        /// The exporter.
        id: ExporterId,
        /// The records.
        records: Records,
        /// Dropped when the engine has read the records.
        unread: Unread,
    },
    /// Records that were not handed over because the engine was too far behind.
    Refused {
        /// The exporter.
        id: ExporterId,
        /// The number of records of each signal.
        counts: [u64; Signal::ALL.len()],
    },
    /// Send everything that waits. `Event::Flushed` follows when there is nothing more to wait for.
    Flush {
        /// The exporter.
        id: ExporterId,
        /// The facade's number for this flush, repeated in the event.
        ticket: u32,
        /// Whether the flush also stops the exporter, and how long it waits for a record.
        kind: FlushKind,
        /// The longest time until the event.
        within: Duration,
    },
    /// Send everything that waits, of all exporters. The JS thread is blocked and the process is about to end.
    Drain {
        /// When the JS thread stops waiting.
        deadline: Instant,
        /// Dropped when all records are delivered or dropped.
        done: Sender<()>,
    },
    /// The exporter takes no more records. Deliver the remaining ones, then forget the exporter.
    Close {
        /// The exporter.
        id: ExporterId,
    },
    /// Deliver the remaining records of all exporters, and end the thread by `deadline`.
    Stop {
        /// The latest end of the thread.
        deadline: Instant,
    },
}

/// What a flush is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushKind {
    /// `flush()`: waits until each record is delivered, dropped or has been tried three times.
    Flush,
    /// `shutdown()`: waits as `flush()` does, then the exporter stops.
    Shutdown,
    /// `setDisabled()`: nothing is sent any more, records of this exporter in the spool are dropped too, and the exporter
    /// stops.
    Disable,
    /// The script has ended: waits until each record is delivered or dropped.
    Exit,
}

/// Records in the form in which the JS thread hands them over.
pub struct Records {
    /// The buffer; its format is described in [`crate::wire`].
    pub bytes: Vec<u8>,
    /// The number of records of each signal.
    pub counts: [u64; Signal::ALL.len()],
    /// The time at which the spans were exported, in milliseconds since 1970.
    pub at_ms: f64,
}

/// Counts the bytes of a buffer that the engine has not read yet. Dropping it takes them off the counter.
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

    /// The bytes that were unread already when this was made.
    #[must_use]
    pub fn before(&self) -> usize {
        self.before
    }

    /// Takes the bytes off the counter; returns the bytes that are still unread.
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
