//! What the answer to a request does to its job: settled, split, or back into the queue; and to the pace and the gate.

use std::time::Duration;

use tokio::time::Instant;

use super::Exporter;
use crate::{
    delivery::{ledger::End, pace, queue::Job},
    event::{Event, RecordName},
    protocol::answer::Outcome,
    signal::Signal,
    stats::DropReason,
};

impl Exporter {
    /// An attempt is over.
    pub fn on_outcome(&mut self, now: Instant, mut job: Job, outcome: Outcome) {
        self.land(&job);
        if !matches!(outcome, Outcome::Retry { .. }) {
            self.pace.on_answer(job.signal());
        }
        if job.is_probe() {
            self.on_probe_outcome(now, &outcome);
            return;
        }
        job.attempts = job.attempts.saturating_add(1);
        match outcome {
            Outcome::Delivered => self.settle(now, &job, End::Delivered),
            Outcome::AuthRejected(status) => self.settle(now, &job, End::AuthRejected { status }),
            Outcome::Refused { cause } => {
                self.settle(now, &job, End::Failed { cause, reason: DropReason::Refused });
            }
            Outcome::QuotaExhausted { probe_after } => self.on_quota_exhausted(now, &job, probe_after),
            Outcome::Split => self.split(now, &job),
            Outcome::Uncompressed => {
                self.plain = true;
                self.queue.push(job);
            }
            Outcome::Retry { cause, after } => self.retry(now, job, cause, after),
        }
        self.answer_flushes(now);
    }

    fn on_probe_outcome(&mut self, now: Instant, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered => {
                self.gate.on_probe_delivered();
                self.ledger.emit(&Event::QuotaResumed);
            }
            Outcome::QuotaExhausted { probe_after } => self.gate.on_probe_failed(now, Some(*probe_after)),
            _ => self.gate.on_probe_failed(now, None),
        }
    }

    fn on_quota_exhausted(&mut self, now: Instant, job: &Job, probe_after: Duration) {
        if self.gate.on_quota_exhausted(now, probe_after) {
            let probe_after_seconds = probe_after.as_secs();
            self.ledger.emit(&Event::QuotaPaused { probe_after_seconds });
        }
        self.settle(now, job, End::Dropped(DropReason::QuotaPaused));
        self.close_batch(now);
        while let Some(job) = self.queue.pop_oldest() {
            self.settle(now, &job, End::Dropped(DropReason::QuotaPaused));
        }
    }

    fn split(&mut self, now: Instant, job: &Job) {
        if job.count() == 1 {
            let record = job.payload.records().next().map(RecordName::of).unwrap_or_default();
            self.settle(now, job, End::Named { record, reason: DropReason::TooLargeForCollector });
            return;
        }
        self.ledger.pending.on_split(job.batch, job.awaited);
        for half in job.payload.halves() {
            self.enqueue(now, job.batch, half, job.expires_at);
        }
    }

    fn retry(&mut self, now: Instant, mut job: Job, cause: String, after: Option<Duration>) {
        self.pace.on_failure(now, job.signal(), (self.jitter)(), after, job.expires_at);
        self.expire(now, job.signal(), &cause);
        let exhausted = match self.config.max_attempts {
            Some(attempts) => job.attempts >= attempts,
            None => job.expires_at.is_some_and(|at| at <= now),
        };
        if exhausted {
            self.settle(now, &job, End::Failed { cause, reason: DropReason::RetriesExhausted });
            return;
        }
        self.ledger.stats.retried(job.signal(), job.count());
        self.ledger.pending.on_tried(&mut job);
        let again = now + pace::delay(job.attempts, (self.jitter)());
        job.ready_at = job.expires_at.map_or(again, |at| at.min(again));
        self.queue.push(job);
    }

    /// The signal's address has just failed again: lets go what has been kept beyond its window.
    fn expire(&mut self, now: Instant, signal: Signal, cause: &str) {
        while let Some(job) = self.queue.pop_expired(now, signal) {
            let (cause, reason) = (cause.to_owned(), DropReason::RetriesExhausted);
            self.settle(now, &job, End::Failed { cause, reason });
        }
    }
}
