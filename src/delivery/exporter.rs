//! One exporter's state: open batch, queue, gate, and the batches in flight. Pure: `now` and a source of jitter are
//! passed in, and the methods say what to send next and when to call again. `outcomes` holds what an answer changes,
//! `flushes` holds who waits, `reports` holds what is reported to a person, `spooling` holds what is kept on a disk.

mod flushes;
mod outcomes;
mod reports;
mod spooling;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use self::spooling::Spooling;
use super::{
    batch::{Batch, Batcher},
    gate::Gate,
    job::Job,
    keeper::Keeper,
    ledger::{End, Ledger},
    payload::Payload,
    queue::Queue,
    timing::Haste,
    watch::Watch,
};
use crate::{
    command::Records,
    config::{Compression, Config},
    event::{Event, Sink},
    protocol::request::Body,
    signal::Signal,
    spool::Spool,
    stats::{DropReason, Stats},
    wire::{Decoder, Fault, Rejected},
};

/// The peer's message when `maxRetries` allows no attempt at all.
const NO_ATTEMPT: &str = "Request failed after multiple retry attempts";

/// The state of one exporter; see the module.
pub struct Exporter {
    config: Config,
    ledger: Ledger,
    /// Returns a random number in `0.0..1.0`.
    jitter: fn() -> f64,
    batcher: Batcher,
    queue: Queue,
    gate: Gate,
    watch: Watch,
    /// Bytes of buffers that the engine has not read yet. They count as queued.
    unread: usize,
    /// The collector has accepted a body uncompressed that it had refused compressed.
    plain: bool,
    stopped: bool,
    /// Nothing is sent any more, but the spool has not confirmed that it has dropped everything.
    disabled: bool,
    /// The JS thread is blocked at the end of the process until then: outages make no pause.
    ends_at: Option<Instant>,
    spooling: Spooling,
}

impl Exporter {
    /// An idle exporter.
    #[must_use]
    pub fn new(
        config: Config,
        sink: Arc<dyn Sink>,
        stats: Arc<Stats>,
        spool: Option<Spool>,
        jitter: fn() -> f64,
    ) -> Self {
        // Bodies in flight cannot be recalled. So one body, and all bodies in flight to one address, are limited to a
        // share of the queue: the rest stays free for new records.
        let max_out_bytes = config.max_queue_bytes / 8;
        let max_batch_bytes = config.max_batch_bytes.min(max_out_bytes);
        let keeper = Keeper::new(spool, config.max_queue_bytes);
        Self {
            batcher: Batcher::new(config.max_batch_size, max_batch_bytes, config.max_batch_wait),
            ledger: Ledger::new(sink, stats, config.endpoints.clone(), keeper),
            config,
            jitter,
            queue: Queue::new(max_out_bytes),
            gate: Gate::default(),
            watch: Watch::default(),
            unread: 0,
            plain: false,
            stopped: false,
            disabled: false,
            ends_at: None,
            spooling: Spooling::default(),
        }
    }

    /// The time limit of one attempt.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        self.config.request_timeout
    }

    /// Whether bodies are compressed.
    #[must_use]
    pub fn body(&self, job: &Job) -> Body {
        job.body(self.config.compression == Compression::Gzip && !self.plain)
    }

    /// Whether a shutdown is over: from then on nothing is sent and no event is emitted.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether no record is waiting or in flight, and the spool has done all its commands.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.ledger.pending.is_empty() && self.batcher.is_empty() && !self.ledger.keeper.is_busy()
    }

    /// Takes records. `unread`: bytes of later buffers that the engine has not read yet.
    pub fn on_records(&mut self, now: Instant, records: &Records, unread: usize, decoder: &mut Decoder) {
        self.unread = unread;
        // Records that are turned away show too that the process goes on.
        self.spooling.on_records();
        if let Err(reason) = self.gate.admit(now, records.counts.iter().sum()) {
            self.ledger.turn_away(records.counts, reason);
            return;
        }
        let mut left = records.counts;
        let max_bytes = self.config.max_record_bytes;
        let result = decoder.decode(&records.bytes, max_bytes, records.at_ms, |signal, record| {
            if let Some(left) = left.get_mut(signal.index()) {
                *left = left.saturating_sub(1);
            }
            match record {
                Ok(json) => self.on_record(now, signal, records.at_ms, json),
                Err(Rejected { fault, name, bytes }) => {
                    let too_large = fault == Fault::TooLarge;
                    let reason = if too_large { DropReason::RecordTooLarge } else { DropReason::Unencodable };
                    self.ledger.turn_away_record(signal, reason, name, bytes);
                }
            }
        });
        self.ledger.turn_away_unreadable(left, result.err().unwrap_or(Fault::Length));
        self.ledger.keeper.hand_over();
    }

    fn on_record(&mut self, now: Instant, signal: Signal, at_ms: f64, json: &[u8]) {
        self.ledger.keeper.append(signal, || self.batcher.next_number(signal), at_ms, json);
        self.ledger.stats.queued(signal, json.len());
        if let Some(batch) = self.batcher.push(now, signal, json) {
            self.start(now, batch);
        }
        // Checked after each record, because the JSON of a buffer may be several times as long as the buffer.
        self.make_room(now);
    }

    /// Counts records that were refused before they came here, because the engine was too far behind.
    pub fn on_refused(&mut self, now: Instant, counts: [u64; Signal::ALL.len()]) {
        self.ledger.on_overflow(counts.iter().sum());
        self.ledger.turn_away(counts, DropReason::QueueFull);
        self.ledger.report_overflow(Some(now), self.config.max_queue_bytes);
    }

    /// Does what is due at `now`.
    pub fn on_time(&mut self, now: Instant) {
        if self.batcher.deadline().is_some_and(|deadline| deadline <= now) {
            self.close_batch(now);
        }
        self.ledger.report_overflow(Some(now), self.config.max_queue_bytes);
        self.give_up_what_is_held(now);
        self.on_keep_time(now);
        self.answer_flushes(now);
        self.report(now);
    }

    /// When [`Exporter::on_time`] or [`Exporter::next_job`] has something to do; `None` when nothing waits for time.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let send = self.queue.deadline(now, self.haste(now));
        let probe = self.gate.deadline().max(self.gate.deadline().and(self.probes_held_until(now)));
        let requests = [probe, send].into_iter().flatten().filter(|_| !self.disabled);
        let (report, keep) = (self.report_deadline(), self.spooling.deadline());
        let rest = [self.batcher.deadline(), self.ledger.deadline(), report, keep];
        requests.chain(rest.into_iter().flatten()).min()
    }

    /// The next job to send now, if there is one and another request is allowed. The caller has to pass each job back
    /// to [`Exporter::on_reply`].
    pub fn next_job(&mut self, now: Instant) -> Option<Job> {
        if self.disabled {
            return None;
        }
        if self.probes_held_until(now).is_none() && self.gate.take_probe(now) {
            return Some(Job::probe(now));
        }
        loop {
            let haste = self.haste(now);
            let pending = &mut self.ledger.pending;
            let on_parted = |job: &Job, parts| pending.on_parted(job.batch, job.signal(), parts);
            let job = self.queue.pop_ready(now, haste, on_parted)?;
            if let Err(reason) = self.gate.admit(now, job.count()) {
                self.queue.on_returned(&job);
                self.settle(now, &job, End::Dropped(reason));
                self.answer_flushes(now);
            } else if self.config.max_attempts == Some(0) {
                self.queue.on_returned(&job);
                let (cause, reason) = (NO_ATTEMPT.to_owned(), DropReason::RetriesExhausted);
                self.settle(now, &job, End::Failed { cause, reason });
                self.answer_flushes(now);
            } else {
                self.ledger.stats.sent(job.signal(), job.count(), job.payload.record_bytes());
                return Some(job);
            }
        }
    }

    /// A probe is a request for traces: a probe waits while the address of traces is held.
    fn probes_held_until(&self, now: Instant) -> Option<Instant> {
        self.queue.address(Signal::Traces).held_until(now)
    }

    /// Emits the reports that are still due, before the exporter is forgotten.
    pub fn report_rest(&mut self) {
        self.ledger.report_overflow(None, self.config.max_queue_bytes);
    }

    /// Reports that the engine cannot go on for this exporter.
    pub fn fail(&mut self, message: &str) {
        self.ledger.fail(message);
    }

    fn haste(&self, now: Instant) -> Haste {
        let ends_at = self.ends_at.max(self.ledger.pending.ends_at());
        Haste { counted: self.config.max_attempts.is_some(), ends_at: ends_at.filter(|&at| now < at) }
    }

    fn close_batch(&mut self, now: Instant) {
        if let Some(batch) = self.batcher.take() {
            self.start(now, batch);
        }
    }

    fn start(&mut self, now: Instant, batch: Batch) {
        let Batch { payloads, count, reason } = batch;
        self.ledger.emit(&Event::BatchStarted { buffered_events: count });
        let signals = payloads.iter().map(Payload::signal);
        let batch = self.ledger.pending.open(now, count, reason, signals);
        let expires_at = self.config.max_attempts.is_none().then(|| now + self.config.retry_window);
        for payload in payloads {
            self.queue.push(Job::new(batch, payload, now, expires_at));
        }
    }

    /// Drops the oldest waiting records until the limit holds. Bodies in flight count, but cannot be recalled.
    fn make_room(&mut self, now: Instant) {
        while let excess @ 1.. = self.memory_bytes().saturating_sub(self.config.max_queue_bytes) {
            if self.queue.cost() == 0 {
                self.close_batch(now);
            }
            let Some(mut job) = self.queue.pop_oldest() else { break };
            // A small payload is dropped as a whole. Of a payload that is a large share of the queue, only as many
            // records as necessary are dropped.
            let large = job.payload.body_len() > self.config.max_queue_bytes / 16;
            if let Some((records, bytes)) = large.then(|| job.payload.trim(excess)).flatten() {
                self.ledger.trim(records, bytes);
                self.queue.push(job);
            } else {
                self.settle(now, &job, End::Parked(DropReason::QueueFull));
            }
        }
        self.ledger.report_overflow(Some(now), self.config.max_queue_bytes);
    }

    fn memory_bytes(&self) -> usize {
        self.queue.cost() + self.batcher.bytes() + self.queue.out_cost() + self.unread
    }

    fn settle(&mut self, now: Instant, job: &Job, end: End) {
        if let Some(batch) = self.ledger.settle(job, end) {
            let reopened_after = if batch.is_delivered() { self.gate.on_delivered() } else { 0 };
            self.ledger.close(now, batch, reopened_after);
        }
    }

    /// Ends a shutdown: the remaining records are counted as dropped and reported once.
    fn stop(&mut self) {
        self.stopped = true;
        let failing = self.failing_endpoint();
        self.queue = Queue::new(0);
        self.batcher.take();
        self.report_rest();
        self.report_kept();
        self.ledger.stop(failing);
    }
}

#[cfg(test)]
mod tests;
