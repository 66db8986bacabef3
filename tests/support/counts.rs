//! An exporter's counters as the JS thread reads them, and the invariants that hold whenever they are read.

use mastra_native_exporter::stats::{DropReason, Snapshot, Stats};

/// The numbers of one signal, or of all together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub accepted: u64,
    pub delivered: u64,
    dropped: [u64; DropReason::ALL.len()],
    pub retried: u64,
    pub queued: u64,
    pub queued_bytes: u64,
    pub in_flight: u64,
    pub recovered: u64,
    pub spooled: u64,
}

impl Counts {
    /// By signal.
    pub fn read(stats: &Stats) -> Vec<Self> {
        let of_signal = |snapshot| {
            let mut counts = Self::default();
            counts.add(snapshot);
            counts
        };
        stats.snapshot().iter().map(of_signal).collect()
    }

    /// All signals together.
    pub fn total(stats: &Stats) -> Self {
        let mut total = Self::default();
        for snapshot in &stats.snapshot() {
            total.add(snapshot);
        }
        total
    }

    fn add(&mut self, snapshot: &Snapshot) {
        self.accepted += snapshot.accepted;
        self.delivered += snapshot.delivered;
        self.retried += snapshot.retried;
        self.queued += snapshot.queued;
        self.queued_bytes += snapshot.queued_bytes;
        self.in_flight += snapshot.in_flight;
        self.recovered += snapshot.recovered;
        self.spooled += snapshot.spooled;
        for &(reason, count) in &snapshot.dropped {
            self.dropped[reason as usize] += count;
        }
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }

    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// Checks what must hold whenever the counters are read. `before`: the counters that were read earlier.
    pub fn assert_sound(&self, before: &Self) {
        assert!(self.is_sound(before), "{before:?} became {self:?}");
    }

    /// See [`Counts::assert_sound`].
    pub fn is_sound(&self, before: &Self) -> bool {
        let parts = self.delivered + self.dropped() + self.queued + self.in_flight + self.spooled;
        let growing = |counts: &Self| [counts.accepted, counts.delivered, counts.dropped(), counts.retried];
        let grown = growing(self).into_iter().zip(growing(before)).all(|(after, before)| after >= before);
        self.accepted + self.recovered == parts && grown
    }
}
