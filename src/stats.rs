//! What has become of every record, by signal. All counting is here.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use serde::Serialize;
use tokio::time::Instant;

use self::account::Account;
pub use self::{account::Snapshot, reason::DropReason};
use crate::{
    health::{Health, HealthSnapshot},
    lock::lock,
    signal::Signal,
};

mod account;
mod reason;

/// The source of `stats()` in TypeScript.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    signals: [Snapshot; Signal::ALL.len()],
    #[serde(flatten)]
    health: HealthSnapshot,
}

/// Counters and health of one exporter. Both threads write to them.
#[derive(Debug, Default)]
pub struct Stats {
    /// The health of the exporter.
    pub health: Health,
    accounts: Mutex<[Account; Signal::ALL.len()]>,
    failed: AtomicBool,
}

impl Stats {
    /// Records were handed over.
    pub fn accepted(&self, signal: Signal, count: u64) {
        self.update(signal, |account| account.accepted += count);
    }

    /// JSON bytes joined the queue.
    pub fn queued(&self, signal: Signal, bytes: usize) {
        self.update(signal, |account| account.queued_bytes += bytes as u64);
    }

    /// Records left the queue for an attempt.
    pub fn sent(&self, signal: Signal, count: u64, bytes: usize) {
        self.update(signal, |account| {
            account.in_flight += count;
            account.queued_bytes = account.queued_bytes.saturating_sub(bytes as u64);
        });
    }

    /// Records came back from an attempt.
    pub fn returned(&self, signal: Signal, count: u64, bytes: usize) {
        self.update(signal, |account| {
            account.in_flight = account.in_flight.saturating_sub(count);
            account.queued_bytes += bytes as u64;
        });
    }

    /// Records wait for another attempt.
    pub fn retried(&self, signal: Signal, count: u64) {
        self.update(signal, |account| account.retried += count);
    }

    /// Queued records were delivered.
    pub fn delivered(&self, signal: Signal, count: u64, bytes: usize) {
        self.update(signal, |account| {
            account.delivered += count;
            account.queued_bytes = account.queued_bytes.saturating_sub(bytes as u64);
        });
    }

    /// Queued records, `bytes` of them counted by [`Stats::queued`], were dropped.
    pub fn dropped(&self, signal: Signal, reason: DropReason, count: u64, bytes: usize) {
        self.update(signal, |account| {
            account.drop(reason, count);
            account.queued_bytes = account.queued_bytes.saturating_sub(bytes as u64);
        });
    }

    /// Queued records are only in the spool from now on.
    pub fn parked(&self, signal: Signal, count: u64, bytes: usize) {
        self.update(signal, |account| {
            account.spooled += count;
            account.queued_bytes = account.queued_bytes.saturating_sub(bytes as u64);
        });
    }

    /// All records that were queued or in flight are only in the spool from now on. `counts`: their number, by signal.
    pub fn kept(&self, counts: [u64; Signal::ALL.len()]) {
        for (account, count) in lock(&self.accounts).iter_mut().zip(counts) {
            (account.in_flight, account.queued_bytes) = (0, 0);
            account.spooled += count;
        }
    }

    /// Records of an earlier process are in the spool.
    pub fn recovered(&self, signal: Signal, count: u64) {
        self.update(signal, |account| {
            account.recovered += count;
            account.spooled += count;
        });
    }

    /// Records that were only in the spool are queued.
    pub fn read_back(&self, signal: Signal, count: u64, bytes: usize) {
        self.update(signal, |account| {
            account.spooled = account.spooled.saturating_sub(count);
            account.queued_bytes += bytes as u64;
        });
    }

    /// Records that were only in the spool were dropped.
    pub fn dropped_spooled(&self, signal: Signal, reason: DropReason, count: u64) {
        self.update(signal, |account| {
            account.spooled = account.spooled.saturating_sub(count);
            account.drop(reason, count);
        });
    }

    /// Records that were only in the spool were delivered, by a request that was under way when they were let go of.
    pub fn delivered_spooled(&self, signal: Signal, count: u64) {
        self.update(signal, |account| {
            account.spooled = account.spooled.saturating_sub(count);
            account.delivered += count;
        });
    }

    /// Sets the number of bytes on the disk, by signal.
    pub fn spool_bytes(&self, bytes: [u64; Signal::ALL.len()]) {
        for (account, bytes) in lock(&self.accounts).iter_mut().zip(bytes) {
            account.spool_bytes = bytes;
        }
    }

    /// Records that are only in the spool.
    #[must_use]
    pub fn spooled(&self) -> u64 {
        lock(&self.accounts).iter().map(|account| account.spooled).sum()
    }

    /// Records were accepted and dropped in one step, so that nothing else can drop them in between.
    pub fn discarded(&self, signal: Signal, reason: DropReason, count: u64) {
        self.update(signal, |account| {
            account.accepted += count;
            account.drop(reason, count);
        });
    }

    /// Drops all remaining records; returns their number for each signal.
    pub fn drop_rest(&self, reason: DropReason) -> [u64; Signal::ALL.len()] {
        let mut accounts = lock(&self.accounts);
        accounts.each_mut().map(|account| {
            account.in_flight = 0;
            account.queued_bytes = 0;
            let rest = account.queued();
            account.drop(reason, rest);
            rest
        })
    }

    /// The engine has failed: drops all remaining records. Returns their number for each signal, and whether this is
    /// the first call. Only the first one is to be reported.
    pub fn fail(&self) -> ([u64; Signal::ALL.len()], bool) {
        (self.drop_rest(DropReason::EngineFailed), !self.failed.swap(true, Ordering::Relaxed))
    }

    /// The number of records that are neither delivered, dropped nor spooled.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        lock(&self.accounts).iter().map(|account| account.queued() + account.in_flight).sum()
    }

    /// Counters and health at one moment.
    #[must_use]
    pub fn report(&self, now: Instant, wall_now: SystemTime) -> Report {
        Report { signals: self.snapshot(), health: self.health.snapshot(now, wall_now) }
    }

    /// All counts at one moment, in the order of [`Signal::ALL`].
    #[must_use]
    pub fn snapshot(&self) -> [Snapshot; Signal::ALL.len()] {
        let accounts = *lock(&self.accounts);
        Signal::ALL.map(|signal| Snapshot::new(signal, &accounts.get(signal.index()).copied().unwrap_or_default()))
    }

    fn update(&self, signal: Signal, change: impl FnOnce(&mut Account)) {
        if let Some(account) = lock(&self.accounts).get_mut(signal.index()) {
            change(account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_is_the_sum_at_every_step() {
        let stats = Stats::default();
        let check = |expected: [u64; 4]| {
            let snapshot = stats.snapshot();
            let logs = &snapshot[Signal::Logs.index()];
            let dropped: u64 = logs.dropped.iter().map(|(_, count)| count).sum();
            assert_eq!([logs.queued, logs.in_flight, logs.delivered, dropped], expected);
            assert_eq!(logs.accepted, expected.iter().sum::<u64>());
        };
        stats.accepted(Signal::Logs, 10);
        stats.queued(Signal::Logs, 100);
        check([10, 0, 0, 0]);
        stats.sent(Signal::Logs, 6, 60);
        check([4, 6, 0, 0]);
        stats.returned(Signal::Logs, 6, 60);
        stats.delivered(Signal::Logs, 6, 60);
        check([4, 0, 6, 0]);
        stats.dropped(Signal::Logs, DropReason::QueueFull, 1, 10);
        check([3, 0, 6, 1]);
        assert_eq!(stats.drop_rest(DropReason::Shutdown), [0, 3, 0, 0, 0]);
        check([0, 0, 6, 4]);
        assert_eq!(stats.undelivered(), 0);
    }

    #[test]
    fn records_go_to_the_spool_and_come_back() {
        let stats = Stats::default();
        let check = |expected: [u64; 4], bytes: u64| {
            let logs = &stats.snapshot()[Signal::Logs.index()];
            assert_eq!([logs.queued, logs.in_flight, logs.spooled, logs.retried], expected);
            assert_eq!(logs.queued_bytes, bytes);
            assert_eq!(logs.accepted + logs.recovered, expected[..3].iter().sum::<u64>() + logs.delivered);
        };
        stats.recovered(Signal::Logs, 5);
        check([0, 0, 5, 0], 0);
        stats.recovered(Signal::Logs, 2);
        stats.accepted(Signal::Logs, 10);
        stats.queued(Signal::Logs, 100);
        stats.queued(Signal::Logs, 20);
        check([10, 0, 7, 0], 120);
        stats.sent(Signal::Logs, 4, 40);
        check([6, 4, 7, 0], 80);
        assert_eq!(stats.undelivered(), 10);
        stats.returned(Signal::Logs, 4, 40);
        stats.retried(Signal::Logs, 4);
        stats.retried(Signal::Logs, 3);
        check([10, 0, 7, 7], 120);
        stats.parked(Signal::Logs, 3, 30);
        stats.parked(Signal::Logs, 2, 20);
        check([5, 0, 12, 7], 70);
        stats.read_back(Signal::Logs, 6, 60);
        check([11, 0, 6, 7], 130);
        stats.delivered(Signal::Logs, 1, 10);
        stats.sent(Signal::Logs, 2, 20);
        check([8, 2, 6, 7], 100);
        stats.kept([0, 10, 0, 0, 0]);
        check([0, 0, 16, 7], 0);
        stats.delivered_spooled(Signal::Logs, 4);
        stats.delivered_spooled(Signal::Logs, 3);
        check([0, 0, 9, 7], 0);
        stats.dropped_spooled(Signal::Logs, DropReason::SpoolFull, 4);
        stats.spool_bytes([0, 123, 0, 0, 0]);
        let logs = &stats.snapshot()[Signal::Logs.index()];
        assert_eq!([logs.queued, logs.spooled, logs.delivered, logs.spool_bytes], [0, 5, 8, 123]);
        assert_eq!(stats.spooled(), 5);
    }

    #[test]
    fn an_engine_fails_once() {
        let stats = Stats::default();
        stats.accepted(Signal::Logs, 3);
        assert_eq!(stats.fail(), ([0, 3, 0, 0, 0], true));
        assert_eq!(stats.fail(), ([0; 5], false));
        assert_eq!(stats.snapshot()[Signal::Logs.index()].dropped[DropReason::EngineFailed as usize].1, 3);
    }

    #[test]
    fn a_discard_beside_the_end_of_the_engine_is_counted_once() {
        const COUNT: u64 = 200_000;
        let stats = Stats::default();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..COUNT {
                    stats.discarded(Signal::Logs, DropReason::Shutdown, 1);
                }
            });
            while stats.snapshot()[Signal::Logs.index()].accepted < COUNT {
                assert_eq!(stats.drop_rest(DropReason::Shutdown), [0; Signal::ALL.len()]);
            }
        });
    }
}
