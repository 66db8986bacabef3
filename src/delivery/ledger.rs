//! What has become of an exporter's records: counts them, follows closed batches, and reports losses.
//!
//! Records that have joined a batch leave by one door, [`Ledger::leave`]. Records that have not are turned away by
//! [`Ledger::turn_away`]. The records that remain when an exporter stops are counted by [`Ledger::stop`].

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    clock::whole_ms,
    delivery::{
        gate::CooldownStarted,
        job::Job,
        keeper::Keeper,
        payload::RecordRange,
        pending::{Failure, Pending, PendingBatch, Rejection},
    },
    event::{Event, RecordName, Sink},
    protocol::request::Endpoints,
    signal::Signal,
    stats::{DropReason, Stats},
    wire::Fault,
};

/// A full queue is reported at once, then at most once in this time, with a total.
const OVERFLOW_REPORT_INTERVAL: Duration = Duration::from_secs(30);

/// How a job ended.
pub enum End {
    /// The collector has accepted it.
    Delivered,
    /// Dropped, and logged as a failure of its signal.
    Failed {
        /// The message of the last attempt.
        cause: String,
        /// The reason under which the records are counted.
        reason: DropReason,
    },
    /// Dropped: the collector rejects the credentials.
    AuthRejected {
        /// The status: 401 or 403.
        status: u16,
        /// The cooldown that this rejection has started, if it has.
        cooldown: Option<CooldownStarted>,
    },
    /// Dropped. Another place logs the total.
    Dropped(DropReason),
    /// Memory has released them and the spool keeps them. Records that the spool does not have are dropped for this
    /// reason.
    Parked(DropReason),
    /// A single record that is dropped and named in the log.
    Named {
        /// What identifies the record.
        record: RecordName,
        /// The reason under which it is counted.
        reason: DropReason,
    },
}

/// How records leave.
#[derive(Clone, Copy)]
enum Fate {
    Delivered,
    Dropped(DropReason),
    Parked(DropReason),
}

/// Records dropped because the queue was full, and the time of the last report.
#[derive(Debug, Default)]
struct Overflow {
    unreported: u64,
    reported_at: Option<Instant>,
}

/// The ledger of one exporter; see the module.
pub struct Ledger {
    sink: Arc<dyn Sink>,
    overflow: Overflow,
    /// The counters.
    pub stats: Arc<Stats>,
    /// Batches in flight, and the flushes that wait for them.
    pub pending: Pending,
    endpoints: Endpoints,
    /// The spool.
    pub keeper: Keeper,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, stats: Arc<Stats>, endpoints: Endpoints, keeper: Keeper) -> Self {
        Self { sink, overflow: Overflow::default(), stats, pending: Pending::default(), endpoints, keeper }
    }

    /// Sends an event to the facade.
    pub fn emit(&self, event: &Event) {
        self.sink.emit(event);
    }

    /// Accounts for a finished job; returns its batch when this was the last job of the batch. Counts before it emits
    /// an event, so that the receiver of the event sees the new counts.
    #[must_use]
    pub fn settle(&mut self, job: &Job, end: End) -> Option<PendingBatch> {
        let (signal, records, bytes) = (job.signal(), job.payload.range(), job.payload.record_bytes());
        let batch = self.pending.get_mut(job.batch);
        match end {
            End::Delivered => {
                if let Some(batch) = batch {
                    batch.delivered = true;
                }
                self.leave(records, bytes, Fate::Delivered);
            }
            End::Dropped(reason) => {
                // The token was rejected for another signal of the batch, so it would have been rejected for this one
                // too.
                if let Some(batch) = batch.filter(|batch| batch.rejection.is_some()) {
                    batch.lose(signal, records.count, None);
                }
                self.leave(records, bytes, Fate::Dropped(reason));
            }
            End::Parked(reason) => self.leave(records, bytes, Fate::Parked(reason)),
            End::AuthRejected { status, cooldown } => {
                if let Some(batch) = batch {
                    batch.lose(signal, records.count, None);
                    if let Some(cooldown) = cooldown {
                        let text = job.said.as_ref().map(|said| said.text.clone()).unwrap_or_default();
                        batch.rejection = Some(Rejection { status, text, cooldown });
                    }
                }
                self.leave(records, bytes, Fate::Dropped(DropReason::AuthRejected));
            }
            End::Failed { cause, reason } => {
                if let Some(batch) = batch {
                    let failure = Failure { cause, attempts: job.attempts, said: job.said.as_deref().cloned() };
                    batch.lose(signal, records.count, Some(failure));
                }
                self.leave(records, bytes, Fate::Dropped(reason));
            }
            End::Named { record, reason } => {
                self.leave(records, bytes, Fate::Dropped(reason));
                self.emit(&Event::RecordDropped { signal, reason, record, bytes: bytes as u64 });
            }
        }
        let settled = self.pending.on_settled(job.batch, signal);
        if let Some((dropped_batch_size, Failure { cause, attempts, said })) = settled.loss {
            let endpoint = self.endpoints.shown(signal).to_owned();
            let (status, answer) = said.map(|said| (said.status, said.text)).unzip();
            self.emit(&Event::SignalDropped { signal, dropped_batch_size, endpoint, attempts, status, answer, cause });
        }
        settled.batch
    }

    /// A full queue has dropped the oldest records of a job; its other records still wait.
    pub fn trim(&mut self, records: RecordRange, bytes: usize) {
        self.leave(records, bytes, Fate::Parked(DropReason::QueueFull));
    }

    /// The one door: after this call nothing more happens to these records in memory. `bytes`: the length of their JSON.
    fn leave(&mut self, records: RecordRange, bytes: usize, fate: Fate) {
        let RecordRange { signal, count, .. } = records;
        match fate {
            Fate::Delivered => {
                self.keeper.settle(&records, bytes);
                self.stats.delivered(signal, count, bytes);
            }
            Fate::Parked(reason) if self.keeper.park(&records, bytes, reason) => {
                self.stats.parked(signal, count, bytes);
            }
            Fate::Dropped(reason) | Fate::Parked(reason) => {
                self.keeper.settle(&records, bytes);
                self.stats.dropped(signal, reason, count, bytes);
                self.say_dropped(signal, reason, count);
            }
        }
    }

    /// Says that records are lost, and which of them the queue let go.
    pub fn say_dropped(&mut self, signal: Signal, reason: DropReason, count: u64) {
        if reason == DropReason::QueueFull {
            self.on_overflow(count);
        }
        self.emit(&Event::Dropped { signal, reason, count });
    }

    /// Counts records that never joined a batch, and so have no numbers.
    pub fn turn_away(&self, counts: [u64; Signal::ALL.len()], reason: DropReason) {
        for (signal, count) in Signal::ALL.into_iter().zip(counts) {
            self.stats.dropped(signal, reason, count, 0);
        }
        self.sink.emit_dropped(counts, reason);
    }

    /// Turns one record away, and names it in the log. `bytes`: the length of its JSON.
    pub fn turn_away_record(&self, signal: Signal, reason: DropReason, record: RecordName, bytes: usize) {
        let mut counts = [0; Signal::ALL.len()];
        if let Some(count) = counts.get_mut(signal.index()) {
            *count = 1;
        }
        self.turn_away(counts, reason);
        self.emit(&Event::RecordDropped { signal, reason, record, bytes: bytes as u64 });
    }

    /// Turns away the records of a buffer that cannot be read further, if there are any.
    pub fn turn_away_unreadable(&self, counts: [u64; Signal::ALL.len()], fault: Fault) {
        let dropped_records = counts.iter().sum();
        if dropped_records > 0 {
            self.turn_away(counts, DropReason::Unencodable);
            self.emit(&Event::BufferDamaged { dropped_records, cause: fault.to_string() });
        }
    }

    /// A full queue has dropped records.
    pub fn on_overflow(&mut self, count: u64) {
        self.overflow.unreported += count;
    }

    /// Reports the number of records that a full queue has dropped, if a report is due at `now`. `None`: reports in any
    /// case.
    pub fn report_overflow(&mut self, now: Option<Instant>, max_queue_bytes: usize) {
        let reported_at = self.overflow.reported_at;
        let due = now.zip(reported_at).is_none_or(|(now, at)| now >= at + OVERFLOW_REPORT_INTERVAL);
        if self.overflow.unreported > 0 && due {
            let dropped_records = std::mem::take(&mut self.overflow.unreported);
            self.overflow.reported_at = now;
            self.emit(&Event::QueueOverflow { dropped_records, max_queue_bytes: max_queue_bytes as u64 });
        }
    }

    /// When a flush runs out of time or a report is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let report = self.overflow.reported_at.filter(|_| self.overflow.unreported > 0);
        let report = report.map(|at| at + OVERFLOW_REPORT_INTERVAL);
        [self.pending.deadline(), report].into_iter().flatten().min()
    }

    /// Reports that the engine cannot go on for this exporter.
    pub fn fail(&self, message: &str) {
        self.sink.emit_failed(&self.stats, message);
    }

    /// Reports that records were left. `failing`: an address that does not work, and why.
    pub fn emit_incomplete(&self, dropped_records: u64, failing: Option<(String, String)>) {
        let (endpoint, cause) = failing.unzip();
        self.emit(&Event::ShutdownIncomplete { dropped_records, endpoint, cause });
    }

    /// Drops all remaining records, and reports that once. `failing`: see [`Ledger::emit_incomplete`].
    pub fn stop(&mut self, failing: Option<(String, String)>) {
        self.pending.clear();
        let counts = self.stats.drop_rest(DropReason::Shutdown);
        self.sink.emit_dropped(counts, DropReason::Shutdown);
        let dropped_records = counts.iter().sum();
        if dropped_records > 0 {
            self.emit_incomplete(dropped_records, failing);
        }
    }

    /// Logs how a batch ended. `reopened_after`: the number of records that the cooldown which ended with this delivery
    /// has cost.
    pub fn close(&self, now: Instant, batch: PendingBatch, reopened_after: u64) {
        let duration_ms = whole_ms(now - batch.started);
        let PendingBatch { count: batch_size, reason: flush_reason, .. } = batch;
        if batch.is_delivered() {
            self.emit(&Event::BatchDelivered {
                batch_size,
                flush_reason,
                duration_ms,
                dropped_events_during_auth_cooldown: (reopened_after > 0).then_some(reopened_after),
            });
            return;
        }
        let mut failed_signals: Vec<Signal> = batch.losses.iter().map(|loss| loss.signal).collect();
        if failed_signals.is_empty() {
            return;
        }
        failed_signals.sort_by_key(|signal| signal.index());
        if let Some(Rejection { status, text, cooldown: started }) = batch.rejection {
            self.emit(&Event::AuthCooldown {
                status,
                answer: Some(text).filter(|text| !text.is_empty()),
                endpoint: self.endpoints.shown(failed_signals.first().copied().unwrap_or(Signal::Traces)).to_owned(),
                failed_signals: failed_signals.clone(),
                dropped_batch_size: batch_size,
                dropped_events_during_cooldown: started.dropped_before,
                auth_failure_count: started.failure_count,
                cooldown_ms: whole_ms(started.cooldown),
            });
        }
        self.emit(&Event::BatchIncomplete { batch_size, flush_reason, duration_ms, failed_signals });
    }
}
