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

/// The engine is woken from a rest when this many bytes of an exporter wait for it.
const MAX_RESTING_BYTES: usize = 128 << 10;

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
        let bytes = records.bytes.len();
        let unread = Unread::new(&self.unread_bytes, bytes);
        let unread_bytes = unread.before() + bytes;
        // Only an engine whose thread does not get to run falls this far behind. A single buffer may be larger than the
        // limit: the queue bounds its records, and drops the oldest first.
        let command = if unread.before() > self.max_queue_bytes {
            Command::Refused { id: self.id, counts: records.counts }
        } else {
            Command::Records { id: self.id, records, unread }
        };
        if unread_bytes < MAX_RESTING_BYTES { self.shared.send_later(command) } else { self.shared.send(command) }
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

#[cfg(test)]
mod tests {
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;
    use crate::{
        event::{Event, Sink},
        wake::Wake,
    };

    struct Silent;

    impl Sink for Silent {
        fn emit(&self, _event: &Event) {}
    }

    #[test]
    fn an_engine_at_rest_is_woken_by_many_bytes() {
        let (commands, _received) = crossbeam_channel::unbounded();
        let wake = Arc::new(Wake::default());
        let shared = Arc::new(Shared::new(commands, Arc::clone(&wake)));
        let member = Arc::new(Member { sink: Arc::new(Silent), stats: Arc::default() });
        let handle = Handle::new(1, shared, member, usize::MAX);
        let wakes = |bytes| {
            assert!(handle.submit(Records { bytes: vec![0; bytes], counts: [0; Signal::ALL.len()], at_ms: 0.0 }));
            pin!(wake.notified()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        assert!(wakes(1));
        wake.begin_rest();
        assert!(!wakes(1) && !wakes(MAX_RESTING_BYTES - 3));
        assert!(wakes(1) && wakes(1), "and none of it has been read");
        wake.end_rest();
        assert!(wakes(1));
    }
}
