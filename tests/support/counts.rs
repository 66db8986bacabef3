//! An exporter's counters as the JS thread reads them, and what must hold for them whenever they are read.

use std::collections::BTreeMap;

use mastra_native_exporter::stats::{DropReason, Stats};
use serde::Deserialize;

/// The numbers of one signal, or of all together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    pub accepted: u64,
    pub delivered: u64,
    dropped: Vec<(String, u64)>,
    pub retried: u64,
    pub queued: u64,
    pub queued_bytes: u64,
    pub in_flight: u64,
}

impl Counts {
    /// By signal.
    pub fn read(stats: &Stats) -> Vec<Self> {
        serde_json::from_value(serde_json::to_value(stats.snapshot()).unwrap()).unwrap()
    }

    /// All signals together.
    pub fn total(stats: &Stats) -> Self {
        let mut total = Self::default();
        let mut dropped = BTreeMap::<String, u64>::new();
        for counts in Self::read(stats) {
            total.accepted += counts.accepted;
            total.delivered += counts.delivered;
            total.retried += counts.retried;
            total.queued += counts.queued;
            total.queued_bytes += counts.queued_bytes;
            total.in_flight += counts.in_flight;
            for (reason, count) in counts.dropped {
                *dropped.entry(reason).or_default() += count;
            }
        }
        total.dropped = dropped.into_iter().filter(|&(_, count)| count > 0).collect();
        total
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.iter().map(|(_, count)| count).sum()
    }

    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        let name = serde_json::to_value(reason).unwrap();
        let named = self.dropped.iter().filter(|(known, _)| *known == name);
        named.map(|(_, count)| count).sum()
    }

    /// What must hold whenever the counters are read; `before`: what was read earlier.
    pub fn assert_sound(&self, before: &Self) {
        let parts = self.delivered + self.dropped() + self.queued + self.in_flight;
        assert_eq!(self.accepted, parts, "{self:?}");
        let growing = |counts: &Self| [counts.accepted, counts.delivered, counts.dropped(), counts.retried];
        let grown = growing(self).into_iter().zip(growing(before)).all(|(after, before)| after >= before);
        assert!(grown, "{before:?} became {self:?}");
    }
}
