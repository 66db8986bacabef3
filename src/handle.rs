//! One exporter as the JS thread holds it. Nothing here blocks.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use crate::{
    command::{Command, ExporterId, FlushKind, Records, Unread},
    shared::{Member, Shared},
    signal::Signal,
    stats::{DropReason, Stats},
};

/// An exporter on the JS thread. Dropping it closes the exporter; records that were handed over are still delivered.
pub struct Handle {
    id: ExporterId,
    shared: Arc<Shared>,
    member: Arc<Member>,
    /// Bytes sent to the engine that it has not read yet.
    unread_bytes: Arc<AtomicUsize>,
    max_queue_bytes: usize,
}

impl Handle {
    /// The handle of an exporter that has been opened under `id`.
    #[must_use]
    pub fn new(id: ExporterId, shared: Arc<Shared>, member: Arc<Member>, max_queue_bytes: usize) -> Self {
        Self { id, shared, member, unread_bytes: Arc::default(), max_queue_bytes }
    }

    /// Hands records over. Never blocks. Returns false when the engine is gone: see [`Handle::abandon`].
    #[must_use]
    pub fn submit(&self, records: Records) -> bool {
        self.accept(records.counts);
        let unread = Unread::new(&self.unread_bytes, records.bytes.len());
        // Only an engine whose thread does not get to run falls this far behind. A single buffer may be larger than the
        // limit: the queue bounds its records, and drops the oldest first.
        let command = if unread.before() > self.max_queue_bytes {
            Command::Refused { id: self.id, counts: records.counts }
        } else {
            Command::Records { id: self.id, records, unread }
        };
        self.shared.send(command)
    }

    /// Counts records as dropped that the facade cannot hand over.
    pub fn discard(&self, counts: [u64; Signal::ALL.len()], reason: DropReason) {
        for (signal, count) in Signal::ALL.into_iter().zip(counts) {
            self.stats().discarded(signal, reason, count);
        }
    }

    /// Counts all remaining records as dropped, because the engine has failed; returns their number for each signal.
    #[must_use]
    pub fn abandon(&self) -> [u64; Signal::ALL.len()] {
        self.stats().fail().0
    }

    /// Asks for `Event::Flushed` with `ticket`, after `within` at the latest. Returns false when the engine is gone and
    /// no event will come.
    #[must_use]
    pub fn flush(&self, ticket: u32, kind: FlushKind, within: Duration) -> bool {
        self.shared.send(Command::Flush { id: self.id, ticket, kind, within })
    }

    /// The exporter's counters.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.member.stats
    }

    fn accept(&self, counts: [u64; Signal::ALL.len()]) {
        for (signal, count) in Signal::ALL.into_iter().zip(counts).filter(|&(_, count)| count > 0) {
            self.stats().accepted(signal, count);
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.send(Command::Close { id: self.id });
    }
}
