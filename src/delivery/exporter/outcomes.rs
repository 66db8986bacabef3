//! What the outcome of a request changes: its job (settled, parted, or back in the queue), its address, and the gate.

use std::time::Duration;

use tokio::time::Instant;

use super::Exporter;
use crate::{
    delivery::{
        job::{Encoding, Job, Standing},
        ledger::End,
        payload::Payload,
    },
    event::{Event, RecordName},
    protocol::{answer::Outcome, reply::Reply},
    signal::Signal,
    stats::DropReason,
};

impl Exporter {
    /// An attempt is over.
    pub fn on_reply(&mut self, now: Instant, mut job: Job, reply: Reply) {
        self.note(now, &mut job, &reply);
        let outcome = reply.outcome;
        if job.is_probe() {
            self.on_probe_outcome(now, &outcome);
            return;
        }
        self.queue.on_returned(&job);
        if job.batch <= self.spooling.kept_until {
            return self.on_late_outcome(&job, &outcome);
        }
        self.ledger.stats.returned(job.signal(), job.count(), job.payload.record_bytes());
        job.attempts = job.attempts.saturating_add(1);
        let address = self.queue.address_mut(job.signal());
        match &outcome {
            Outcome::Delivered => address.on_delivered(now, job.payload.body_len()),
            // For these the address is changed below, once it is known what becomes of the job.
            Outcome::Split | Outcome::Retry { .. } | Outcome::TooMany { .. } => {}
            _ => address.on_answer(),
        }
        match outcome {
            Outcome::Delivered => {
                self.plain |= job.encoding == Encoding::PlainOnTrial;
                self.settle(now, &job, End::Delivered);
                self.batcher.recycle(job.payload);
            }
            Outcome::AuthRejected(status) => self.on_auth_rejected(now, &job, status),
            Outcome::Refused { cause } => {
                self.settle(now, &job, End::Failed { cause, reason: DropReason::Refused });
            }
            Outcome::Invalid { cause } => self.on_invalid(now, &job, cause),
            Outcome::QuotaExhausted { probe_after } => self.on_quota_exhausted(now, &job, probe_after),
            Outcome::Split => self.on_too_large(now, &job),
            Outcome::Uncompressed => {
                job.encoding = Encoding::PlainOnTrial;
                job.standing = Standing::Fresh;
                self.queue.push(job);
            }
            Outcome::Retry { cause, after } => {
                if let Some(after) = after {
                    self.hold(now, job.signal(), after, true);
                }
                self.retry(now, job, cause);
            }
            Outcome::TooMany { cause, after } => {
                if let Some(after) = after {
                    self.hold(now, job.signal(), after, false);
                }
                self.retry(now, job, cause);
            }
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
            Outcome::Retry { after: Some(after), .. } => {
                self.hold(now, Signal::Traces, *after, true);
                self.gate.on_probe_failed(now, None);
            }
            Outcome::TooMany { after: Some(after), .. } => {
                self.hold(now, Signal::Traces, *after, false);
                self.gate.on_probe_failed(now, None);
            }
            _ => self.gate.on_probe_failed(now, None),
        }
    }

    /// The collector has asked for a pause: for one signal, or for all signals of the same origin.
    fn hold(&mut self, now: Instant, asked: Signal, after: Duration, whole_origin: bool) {
        let haste = self.haste(now);
        for signal in Signal::ALL {
            if signal == asked || whole_origin && self.config.endpoints.share_origin(signal, asked) {
                self.queue.address_mut(signal).hold(now + after, signal == asked, haste);
            }
        }
    }

    /// The gate closes at once: from here on no request goes out with the rejected token, whatever becomes of the other
    /// signals of the batch.
    fn on_auth_rejected(&mut self, now: Instant, job: &Job, status: u16) {
        let batch_size = self.ledger.pending.get_mut(job.batch).map_or(0, |batch| batch.count);
        let cooldown = self.gate.on_auth_rejected(now, (self.jitter)(), batch_size);
        self.settle(now, job, End::AuthRejected { status, cooldown });
        self.drop_waiting(now);
    }

    fn on_quota_exhausted(&mut self, now: Instant, job: &Job, probe_after: Duration) {
        if self.gate.on_quota_exhausted(now, probe_after) {
            let probe_after_seconds = probe_after.as_secs();
            self.ledger.emit(&Event::QuotaPaused { probe_after_seconds });
        }
        self.settle(now, job, End::Dropped(DropReason::QuotaPaused));
        self.close_batch(now);
        self.drop_waiting(now);
    }

    /// Drops everything that waits, if the gate is closed.
    fn drop_waiting(&mut self, now: Instant) {
        while let Some(job) = self.queue.pop_oldest() {
            if let Err(reason) = self.gate.admit(now, job.count()) {
                self.settle(now, &job, End::Dropped(reason));
            } else {
                self.queue.push(job);
                return;
            }
        }
    }

    fn on_too_large(&mut self, now: Instant, job: &Job) {
        let halves = (job.count() > 1).then(|| job.payload.halves());
        let part_len = halves.as_ref().and_then(|halves| halves.iter().map(Payload::body_len).max());
        self.queue.address_mut(job.signal()).on_too_large(now, job.payload.body_len(), part_len);
        match halves {
            Some(halves) => self.part(job, halves),
            None => self.drop_named(now, job, DropReason::TooLargeForCollector),
        }
    }

    /// The collector refuses the job both compressed and uncompressed: one of its records may be the cause.
    fn on_invalid(&mut self, now: Instant, job: &Job, cause: String) {
        if job.count() > 1 && self.ledger.pending.may_search(job.batch, 2) {
            self.part(job, job.payload.halves());
        } else if job.is_part && job.count() == 1 {
            self.drop_named(now, job, DropReason::Refused);
        } else {
            self.settle(now, job, End::Failed { cause, reason: DropReason::Refused });
        }
    }

    fn part(&mut self, job: &Job, halves: [Payload; 2]) {
        self.ledger.pending.on_parted(job.batch, job.signal(), halves.len());
        for half in halves {
            self.queue.push(job.part(half));
        }
    }

    fn drop_named(&mut self, now: Instant, job: &Job, reason: DropReason) {
        let record = job.payload.records().next().map(RecordName::of).unwrap_or_default();
        self.settle(now, job, End::Named { record, reason });
    }

    fn retry(&mut self, now: Instant, mut job: Job, cause: String) {
        let (haste, signal) = (self.haste(now), job.signal());
        if let Err(reason) = self.gate.admit(now, job.count()) {
            self.settle(now, &job, End::Dropped(reason));
            return;
        }
        if self.queue.address_mut(signal).on_failure(now, &mut job, &cause, haste, self.jitter) {
            self.expire(now, signal, &cause);
        }
        // Few jobs that fail while others are delivered are tried at a time. When there are more, not each gets a last
        // try.
        while let Some(job) = self.queue.pop_overdue(now, signal) {
            self.give_up(now, &job, cause.clone());
        }
        let is_exhausted = match self.config.max_attempts {
            Some(attempts) => job.attempts >= attempts,
            None => job.is_expired(now),
        };
        // The search for a bad record goes on when the window is over: it is bounded, and the other records are good.
        let is_bad = job.is_suspected() || is_exhausted && job.failed_alone();
        if is_bad && job.count() > 1 && !haste.counted && self.ledger.pending.may_search(job.batch, 2) {
            self.ledger.stats.retried(signal, job.count());
            self.part(&job, job.payload.halves());
        } else if is_exhausted {
            self.give_up(now, &job, cause);
        } else {
            self.ledger.stats.retried(signal, job.count());
            self.queue.push(job);
        }
    }

    /// The signal's address has just failed again: drops the jobs that are older than their window.
    fn expire(&mut self, now: Instant, signal: Signal, cause: &str) {
        while let Some(job) = self.queue.pop_expired(now, signal) {
            self.give_up(now, &job, cause.to_owned());
        }
    }

    /// The job's attempts or its window are used up. A spool keeps it for longer than the window, not for more attempts.
    fn give_up(&mut self, now: Instant, job: &Job, cause: String) {
        let reason = DropReason::RetriesExhausted;
        if job.is_part && job.is_suspected() && job.count() == 1 {
            return self.drop_named(now, job, reason);
        }
        let parks = self.ledger.keeper.is_on() && self.config.max_attempts.is_none();
        self.settle(now, job, if parks { End::Parked(reason) } else { End::Failed { cause, reason } });
    }
}
