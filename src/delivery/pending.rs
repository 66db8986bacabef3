//! Closed batches until the last of their records is settled, and flushes that wait.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::{batch::FlushReason, gate::CooldownStarted};
use crate::{command::FlushKind, protocol::reply::Said, signal::Signal};

/// The number of extra requests that a batch may cost when its records are parted to find a bad one: this constant, and
/// two for each halving that finds one record among `count`.
const EXTRA_REQUESTS: u32 = 16;

/// The records of one signal that a batch has lost, as they are reported after the last attempt.
#[derive(Debug)]
pub struct Loss {
    /// The signal.
    pub signal: Signal,
    /// The number of records in this report.
    pub records: u64,
    /// The cause, logged as a failure of the signal.
    pub failure: Option<Failure>,
}

/// Why records were given up.
#[derive(Debug)]
pub struct Failure {
    /// The message of the last attempt.
    pub cause: String,
    /// The number of attempts.
    pub attempts: u32,
    /// The collector's text in its last answer.
    pub said: Option<Said>,
}

/// The answer that has started a cooldown.
#[derive(Debug)]
pub struct Rejection {
    /// The status: 401 or 403.
    pub status: u16,
    /// The collector's text; empty when there was none.
    pub text: String,
    /// The cooldown.
    pub cooldown: CooldownStarted,
}

/// A closed batch with at least one job that is not settled.
#[derive(Debug)]
pub struct PendingBatch {
    /// The number of records in the batch.
    pub count: u64,
    /// Why the batch was closed.
    pub reason: FlushReason,
    /// When the batch was closed.
    pub started: Instant,
    /// One entry for each signal that has lost records.
    pub losses: Vec<Loss>,
    /// The answer that has rejected the token and started a cooldown.
    pub rejection: Option<Rejection>,
    /// Whether any of its records were delivered.
    pub delivered: bool,
    /// The number of extra requests made to find a bad record.
    extra_requests: u32,
    /// The number of jobs that are not settled, by [`Signal::index`].
    jobs: [u32; Signal::ALL.len()],
}

impl PendingBatch {
    /// Whether records of the batch were delivered and none of its signals has lost any.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.delivered && self.losses.is_empty()
    }

    /// Notes a loss; see [`Loss`].
    pub fn lose(&mut self, signal: Signal, records: u64, failure: Option<Failure>) {
        if let Some(loss) = self.losses.iter_mut().find(|loss| loss.signal == signal) {
            loss.records += records;
            loss.failure = failure.or(loss.failure.take());
        } else {
            self.losses.push(Loss { signal, records, failure });
        }
    }

    /// The loss of a signal, once the last of its jobs is settled.
    fn loss_of_finished(&mut self, signal: Signal) -> Option<(u64, Failure)> {
        if self.jobs.get(signal.index()).is_some_and(|&jobs| jobs > 0) {
            return None;
        }
        let loss = self.losses.iter_mut().find(|loss| loss.signal == signal)?;
        Some((loss.records, loss.failure.take()?))
    }
}

/// What follows when a job is settled.
#[derive(Debug)]
pub struct Settled {
    /// The loss of its signal, if this was the last job of the signal.
    pub loss: Option<(u64, Failure)>,
    /// The batch, if this was its last job.
    pub batch: Option<PendingBatch>,
}

/// A flush that waits.
#[derive(Debug)]
pub struct Waiter {
    /// The facade's number for the flush, repeated in the event.
    pub ticket: u32,
    /// What the flush is for.
    pub kind: FlushKind,
    /// The latest time of the event.
    pub deadline: Instant,
    /// The flush waits for records before these numbers, by [`Signal::index`].
    pub ends: [u64; Signal::ALL.len()],
    /// The flush stops waiting at this total number of failures of each address, by [`Signal::index`].
    pub failures: [u64; Signal::ALL.len()],
}

/// Closed batches and waiting flushes; see the module.
#[derive(Debug, Default)]
pub struct Pending {
    open: BTreeMap<u64, PendingBatch>,
    waiters: Vec<Waiter>,
    last_batch: u64,
}

impl Pending {
    /// Adds a closed batch with a job for each of these signals; returns the batch's number.
    pub fn open(
        &mut self,
        now: Instant,
        count: u64,
        reason: FlushReason,
        signals: impl Iterator<Item = Signal>,
    ) -> u64 {
        self.last_batch += 1;
        let mut jobs = [0; Signal::ALL.len()];
        for signal in signals {
            if let Some(jobs) = jobs.get_mut(signal.index()) {
                *jobs = 1;
            }
        }
        let batch = PendingBatch {
            count,
            reason,
            started: now,
            losses: Vec::new(),
            rejection: None,
            delivered: false,
            extra_requests: 0,
            jobs,
        };
        self.open.insert(self.last_batch, batch);
        self.last_batch
    }

    /// The batch of this number.
    pub fn get_mut(&mut self, batch: u64) -> Option<&mut PendingBatch> {
        self.open.get_mut(&batch)
    }

    /// A job of the batch was replaced by `parts` jobs.
    pub fn on_parted(&mut self, batch: u64, signal: Signal, parts: usize) {
        let jobs = self.open.get_mut(&batch).and_then(|batch| batch.jobs.get_mut(signal.index()));
        if let Some(jobs) = jobs {
            *jobs += u32::try_from(parts.saturating_sub(1)).unwrap_or(u32::MAX);
        }
    }

    /// Whether the batch may cost this number of further requests in the search for a bad record. Counts them if so.
    pub fn may_search(&mut self, batch: u64, requests: u32) -> bool {
        let Some(batch) = self.open.get_mut(&batch) else { return false };
        let allowed = 2 * batch.count.max(1).next_power_of_two().ilog2() + EXTRA_REQUESTS;
        let wanted = batch.extra_requests + requests;
        if wanted <= allowed {
            batch.extra_requests = wanted;
        }
        wanted <= allowed
    }

    /// A job of the batch is settled.
    pub fn on_settled(&mut self, number: u64, signal: Signal) -> Settled {
        let Some(batch) = self.open.get_mut(&number) else { return Settled { loss: None, batch: None } };
        if let Some(jobs) = batch.jobs.get_mut(signal.index()) {
            *jobs = jobs.saturating_sub(1);
        }
        let loss = batch.loss_of_finished(signal);
        let is_over = batch.jobs.iter().all(|&jobs| jobs == 0);
        Settled { loss, batch: is_over.then(|| self.open.remove(&number)).flatten() }
    }

    /// The number of the last batch.
    #[must_use]
    pub fn last_batch(&self) -> u64 {
        self.last_batch
    }

    /// Adds a flush that waits.
    pub fn wait(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// Takes out the flushes that have nothing more to wait for.
    pub fn take_answered(&mut self, is_over: impl Fn(&Waiter) -> bool) -> Vec<Waiter> {
        self.waiters.extract_if(.., |waiter| is_over(waiter)).collect()
    }

    /// The time until which flushes at the end of an exporter wait, if there are any.
    #[must_use]
    pub fn ends_at(&self) -> Option<Instant> {
        let ends = self.waiters.iter().filter(|waiter| waiter.kind != FlushKind::Flush);
        ends.map(|waiter| waiter.deadline).max()
    }

    /// When the next flush runs out of time.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.waiters.iter().map(|waiter| waiter.deadline).min()
    }

    /// When the oldest batch with jobs left was closed.
    #[must_use]
    pub fn oldest_since(&self) -> Option<Instant> {
        self.open.values().next().map(|batch| batch.started)
    }

    /// Whether no batch is in flight or waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Forgets all batches.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn the_search_for_a_bad_record_costs_a_bounded_number_of_requests() {
        for (count, allowed) in [(1, 16), (2, 18), (1000, 36), (1024, 36), (1025, 38)] {
            let mut pending = Pending::default();
            let batch = pending.open(clock::now(), count, FlushReason::Size, [Signal::Logs].into_iter());
            let searches = (0..100).filter(|_| pending.may_search(batch, 2)).count();
            assert_eq!(2 * searches, allowed, "a batch of {count}");
        }
    }
}
