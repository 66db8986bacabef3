//! One exporter's state: open batch, queue, gate, and the batches under way. Pure: given `now` and a
//! source of jitter, it answers what to send next and when to look again. What becomes of an answer is in `outcomes`.

mod outcomes;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    command::{FlushKind, Records},
    config::{Compression, Config},
    delivery::{
        batch::{Batch, Batcher},
        gate::Gate,
        ledger::{End, Ledger},
        pace::Pace,
        payload::Payload,
        queue::{Job, Queue},
    },
    event::{Event, Sink},
    signal::Signal,
    stats::{DropReason, Stats},
    wire::{Decoder, Fault, Rejected},
};

/// What the peer says when `maxRetries` allows no attempt at all.
const NO_ATTEMPT: &str = "Request failed after multiple retry attempts";

/// See the module.
pub struct Exporter {
    config: Config,
    ledger: Ledger,
    /// Answers a random number in `0.0..1.0`.
    jitter: fn() -> f64,
    batcher: Batcher,
    queue: Queue,
    gate: Gate,
    /// Bytes of the bodies under way.
    in_flight_bytes: usize,
    last_sequence: u64,
    /// Bytes that wait to be read; they count as queued.
    unread: usize,
    pace: Pace,
    /// The collector did not take a compressed body.
    plain: bool,
    stopped: bool,
    /// The JS thread is blocked at the end of the process: outages make no pause.
    ending: bool,
}

impl Exporter {
    /// An idle exporter.
    #[must_use]
    pub fn new(config: Config, sink: Arc<dyn Sink>, stats: Arc<Stats>, jitter: fn() -> f64) -> Self {
        // What is in flight cannot be recalled: it must not be so much of a small queue that nothing new finds room.
        let max_batch_bytes = config.max_batch_bytes.min(config.max_queue_bytes / 8);
        Self {
            batcher: Batcher::new(config.max_batch_size, max_batch_bytes, config.max_batch_wait),
            config,
            ledger: Ledger::new(sink, stats),
            jitter,
            queue: Queue::default(),
            gate: Gate::default(),
            in_flight_bytes: 0,
            last_sequence: 0,
            unread: 0,
            pace: Pace::default(),
            plain: false,
            stopped: false,
            ending: false,
        }
    }

    /// The time limit of one attempt.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        self.config.request_timeout
    }

    /// Whether bodies are to be compressed.
    #[must_use]
    pub fn compresses(&self) -> bool {
        self.config.compression == Compression::Gzip && !self.plain
    }

    /// Whether a shutdown is over: nothing is sent or answered any more.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Whether nothing is waiting or under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.ledger.pending.is_empty() && self.batcher.is_empty()
    }

    /// Takes records. `unread`: bytes that are still on their way.
    pub fn on_records(&mut self, now: Instant, records: &Records, unread: usize, decoder: &mut Decoder) {
        self.unread = unread;
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
                Ok(json) => self.on_record(now, signal, json),
                Err(Rejected { fault, name, bytes }) => {
                    let too_large = fault == Fault::TooLarge;
                    let reason = if too_large { DropReason::RecordTooLarge } else { DropReason::Unencodable };
                    self.ledger.turn_away_record(signal, reason, name, bytes);
                }
            }
        });
        self.ledger.turn_away_unreadable(left, result.err().unwrap_or(Fault::Length));
    }

    fn on_record(&mut self, now: Instant, signal: Signal, json: &[u8]) {
        self.ledger.stats.queued(signal, json.len());
        if let Some(batch) = self.batcher.push(now, signal, json) {
            self.start(now, batch);
        }
        // After each: the JSON of a buffer may be several times as long as the buffer.
        self.make_room(now);
    }

    /// Records that were refused before they came here, because the engine was too far behind.
    pub fn on_refused(&mut self, now: Instant, counts: [u64; Signal::ALL.len()]) {
        self.ledger.on_overflow(counts.iter().sum());
        self.ledger.turn_away(counts, DropReason::QueueFull);
        self.ledger.report_overflow(Some(now), self.config.max_queue_bytes);
    }

    /// Sends what waits; [`Event::Flushed`] follows when there is nothing more to wait for, see
    /// [`FlushKind`], or after `within`.
    pub fn on_flush(&mut self, now: Instant, ticket: u32, kind: FlushKind, within: Duration) {
        self.hurry(now);
        self.ledger.pending.wait(ticket, kind, now + within);
        self.answer_flushes(now);
    }

    /// Closes the open batch and makes everything that waits for another attempt ready for it now.
    pub fn hurry(&mut self, now: Instant) {
        self.close_batch(now);
        self.pace.hurry(now);
        for job in self.queue.iter_mut() {
            job.ready_at = job.ready_at.min(now);
            self.ledger.pending.expect_try(job);
        }
    }

    /// The same, and no pause is made from now on: the process is about to end and waits.
    pub fn end(&mut self, now: Instant) {
        self.ending = true;
        self.hurry(now);
    }

    /// Does what is due at `now`.
    pub fn on_time(&mut self, now: Instant) {
        if self.batcher.deadline().is_some_and(|deadline| deadline <= now) {
            self.close_batch(now);
        }
        self.ledger.report_overflow(Some(now), self.config.max_queue_bytes);
        self.answer_flushes(now);
    }

    /// When [`Exporter::on_time`] or [`Exporter::next_job`] has something to do; `None` when nothing waits for time.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let impatient = self.is_impatient();
        let send = self.queue.deadline(|job| self.pace.earliest(job.signal(), job.ready_at, impatient));
        [self.batcher.deadline(), self.ledger.deadline(), self.gate.deadline(), send].into_iter().flatten().min()
    }

    /// The next body to send now, if there is one and room for another request. Each one taken has to come back
    /// through [`Exporter::on_outcome`].
    pub fn next_job(&mut self, now: Instant) -> Option<Job> {
        if self.gate.take_probe(now) {
            return Some(self.launch(Job::probe(now)));
        }
        loop {
            let impatient = self.is_impatient();
            let earliest = |job: &Job| self.pace.earliest(job.signal(), job.ready_at, impatient);
            let job = self.queue.pop_ready(now, earliest)?;
            if let Err(reason) = self.gate.admit(now, job.count()) {
                self.settle(now, &job, End::Dropped(reason));
            } else if self.config.max_attempts == Some(0) {
                let (cause, reason) = (NO_ATTEMPT.to_owned(), DropReason::RetriesExhausted);
                self.settle(now, &job, End::Failed { cause, reason });
            } else {
                return Some(self.launch(job));
            }
        }
    }

    /// Says what has not been said yet, before the exporter is forgotten.
    pub fn report_rest(&mut self) {
        self.ledger.report_overflow(None, self.config.max_queue_bytes);
    }

    /// Says that the engine cannot go on for this exporter.
    pub fn fail(&mut self, message: &str) {
        self.ledger.fail(message);
    }

    /// Where attempts are counted or somebody waits, an outage makes no pause.
    fn is_impatient(&self) -> bool {
        self.ending || self.config.max_attempts.is_some() || self.ledger.pending.has_waiters()
    }

    fn close_batch(&mut self, now: Instant) {
        if let Some(batch) = self.batcher.take() {
            self.start(now, batch);
        }
    }

    fn start(&mut self, now: Instant, batch: Batch) {
        let Batch { payloads, count, reason } = batch;
        self.ledger.emit(&Event::BatchStarted { buffered_events: count });
        let batch = self.ledger.pending.open(now, count, reason, payloads.len());
        let expires_at = self.config.max_attempts.is_none().then(|| now + self.config.retry_window);
        for payload in payloads {
            self.enqueue(now, batch, payload, expires_at);
        }
    }

    fn enqueue(&mut self, now: Instant, batch: u64, payload: Payload, expires_at: Option<Instant>) {
        self.last_sequence += 1;
        self.queue.push(Job::new(self.last_sequence, batch, payload, now, expires_at));
    }

    fn launch(&mut self, mut job: Job) -> Job {
        // Flushes wait for a try that is under way, whatever came before.
        self.ledger.pending.expect_try(&mut job);
        self.pace.on_sent(job.signal());
        self.in_flight_bytes += job.payload.body_len();
        self.ledger.stats.sent(job.signal(), job.count(), job.payload.record_bytes());
        job
    }

    fn land(&mut self, job: &Job) {
        self.pace.on_returned(job.signal());
        self.in_flight_bytes -= job.payload.body_len();
        self.ledger.stats.returned(job.signal(), job.count(), job.payload.record_bytes());
    }

    /// Lets the oldest waiting records go until the limit holds. Bodies in flight count, but cannot be recalled.
    fn make_room(&mut self, now: Instant) {
        while let excess @ 1.. = (self.queue.bytes() + self.batcher.bytes() + self.in_flight_bytes + self.unread)
            .saturating_sub(self.config.max_queue_bytes)
        {
            if self.queue.bytes() == 0 {
                self.close_batch(now);
            }
            let Some(mut job) = self.queue.pop_oldest() else { break };
            // A small payload goes as a whole; one that is much of the queue loses only what has to go.
            let large = job.payload.body_len() > self.config.max_queue_bytes / 16;
            if let Some((records, bytes)) = large.then(|| job.payload.trim(excess)).flatten() {
                self.ledger.trim(records, bytes);
                self.queue.push(job);
            } else {
                self.ledger.on_overflow(job.count());
                self.settle(now, &job, End::Dropped(DropReason::QueueFull));
            }
        }
        self.ledger.report_overflow(Some(now), self.config.max_queue_bytes);
    }

    fn settle(&mut self, now: Instant, job: &Job, end: End) {
        if let Some(batch) = self.ledger.settle(job, end) {
            let reopened_after = if batch.is_delivered() { self.gate.on_delivered() } else { 0 };
            let rejected = batch.auth_status.is_some();
            let cooldown = rejected.then(|| self.gate.on_auth_rejected(now, (self.jitter)(), batch.count)).flatten();
            self.ledger.close(now, batch, cooldown, reopened_after);
        }
        self.answer_flushes(now);
    }

    fn answer_flushes(&mut self, now: Instant) {
        let mut answered = self.ledger.pending.take_answered(now);
        if !self.stopped && answered.iter().any(|waiter| waiter.kind == FlushKind::Shutdown) {
            self.stop();
            // Nobody else has anything to wait for now.
            answered.extend(self.ledger.pending.take_answered(now));
        }
        for waiter in answered {
            self.ledger.emit(&Event::Flushed { ticket: waiter.ticket });
        }
    }

    /// Ends a shutdown: what is left is counted and reported once.
    fn stop(&mut self) {
        self.stopped = true;
        self.queue = Queue::default();
        self.batcher.take();
        self.report_rest();
        self.ledger.stop();
    }
}
