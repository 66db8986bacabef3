//! Closed batches until the last of their records is settled, and the flushes that wait.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::{batch::FlushReason, gate::CooldownStarted};
use crate::{command::FlushKind, protocol::reply::Said, signal::Signal};

/// Requests that a batch may cost beyond the usual ones when its records are parted to find a bad one: this, and two for
/// each halving that finds one in `count` records.
const EXTRA_REQUESTS: u32 = 16;

/// What a signal of a batch has lost after the last attempt.
#[derive(Debug)]
pub struct Loss {
    /// Which signal.
    pub signal: Signal,
    /// How many records that are told of together.
    pub records: u64,
    /// To be logged as a failure of the signal.
    pub failure: Option<Failure>,
}

/// Why records were given up.
#[derive(Debug)]
pub struct Failure {
    /// What the last attempt met.
    pub cause: String,
    /// How many there were.
    pub attempts: u32,
    /// What the collector said to the last one.
    pub said: Option<Said>,
}

/// A closed batch with at least one job that is not settled.
#[derive(Debug)]
pub struct PendingBatch {
    /// Records in the batch.
    pub count: u64,
    /// Why it was closed.
    pub reason: FlushReason,
    /// When it was closed.
    pub started: Instant,
    /// Of the signals that have lost records.
    pub losses: Vec<Loss>,
    /// The status with which the credentials were rejected, and the cooldown that this has started.
    pub rejection: Option<(u16, CooldownStarted)>,
    /// Whether anything of it was delivered.
    pub delivered: bool,
    /// Requests that it has cost to look for a bad record.
    extra_requests: u32,
    /// Jobs that are not settled, by [`Signal::index`].
    jobs: [u32; Signal::ALL.len()],
}

impl PendingBatch {
    /// Whether records of it were delivered and no signal of it has lost any.
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

    /// What a signal has lost, when the last of its jobs is settled.
    fn loss_of_finished(&mut self, signal: Signal) -> Option<(u64, Failure)> {
        if self.jobs.get(signal.index()).is_some_and(|&jobs| jobs > 0) {
            return None;
        }
        let loss = self.losses.iter_mut().find(|loss| loss.signal == signal)?;
        Some((loss.records, loss.failure.take()?))
    }
}

/// A job is settled.
#[derive(Debug)]
pub struct Settled {
    /// What its signal has lost of the batch, and why, if this was the last job of the signal.
    pub loss: Option<(u64, Failure)>,
    /// The batch, if this was its last job.
    pub batch: Option<PendingBatch>,
}

/// A flush that waits.
#[derive(Debug)]
pub struct Waiter {
    /// Comes back in the answer.
    pub ticket: u32,
    /// What it is for.
    pub kind: FlushKind,
    /// Waits no longer than this.
    pub deadline: Instant,
    /// It waits for records before these numbers, by [`Signal::index`].
    pub ends: [u64; Signal::ALL.len()],
    /// It waits for no more than so many failures of each address in all, by [`Signal::index`].
    pub failures: [u64; Signal::ALL.len()],
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pending {
    open: BTreeMap<u64, PendingBatch>,
    waiters: Vec<Waiter>,
    last_batch: u64,
}

impl Pending {
    /// Takes in a closed batch with a job for each of these signals; answers the batch's number.
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

    /// A batch.
    pub fn get_mut(&mut self, batch: u64) -> Option<&mut PendingBatch> {
        self.open.get_mut(&batch)
    }

    /// A job of the batch became `parts` jobs.
    pub fn on_parted(&mut self, batch: u64, signal: Signal, parts: usize) {
        let jobs = self.open.get_mut(&batch).and_then(|batch| batch.jobs.get_mut(signal.index()));
        if let Some(jobs) = jobs {
            *jobs += u32::try_from(parts.saturating_sub(1)).unwrap_or(u32::MAX);
        }
    }

    /// Whether the batch may cost so many requests more in the search for a bad record; notes them.
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

    /// A flush waits.
    pub fn wait(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// The flushes that have nothing more to wait for.
    pub fn take_answered(&mut self, is_over: impl Fn(&Waiter) -> bool) -> Vec<Waiter> {
        self.waiters.extract_if(.., |waiter| is_over(waiter)).collect()
    }

    /// Until when the flushes at the end of an exporter wait, if there are any.
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

    /// When the oldest batch was closed that has jobs left.
    #[must_use]
    pub fn oldest_since(&self) -> Option<Instant> {
        self.open.values().next().map(|batch| batch.started)
    }

    /// Whether no batch is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Forgets all batches.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}
