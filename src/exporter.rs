//! One exporter's state: open batch, queue, gate, and the account of batches under way. Pure: given `now` and a
//! source of jitter; it answers what to send next and when to look again.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    batch::{Batch, Batcher, FlushReason},
    config::Config,
    event::{Event, Sink},
    gate::Gate,
    queue::{Job, Queue},
    retry::{self, Outcome},
    signal::Signal,
};

/// Requests under way at the same time, at most.
const MAX_IN_FLIGHT: usize = 4;
/// A full queue is reported at once, then at most this often, with a total.
const OVERFLOW_REPORT_INTERVAL: Duration = Duration::from_secs(30);
/// What the peer says when `maxRetries` allows no attempt at all.
const NO_ATTEMPT: &str = "Request failed after multiple retry attempts";

/// How a job ended.
enum End {
    Delivered,
    Failed {
        cause: String,
    },
    AuthRejected {
        status: u16,
    },
    /// Dropped for a reason that is counted and reported elsewhere.
    Dropped,
}

/// A closed batch of which at least one signal is still under way.
#[derive(Debug)]
struct OpenAccount {
    count: u64,
    reason: FlushReason,
    started: Instant,
    jobs_left: usize,
    failed: Vec<Signal>,
    auth_status: Option<u16>,
    dropped: bool,
}

/// Records dropped because the queue was full, and when that was last said.
#[derive(Debug, Default)]
struct Overflow {
    unreported: u64,
    reported_at: Option<Instant>,
}

/// See the module.
pub struct Exporter {
    config: Config,
    sink: Arc<dyn Sink>,
    /// Answers a random number in `0.0..1.0`.
    jitter: fn() -> f64,
    /// Records handed over and not yet delivered or dropped; shared with the JS thread.
    undelivered: Arc<AtomicU64>,
    batcher: Batcher,
    queue: Queue,
    gate: Gate,
    overflow: Overflow,
    accounts: BTreeMap<u64, OpenAccount>,
    /// Flushes that wait for all batches up to a number.
    flushes: Vec<(u32, u64)>,
    last_batch: u64,
    last_sequence: u64,
    in_flight: usize,
    in_flight_bytes: usize,
}

impl Exporter {
    /// An idle exporter.
    #[must_use]
    pub fn new(config: Config, sink: Arc<dyn Sink>, undelivered: Arc<AtomicU64>, jitter: fn() -> f64) -> Self {
        Self {
            batcher: Batcher::new(config.max_batch_size, config.max_batch_wait),
            config,
            sink,
            jitter,
            undelivered,
            queue: Queue::default(),
            gate: Gate::default(),
            overflow: Overflow::default(),
            accounts: BTreeMap::new(),
            flushes: Vec::new(),
            last_batch: 0,
            last_sequence: 0,
            in_flight: 0,
            in_flight_bytes: 0,
        }
    }

    /// The time limit of one attempt.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        self.config.request_timeout
    }

    /// Takes records: one a line, each a signal digit followed by JSON text.
    pub fn on_records(&mut self, now: Instant, text: &str) {
        for line in text.split('\n') {
            let mut bytes = line.as_bytes().iter();
            let Some(signal) = bytes.next().copied().and_then(Signal::from_digit) else {
                self.settle(1);
                continue;
            };
            if !self.gate.admit(now, 1) {
                self.settle(1);
            } else if let Some(batch) = self.batcher.push(now, signal, bytes.as_slice()) {
                self.start(now, batch);
            }
        }
        self.make_room(now);
    }

    /// Records that were refused before they came here, because the engine was too far behind.
    pub fn on_refused(&mut self, now: Instant, count: u64) {
        self.overflow.unreported += count;
        self.settle(count);
        self.report_overflow(now);
    }

    /// Sends what waits; [`Event::Flushed`] follows when all of it is delivered or dropped.
    pub fn on_flush(&mut self, now: Instant, ticket: u32) {
        self.close_batch(now);
        self.flushes.push((ticket, self.last_batch));
        self.answer_flushes();
    }

    /// Closes the open batch, if it has records.
    pub fn close_batch(&mut self, now: Instant) {
        if let Some(batch) = self.batcher.take() {
            self.start(now, batch);
        }
    }

    /// Does what is due at `now`.
    pub fn on_time(&mut self, now: Instant) {
        if self.batcher.deadline().is_some_and(|deadline| deadline <= now) {
            self.close_batch(now);
        }
        self.report_overflow(now);
    }

    /// When [`Exporter::on_time`] or [`Exporter::next_job`] has something to do; `None` when nothing waits for time.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let send = if self.in_flight < MAX_IN_FLIGHT {
            self.queue.deadline()
        } else {
            None
        };
        let report = self.overflow.reported_at.filter(|_| self.overflow.unreported > 0);
        let report = report.map(|at| at + OVERFLOW_REPORT_INTERVAL);
        [self.batcher.deadline(), send, report].into_iter().flatten().min()
    }

    /// The next body to send now, if there is one and room for another request. Each one taken has to come back
    /// through [`Exporter::on_outcome`].
    pub fn next_job(&mut self, now: Instant) -> Option<Job> {
        while self.in_flight < MAX_IN_FLIGHT {
            let job = self.queue.pop_ready(now)?;
            if !self.gate.admit(now, job.count) {
                self.end(now, &job, End::Dropped);
            } else if self.config.max_attempts == 0 {
                self.end(
                    now,
                    &job,
                    End::Failed {
                        cause: NO_ATTEMPT.to_owned(),
                    },
                );
            } else {
                self.in_flight += 1;
                self.in_flight_bytes += job.body.len();
                return Some(job);
            }
        }
        None
    }

    /// An attempt is over.
    pub fn on_outcome(&mut self, now: Instant, mut job: Job, outcome: Outcome) {
        self.in_flight -= 1;
        self.in_flight_bytes -= job.body.len();
        job.attempts = job.attempts.saturating_add(1);
        match outcome {
            Outcome::Delivered => self.end(now, &job, End::Delivered),
            Outcome::AuthRejected(status) => self.end(now, &job, End::AuthRejected { status }),
            Outcome::Retry(cause) if job.attempts >= self.config.max_attempts => {
                self.end(now, &job, End::Failed { cause });
            }
            Outcome::Retry(_) => {
                job.ready_at = now + retry::delay(job.attempts, (self.jitter)());
                self.queue.push(job);
                self.make_room(now);
            }
        }
    }

    /// Whether nothing is waiting or under way.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.accounts.is_empty() && self.batcher.is_empty()
    }

    /// Says that the engine cannot go on, and releases everyone who waits.
    pub fn fail(&mut self, message: &str) {
        self.sink.emit(&Event::EngineFailed {
            message: message.to_owned(),
        });
    }

    fn start(&mut self, now: Instant, batch: Batch) {
        let Batch { bodies, count, reason } = batch;
        self.sink.emit(&Event::BatchStarted { buffered_events: count });
        self.last_batch += 1;
        let account = OpenAccount {
            count,
            reason,
            started: now,
            jobs_left: bodies.len(),
            failed: Vec::new(),
            auth_status: None,
            dropped: false,
        };
        self.accounts.insert(self.last_batch, account);
        for body in bodies {
            self.last_sequence += 1;
            self.queue.push(Job {
                sequence: self.last_sequence,
                batch: self.last_batch,
                signal: body.signal,
                body: Bytes::from(body.bytes),
                count: body.count,
                attempts: 0,
                ready_at: now,
            });
        }
    }

    /// Lets the oldest waiting records go until the limit holds. Bodies in flight count, but cannot be recalled.
    fn make_room(&mut self, now: Instant) {
        while self.queue.bytes() + self.batcher.bytes() + self.in_flight_bytes > self.config.max_queue_bytes {
            if self.queue.bytes() == 0 {
                let Some(batch) = self.batcher.take() else { break };
                self.start(now, batch);
            }
            let Some(job) = self.queue.pop_oldest() else { break };
            self.overflow.unreported += job.count;
            self.end(now, &job, End::Dropped);
        }
        self.report_overflow(now);
    }

    fn report_overflow(&mut self, now: Instant) {
        let due = self
            .overflow
            .reported_at
            .is_none_or(|at| now >= at + OVERFLOW_REPORT_INTERVAL);
        if self.overflow.unreported > 0 && due {
            self.sink.emit(&Event::QueueOverflow {
                dropped_records: std::mem::take(&mut self.overflow.unreported),
                max_queue_bytes: self.config.max_queue_bytes as u64,
            });
            self.overflow.reported_at = Some(now);
        }
    }

    /// Accounts for a finished job, and for its batch when this was the last of it.
    fn end(&mut self, now: Instant, job: &Job, end: End) {
        self.settle(job.count);
        let Some(account) = self.accounts.get_mut(&job.batch) else {
            return;
        };
        match end {
            End::Delivered => {}
            End::Dropped => account.dropped = true,
            End::AuthRejected { status } => {
                account.failed.push(job.signal);
                account.auth_status.get_or_insert(status);
            }
            End::Failed { cause } => {
                account.failed.push(job.signal);
                self.sink.emit(&Event::SignalDropped {
                    signal: job.signal,
                    dropped_batch_size: job.count,
                    cause,
                });
            }
        }
        account.jobs_left -= 1;
        if account.jobs_left == 0
            && let Some(account) = self.accounts.remove(&job.batch)
        {
            self.close_account(now, account);
        }
        self.answer_flushes();
    }

    fn close_account(&mut self, now: Instant, mut account: OpenAccount) {
        let duration_ms = whole_ms(now - account.started);
        let OpenAccount {
            count: batch_size,
            reason: flush_reason,
            ..
        } = account;
        if account.failed.is_empty() {
            if !account.dropped {
                let dropped = self.gate.on_delivered();
                self.sink.emit(&Event::BatchDelivered {
                    batch_size,
                    flush_reason,
                    duration_ms,
                    dropped_events_during_auth_cooldown: (dropped > 0).then_some(dropped),
                });
            }
            return;
        }
        account.failed.sort_by_key(|signal| signal.index());
        let failed_signals = account.failed;
        if let Some(status) = account.auth_status
            && let Some(started) = self.gate.on_auth_rejected(now, (self.jitter)(), batch_size)
        {
            self.sink.emit(&Event::AuthCooldown {
                status,
                failed_signals: failed_signals.clone(),
                dropped_batch_size: batch_size,
                dropped_events_during_cooldown: started.dropped_before,
                auth_failure_count: started.failure_count,
                cooldown_ms: whole_ms(started.cooldown),
            });
        }
        self.sink.emit(&Event::BatchIncomplete {
            batch_size,
            flush_reason,
            duration_ms,
            failed_signals,
        });
    }

    fn answer_flushes(&mut self) {
        let oldest = self.accounts.first_key_value().map(|(&batch, _)| batch);
        let sink = &self.sink;
        self.flushes.retain(|&(ticket, last_batch)| {
            let waits = oldest.is_some_and(|oldest| oldest <= last_batch);
            if !waits {
                sink.emit(&Event::Flushed { ticket });
            }
            waits
        });
    }

    /// `count` records are delivered or dropped. Before the event that says so, so that its reader sees the new count.
    fn settle(&self, count: u64) {
        self.undelivered.fetch_sub(count, Ordering::Relaxed);
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
