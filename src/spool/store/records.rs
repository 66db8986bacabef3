//! What the engine's commands do to records: each is held, parked, or settled.

use std::ops::Range;

use super::Store;
use crate::{
    signal::Signal,
    spool::{
        block::Block,
        disk::Disk,
        message::{Counts, Holding, Place, Report},
        ranges::{self, Ranges},
        segment::{Key, OWN_RUN, Segment},
    },
    stats::DropReason,
};

impl<D: Disk> Store<D> {
    pub(super) fn append(&mut self, signal: Signal, block: &Block) {
        if self.retry_in.is_some_and(|ticks| ticks > 0) {
            return;
        }
        if self.own.is_none()
            && let Err(error) = self.create_own()
        {
            return self.fail(&error);
        }
        let Some(run) = &self.own else { return };
        let written = self.writer.append(&self.disk, &run.directory, signal, block);
        match written {
            Ok(appended) => {
                let segment = self.segments.entry(appended.key).or_insert_with(|| Segment {
                    signal,
                    path: appended.path,
                    bytes: 0,
                    ack_bytes: 0,
                    oldest_ms: block.wall_ms,
                    newest_ms: block.wall_ms,
                    parked: Ranges::default(),
                    held: Ranges::default(),
                    failures: 0,
                });
                segment.bytes += appended.bytes;
                self.total_bytes += appended.bytes;
                segment.newest_ms = segment.newest_ms.max(block.wall_ms);
                segment.held.insert(block.numbers());
                if let Some(full) = appended.closed {
                    self.remove_if_settled(full);
                }
                self.resume();
                self.make_room();
            }
            Err(error) => self.fail(&error),
        }
    }

    pub(super) fn ack(&mut self, signal: Signal, place: &Place) {
        for key in self.keys(signal, place) {
            let Some(segment) = self.segments.get_mut(&key) else { continue };
            let mut acked = segment.held.remove(&place.numbers);
            acked.extend(segment.parked.remove(&place.numbers));
            if !self.remove_if_settled(key) {
                for numbers in &acked {
                    self.write_ack(key, numbers);
                }
            }
        }
    }

    pub(super) fn ack_parked(&mut self, signal: Signal, place: &Place) {
        let mut count = 0;
        for key in self.keys(signal, place) {
            let Some(segment) = self.segments.get_mut(&key) else { continue };
            let acked = segment.parked.remove(&place.numbers);
            count += ranges::count(&acked);
            if !self.remove_if_settled(key) {
                for numbers in &acked {
                    self.write_ack(key, numbers);
                }
            }
        }
        if count > 0 {
            self.report(Report::Settled(signal, count));
        }
    }

    /// Notes on the disk that records are settled. Without the note the next process sends them again.
    pub(super) fn write_ack(&mut self, key: Key, numbers: &Range<u64>) {
        let Some(segment) = self.segments.get_mut(&key) else { return };
        match self.writer.ack(&self.disk, key, segment, numbers) {
            Ok(bytes) => self.total_bytes += bytes,
            Err(error) => self.fail(&error),
        }
    }

    pub(super) fn park(&mut self, signal: Signal, place: &Place, reason: DropReason) {
        let mut missing = place.numbers.end - place.numbers.start;
        for key in self.keys(signal, place) {
            let Some(segment) = self.segments.get_mut(&key) else { continue };
            let parts = segment.held.remove(&place.numbers);
            missing -= ranges::count(&parts).min(missing);
            for part in parts {
                segment.parked.insert(part);
            }
        }
        self.lose(signal, reason, missing);
    }

    /// Memory releases everything.
    pub(super) fn keep(&mut self, holding: &Holding, reason: DropReason) {
        let missing = self.missing(holding);
        for segment in self.segments.values_mut() {
            let held = std::mem::take(&mut segment.held);
            held.iter().for_each(|range| segment.parked.insert(range));
        }
        // The engine does not take what was read before this, and asks anew for what it wants after it.
        self.wanted = Default::default();
        for (signal, count) in Signal::ALL.into_iter().zip(missing) {
            self.lose(signal, reason, count);
        }
        self.sync();
    }

    /// Drops all records of the own run, and removes its files.
    pub(super) fn discard(&mut self, reason: DropReason) {
        let own = self.segments.iter_mut().filter(|(key, _)| key.0 == OWN_RUN);
        let parked: Vec<(Signal, u64)> = own
            .map(|(_, segment)| {
                segment.held = Ranges::default();
                (segment.signal, std::mem::take(&mut segment.parked).count())
            })
            .collect();
        for (signal, count) in parked {
            self.lose(signal, reason, count);
        }
        self.tidy();
        self.sync();
    }

    /// The number of records in the engine's memory that are not in the spool. Records on their way to the engine count as
    /// held here, and not yet in its memory.
    pub(super) fn missing(&self, holding: &Holding) -> Counts {
        let mut missing = holding.memory;
        for signal in Signal::ALL {
            let at = signal.index();
            let Some(count) = missing.get_mut(at) else { continue };
            let of = |counts: &Counts| counts.get(at).copied().unwrap_or_default();
            let on_its_way = of(&self.given).saturating_sub(of(&holding.received));
            let segments = self.segments.iter().filter(|(key, _)| key.1 == at);
            let held: u64 = segments.map(|(_, segment)| segment.held.count()).sum();
            *count = (*count + on_its_way).saturating_sub(held);
        }
        missing
    }

    /// The segments that these records may be in.
    fn keys(&self, signal: Signal, place: &Place) -> Vec<Key> {
        let key = |number| (place.run, signal.index(), number);
        let before = self.segments.range(..=key(place.numbers.start)).next_back();
        let before = before.filter(|(found, _)| (found.0, found.1) == (place.run, signal.index()));
        let within = self.segments.range(
            key(place.numbers.start.saturating_add(1))
                ..key(place.numbers.end.max(place.numbers.start.saturating_add(1))),
        );
        before.into_iter().chain(within).map(|(key, _)| *key).collect()
    }
}
