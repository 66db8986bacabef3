//! What has become of an exporter's records: counts it, accounts for batches, and says what was lost.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    delivery::{
        gate::Gate,
        pending::{Account, Accounts},
        queue::Job,
    },
    event::{Event, RecordName, Sink},
    signal::Signal,
    stats::{DropReason, Stats},
    wire::Fault,
};

/// A full queue is reported at once, then at most this often, with a total.
const OVERFLOW_REPORT_INTERVAL: Duration = Duration::from_secs(30);

/// How a job ended.
pub enum End {
    /// The collector has it.
    Delivered,
    /// Dropped, and logged as a failure of its signal.
    Failed {
        /// What the last attempt met.
        cause: String,
        /// Counted under this.
        reason: DropReason,
    },
    /// Dropped: the collector rejects the credentials.
    AuthRejected {
        /// 401 or 403.
        status: u16,
    },
    /// Dropped; logged elsewhere, as a total.
    Dropped(DropReason),
    /// Its records have been counted one by one.
    Counted,
}

/// Records dropped because the queue was full, and when that was last said.
#[derive(Debug, Default)]
struct Overflow {
    unreported: u64,
    reported_at: Option<Instant>,
}

/// See the module.
pub struct Ledger {
    sink: Arc<dyn Sink>,
    overflow: Overflow,
    /// Every record's fate.
    pub stats: Arc<Stats>,
    /// Batches under way, and who waits for them.
    pub accounts: Accounts,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new(sink: Arc<dyn Sink>, stats: Arc<Stats>) -> Self {
        Self { sink, overflow: Overflow::default(), stats, accounts: Accounts::default() }
    }

    /// Tells the facade.
    pub fn emit(&self, event: &Event) {
        self.sink.emit(event);
    }

    /// Accounts for a finished job, and for its batch when it was the last of it: what became of that goes to the gate
    /// too. Counts before it tells, so that whoever is told sees the new counts.
    pub fn settle(&mut self, now: Instant, job: &Job, end: End, gate: &mut Gate, jitter: fn() -> f64) {
        let (signal, count) = (job.signal, job.count());
        let account = self.accounts.get_mut(job.batch);
        match end {
            End::Counted => {}
            End::Delivered => {
                self.stats.delivered(signal, count, job.record_bytes());
                if let Some(account) = account {
                    account.delivered = true;
                }
            }
            End::Dropped(reason) => self.drop_job(job, reason),
            End::AuthRejected { status } => {
                if let Some(account) = account {
                    account.failed.push(signal);
                    account.auth_status.get_or_insert(status);
                }
                self.drop_job(job, DropReason::AuthRejected);
            }
            End::Failed { cause, reason } => {
                if let Some(account) = account {
                    account.failed.push(signal);
                }
                self.drop_job(job, reason);
                self.emit(&Event::SignalDropped { signal, dropped_batch_size: count, cause });
            }
        }
        if let Some(account) = self.accounts.on_settled(job.batch, job.awaited) {
            self.close(now, account, gate, jitter);
        }
    }

    /// Drops one record, naming it. `bytes`: its JSON; `queued_bytes`: what of it the queue had counted.
    pub fn drop_record(
        &self,
        signal: Signal,
        reason: DropReason,
        record: RecordName,
        bytes: usize,
        queued_bytes: usize,
    ) {
        self.stats.dropped(signal, reason, 1, queued_bytes);
        self.emit(&Event::Dropped { signal, reason, count: 1 });
        self.emit(&Event::RecordDropped { signal, reason, record, bytes: bytes as u64 });
    }

    /// Drops the records of a buffer that cannot be read further, if there are any.
    pub fn drop_unreadable(&self, counts: [u64; Signal::ALL.len()], fault: Fault) {
        let dropped_records = counts.iter().sum();
        if dropped_records > 0 {
            self.drop_counts(counts, DropReason::Unencodable);
            self.emit(&Event::BufferDamaged { dropped_records, cause: fault.to_string() });
        }
    }

    /// The queue let the oldest records of a job go.
    pub fn drop_oldest(&mut self, signal: Signal, count: u64, queued_bytes: usize) {
        self.on_overflow(count);
        self.stats.dropped(signal, DropReason::QueueFull, count, queued_bytes);
        self.emit(&Event::Dropped { signal, reason: DropReason::QueueFull, count });
    }

    /// Drops records that never came into the queue.
    pub fn drop_counts(&self, counts: [u64; Signal::ALL.len()], reason: DropReason) {
        for (signal, count) in Signal::ALL.into_iter().zip(counts) {
            self.stats.dropped(signal, reason, count, 0);
        }
        self.sink.emit_dropped(counts, reason);
    }

    /// The queue let records go.
    pub fn on_overflow(&mut self, count: u64) {
        self.overflow.unreported += count;
    }

    /// Says how many records the queue let go, if that is due at `now`; `None`: it is the last chance.
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
        [self.accounts.deadline(), report].into_iter().flatten().min()
    }

    /// The engine cannot go on for this exporter.
    pub fn fail(&self, message: &str) {
        self.sink.emit_failed(&self.stats, message);
    }

    /// Drops all that is left, and says so once.
    pub fn stop(&mut self) {
        self.accounts.clear();
        let counts = self.stats.drop_rest(DropReason::Shutdown);
        self.sink.emit_dropped(counts, DropReason::Shutdown);
        let dropped_records = counts.iter().sum();
        if dropped_records > 0 {
            self.emit(&Event::ShutdownIncomplete { dropped_records });
        }
    }

    fn close(&self, now: Instant, mut account: Account, gate: &mut Gate, jitter: fn() -> f64) {
        let duration_ms = whole_ms(now - account.started);
        let Account { count: batch_size, reason: flush_reason, .. } = account;
        if account.failed.is_empty() {
            if account.delivered {
                let dropped = gate.on_delivered();
                self.emit(&Event::BatchDelivered {
                    batch_size,
                    flush_reason,
                    duration_ms,
                    dropped_events_during_auth_cooldown: (dropped > 0).then_some(dropped),
                });
            }
            return;
        }
        account.failed.sort_by_key(|signal| signal.index());
        // Each half of a split body may have failed.
        account.failed.dedup();
        let failed_signals = account.failed;
        if let Some(status) = account.auth_status
            && let Some(started) = gate.on_auth_rejected(now, jitter(), batch_size)
        {
            self.emit(&Event::AuthCooldown {
                status,
                failed_signals: failed_signals.clone(),
                dropped_batch_size: batch_size,
                dropped_events_during_cooldown: started.dropped_before,
                auth_failure_count: started.failure_count,
                cooldown_ms: whole_ms(started.cooldown),
            });
        }
        self.emit(&Event::BatchIncomplete { batch_size, flush_reason, duration_ms, failed_signals });
    }

    fn drop_job(&self, job: &Job, reason: DropReason) {
        let (signal, count) = (job.signal, job.count());
        self.stats.dropped(signal, reason, count, job.record_bytes());
        self.emit(&Event::Dropped { signal, reason, count });
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
