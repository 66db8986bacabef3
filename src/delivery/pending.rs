//! Closed batches until the last of their records is settled, and the flushes that wait for them.

use std::collections::BTreeMap;

use tokio::time::Instant;

use crate::{
    command::FlushKind,
    delivery::{batch::FlushReason, queue::Job},
    signal::Signal,
};

/// A closed batch with at least one job that is not settled.
#[derive(Debug)]
pub struct PendingBatch {
    /// Records in the batch.
    pub count: u64,
    /// Why it was closed.
    pub reason: FlushReason,
    /// When it was closed.
    pub started: Instant,
    /// Signals that were dropped after the last attempt.
    pub failed: Vec<Signal>,
    /// The status with which the credentials were rejected.
    pub auth_status: Option<u16>,
    /// Whether anything of it was delivered.
    pub delivered: bool,
    /// Jobs that are not settled.
    jobs: usize,
    /// Those of them that a flush waits for.
    awaited: usize,
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
    last_batch: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Pending {
    open: BTreeMap<u64, PendingBatch>,
    waiters: Vec<Waiter>,
    last_batch: u64,
}

impl PendingBatch {
    /// Whether records of it were delivered and no signal of it has failed.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.delivered && self.failed.is_empty()
    }
}

impl Pending {
    /// Takes in a closed batch of `jobs` jobs; answers the batch's number.
    pub fn open(&mut self, now: Instant, count: u64, reason: FlushReason, jobs: usize) -> u64 {
        self.last_batch += 1;
        let pending = PendingBatch {
            count,
            reason,
            started: now,
            failed: Vec::new(),
            auth_status: None,
            delivered: false,
            jobs,
            awaited: jobs,
        };
        self.open.insert(self.last_batch, pending);
        self.last_batch
    }

    /// A batch.
    pub fn get_mut(&mut self, batch: u64) -> Option<&mut PendingBatch> {
        self.open.get_mut(&batch)
    }

    /// A job of the batch became two, both awaited; `awaited` says whether the one was.
    pub fn on_split(&mut self, batch: u64, awaited: bool) {
        if let Some(pending) = self.open.get_mut(&batch) {
            pending.jobs += 1;
            pending.awaited += if awaited { 1 } else { 2 };
        }
    }

    /// Flushes wait for one more try of the job, if they did not wait for it anyway.
    pub fn expect_try(&mut self, job: &mut Job) {
        if !job.awaited
            && let Some(pending) = self.open.get_mut(&job.batch)
        {
            job.awaited = true;
            job.release_at = job.attempts + 1;
            pending.awaited += 1;
        }
    }

    /// A try of the job has failed and another one comes: flushes wait no longer when that was enough.
    pub fn on_tried(&mut self, job: &mut Job) {
        if job.awaited
            && job.attempts >= job.release_at
            && let Some(pending) = self.open.get_mut(&job.batch)
        {
            job.awaited = false;
            pending.awaited = pending.awaited.saturating_sub(1);
        }
    }

    /// A job of the batch is settled; `awaited` says whether flushes waited for it. Answers the batch when it was
    /// the last.
    pub fn on_settled(&mut self, batch: u64, awaited: bool) -> Option<PendingBatch> {
        let pending = self.open.get_mut(&batch)?;
        pending.jobs = pending.jobs.saturating_sub(1);
        pending.awaited = pending.awaited.saturating_sub(usize::from(awaited));
        if pending.jobs > 0 {
            return None;
        }
        self.open.remove(&batch)
    }

    /// A flush waits for all batches so far.
    pub fn wait(&mut self, ticket: u32, kind: FlushKind, deadline: Instant) {
        self.waiters.push(Waiter { ticket, kind, deadline, last_batch: self.last_batch });
    }

    /// The flushes that have nothing more to wait for, or no more time.
    pub fn take_answered(&mut self, now: Instant) -> Vec<Waiter> {
        let open = &self.open;
        let waits = |waiter: &Waiter| {
            let awaited = |batch: &PendingBatch| waiter.kind == FlushKind::Exit || batch.awaited > 0;
            now < waiter.deadline && open.range(..=waiter.last_batch).any(|(_, batch)| awaited(batch))
        };
        self.waiters.extract_if(.., |waiter| !waits(waiter)).collect()
    }

    /// Whether a flush waits.
    #[must_use]
    pub fn has_waiters(&self) -> bool {
        !self.waiters.is_empty()
    }

    /// When the next flush runs out of time.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.waiters.iter().map(|waiter| waiter.deadline).min()
    }

    /// Whether no batch is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Forgets all batches; every flush is answered next.
    pub fn clear(&mut self) {
        self.open.clear();
    }
}
