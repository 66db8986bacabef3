//! Parked records on their way back to the engine: the oldest segment first, as much as the engine has room for.

use std::{io, ops::Range};

use super::{Store, shown};
use crate::{
    signal::Signal,
    spool::{
        block::Block,
        disk::Disk,
        message::{Place, Report},
        ranges,
        segment::{self, Key, RunId},
    },
    stats::DropReason,
};

/// A segment that cannot be opened is given up after this many attempts, one a tick.
const MAX_FAILURES: u32 = 10;

impl<D: Disk> Store<D> {
    /// Gives the engine the parked records that it has asked for, the oldest first.
    pub(super) fn serve(&mut self) {
        for signal in Signal::ALL {
            if let Some(max_bytes) = self.wanted.get(signal.index()).copied().flatten() {
                self.serve_signal(signal, max_bytes);
            }
        }
    }

    fn serve_signal(&mut self, signal: Signal, max_bytes: usize) {
        while let Some(key) = self.oldest_parked(signal) {
            let Some(blocks) = self.read(key, max_bytes) else { return };
            if blocks.is_empty() {
                continue;
            }
            if let (Some(wanted), Some(given)) = (self.wanted.get_mut(key.1), self.given.get_mut(key.1)) {
                *wanted = None;
                *given += blocks.iter().map(|(_, block)| block.lengths.len() as u64).sum::<u64>();
            }
            return self.report(Report::Read(signal, blocks));
        }
    }

    fn oldest_parked(&self, signal: Signal) -> Option<Key> {
        let of_signal = self.segments.iter().filter(|(key, _)| key.1 == signal.index());
        let parked = of_signal.filter(|(_, segment)| !segment.parked.is_empty());
        parked.min_by_key(|(key, segment)| (segment.oldest_ms, **key)).map(|(key, _)| *key)
    }

    /// Reads parked records of a segment; `None` when that has to be tried again later.
    fn read(&mut self, key: Key, max_bytes: usize) -> Option<Vec<(RunId, Block)>> {
        let segment = self.segments.get_mut(&key)?;
        let bytes = match self.disk.read(&segment.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() != io::ErrorKind::NotFound && segment.failures < MAX_FAILURES => {
                segment.failures += 1;
                return None;
            }
            Err(_) => Vec::new(),
        };
        segment.failures = 0;
        let not_before_ms = self.now_ms.saturating_sub(self.limits.max_age_ms);
        let taken = segment::take(&bytes, &segment.parked, max_bytes, not_before_ms);
        for block in &taken.blocks {
            segment.parked.remove(&block.numbers());
            segment.held.insert(block.numbers());
        }
        for numbers in taken.expired {
            self.give_up(key, &numbers, DropReason::SpoolExpired);
        }
        if taken.complete {
            // The parked records that were not found are not in the file.
            let segment = self.segments.get(&key);
            let lost: Vec<Range<u64>> = segment.map(|segment| segment.parked.iter().collect()).unwrap_or_default();
            if let (Some(segment), false) = (segment, lost.is_empty()) {
                let (path, records) = (shown(&segment.path), ranges::count(&lost));
                self.report(Report::Unreadable { path, records, bytes: 0 });
            }
            for numbers in lost {
                self.give_up(key, &numbers, DropReason::SpoolUnreadable);
            }
        }
        Some(taken.blocks.into_iter().map(|block| (key.0, block)).collect())
    }

    /// Drops parked records for good.
    fn give_up(&mut self, key: Key, numbers: &Range<u64>, reason: DropReason) {
        let Some(signal) = self.segments.get(&key).map(|segment| segment.signal) else { return };
        self.ack(signal, &Place { run: key.0, numbers: numbers.clone() });
        self.lose(signal, reason, numbers.end - numbers.start);
    }
}
