//! The counts of one signal, and the sum that holds for them.

use serde::Serialize;

use super::DropReason;
use crate::signal::Signal;

/// The counts of one signal, in records. `accepted` and `recovered` together are always the sum of delivered, dropped,
/// queued, in flight and spooled: `queued` is not stored but computed from the others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Account {
    pub accepted: u64,
    pub recovered: u64,
    pub delivered: u64,
    pub dropped: [u64; DropReason::ALL.len()],
    pub retried: u64,
    pub in_flight: u64,
    pub queued_bytes: u64,
    pub spooled: u64,
    pub spool_bytes: u64,
}

impl Account {
    /// Records that wait.
    pub fn queued(&self) -> u64 {
        let settled = self.delivered + self.dropped.iter().sum::<u64>() + self.in_flight + self.spooled;
        (self.accepted + self.recovered).saturating_sub(settled)
    }

    /// Records were dropped.
    pub fn drop(&mut self, reason: DropReason, count: u64) {
        if let Some(dropped) = self.dropped.get_mut(reason as usize) {
            *dropped += count;
        }
    }
}

/// The counts of one signal as TypeScript sees them, in records. All but the last five only grow.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The signal.
    pub signal: Signal,
    /// Records handed over.
    pub accepted: u64,
    /// Records found in the spool of an earlier process.
    pub recovered: u64,
    /// Records that the collector has accepted.
    pub delivered: u64,
    /// Records given up, by reason.
    pub dropped: [(DropReason, u64); DropReason::ALL.len()],
    /// Records in attempts that failed and were followed by another; a record counts once for each such attempt.
    pub retried: u64,
    /// Records that wait.
    pub queued: u64,
    /// The JSON of the records that wait, in bytes.
    pub queued_bytes: u64,
    /// Records in requests that are not answered yet.
    pub in_flight: u64,
    /// In the spool and not in memory.
    pub spooled: u64,
    /// What the spool takes on the disk, in bytes.
    pub spool_bytes: u64,
}

impl Snapshot {
    pub(super) fn new(signal: Signal, account: &Account) -> Self {
        Self {
            signal,
            accepted: account.accepted,
            recovered: account.recovered,
            delivered: account.delivered,
            dropped: DropReason::ALL.map(|reason| (reason, account.dropped.get(reason as usize).copied().unwrap_or(0))),
            retried: account.retried,
            queued: account.queued(),
            queued_bytes: account.queued_bytes,
            in_flight: account.in_flight,
            spooled: account.spooled,
            spool_bytes: account.spool_bytes,
        }
    }
}
