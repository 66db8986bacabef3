//! The limits: they remove the oldest segments of all runs.

use super::Store;
use crate::{
    spool::{
        disk::Disk,
        segment::{Key, Segment},
    },
    stats::DropReason,
};

impl<D: Disk> Store<D> {
    /// Removes the oldest segments until `maxSpoolBytes` holds.
    pub(super) fn make_room(&mut self) {
        let spare_bytes = |store: &Self| store.writer.spare_bytes().iter().sum::<u64>();
        while self.total_bytes + self.live_bytes + spare_bytes(self) > self.limits.max_bytes {
            if self.writer.remove_spares(&self.disk) {
                continue;
            }
            if self.has_work() {
                self.work();
                continue;
            }
            let oldest = self.segments.iter().min_by_key(|(key, segment)| (segment.oldest_ms, **key));
            let Some(key) = oldest.map(|(key, _)| *key) else { return };
            self.remove_lost(key, DropReason::SpoolFull);
        }
    }

    /// Removes segments in which every record is too old.
    pub(super) fn expire(&mut self) {
        let too_old = |segment: &Segment| segment.newest_ms.saturating_add(self.limits.max_age_ms) < self.now_ms;
        let expired = self.segments.iter().filter(|(_, segment)| too_old(segment));
        for key in expired.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.remove_lost(key, DropReason::SpoolExpired);
        }
    }

    fn remove_lost(&mut self, key: Key, reason: DropReason) {
        if let Some(segment) = self.segments.get(&key) {
            let (signal, count) = (segment.signal, segment.parked.count());
            self.lose(signal, reason, count);
        }
        self.remove_segment(key);
    }
}
