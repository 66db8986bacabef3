//! What the spool says to an exporter, and how memory lets go of what is in the spool.

use std::time::Duration;

use tokio::time::Instant;

use super::Exporter;
use crate::{
    delivery::{
        batch::{Batch, FlushReason},
        job::Job,
        keeper::read_back_number,
        payload::Payload,
        pending::Waiter,
    },
    event::Event,
    protocol::answer::Outcome,
    signal::Signal,
    spool::{block::Block, message::Report, segment::RunId},
    stats::DropReason,
};

/// At the end of the process requests that are under way get this long to be answered, once the spool has everything.
const ANSWER_GRACE: Duration = Duration::from_millis(50);
/// A disk that does not answer holds nobody longer than this.
const KEEP_TIMEOUT: Duration = Duration::from_secs(1);

/// How far memory has let go of what is in the spool.
#[derive(Debug, Default)]
pub(super) struct Spooling {
    /// Everything is in the spool: memory lets go of it then.
    keep_at: Option<Instant>,
    /// Memory has let go of everything; the spool has until then to confirm it.
    keeping: Option<Instant>,
    /// Flushes that are answered when it has.
    pub(super) answers: Vec<Waiter>,
    /// Batches up to this one are in the spool alone, also what of them is under way.
    pub(super) kept_until: u64,
    /// Nothing is read back: the process is about to end.
    quiet: bool,
    /// Nothing is read back before this.
    reads_at: Option<Instant>,
    /// When nothing is left the spool has to confirm it.
    pub(super) finishes: bool,
}

impl Spooling {
    /// Whether memory has let go of everything and the spool has not confirmed it.
    pub(super) fn is_keeping(&self) -> bool {
        self.keeping.is_some()
    }

    /// The process goes on.
    pub(super) fn on_records(&mut self) {
        self.quiet = false;
    }

    /// When there is something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.keep_at, self.keeping, self.reads_at].into_iter().flatten().min()
    }
}

impl Exporter {
    /// Takes in what the spool has reported, and asks it for more if there is room.
    pub fn on_spool(&mut self, now: Instant) {
        for report in self.ledger.keeper.reports() {
            self.on_report(now, report);
        }
        // Into a closed gate the records would be dropped.
        self.spooling.reads_at = self.gate.reopens_at(now).filter(|_| self.ledger.keeper.spooled() > 0);
        let has_room = self.memory_bytes() < self.config.max_queue_bytes / 2;
        if has_room
            && !self.spooling.quiet
            && !self.stopped
            && self.spooling.keeping.is_none()
            && self.gate.is_open(now)
        {
            self.ledger.keeper.read();
        }
    }

    /// Does what is due at `now`.
    pub(super) fn on_keep_time(&mut self, now: Instant) {
        if self.spooling.keep_at.take_if(|at| *at <= now).is_some() && self.ledger.keeper.holds_any() {
            self.keep(now);
        }
        if self.spooling.finishes && !self.ledger.keeper.holds_any() && !self.ledger.keeper.is_asking() {
            // Else the acknowledgements of the last deliveries could be lost with the process.
            self.ledger.keeper.confirm_if_dirty();
        }
        if self.spooling.keeping.take_if(|until| *until <= now).is_some() {
            self.ledger.keeper.give_up_asking();
        }
    }

    /// An attempt is over whose records memory had let go of; if they were delivered the spool can let go of them too.
    pub(super) fn on_late_outcome(&mut self, job: &Job, outcome: &Outcome) {
        if matches!(outcome, Outcome::Delivered) {
            let records = job.payload.range();
            self.ledger.keeper.settle_parked(&records);
            self.ledger.stats.delivered_spooled(records.signal, records.count);
        }
    }

    /// Says how many records a shutdown leaves in the spool.
    pub(super) fn report_kept(&self) {
        let kept_records = self.ledger.keeper.spooled();
        if let Some(spool) = self.config.spool.as_ref().filter(|_| kept_records > 0) {
            let path = spool.directory.display().to_string();
            self.ledger.emit(&Event::ShutdownKept { kept_records, path });
        }
    }

    /// Lets memory go of everything as soon as the spool has it: the process may end then.
    pub(super) fn settle_down(&mut self) {
        self.ledger.keeper.confirm();
    }

    /// Memory lets go of everything; flushes are answered when the spool has it.
    pub(super) fn keep(&mut self, now: Instant) {
        self.close_batch(now);
        let counts = self.ledger.keeper.keep(DropReason::Shutdown);
        self.ledger.stats.kept(counts);
        // Requests that are under way come back, see `on_late_outcome`.
        while self.queue.pop_oldest().is_some() {}
        self.ledger.pending.clear();
        self.spooling.answers.extend(self.ledger.pending.take_answered(|_| true));
        self.spooling.kept_until = self.ledger.pending.last_batch();
        self.spooling.quiet = true;
        self.spooling.keeping = self.ledger.keeper.is_asking().then_some(now + KEEP_TIMEOUT);
    }

    fn on_report(&mut self, now: Instant, report: Report) {
        match report {
            Report::Recovered(counts) => {
                self.ledger.keeper.on_recovered(counts);
                for (signal, count) in Signal::ALL.into_iter().zip(counts) {
                    self.ledger.stats.recovered(signal, count);
                }
            }
            Report::Read(signal, blocks) => blocks.into_iter().for_each(|block| self.on_read(now, signal, block)),
            Report::Dropped(signal, reason, count) => {
                self.ledger.keeper.on_spooled_left(signal, count);
                self.ledger.stats.dropped_spooled(signal, reason, count);
                self.ledger.say_dropped(signal, reason, count);
                match reason {
                    DropReason::SpoolFull | DropReason::SpoolExpired => {
                        self.ledger.emit(&Event::SpoolDropped { reason, dropped_records: count });
                    }
                    DropReason::Shutdown => self.ledger.emit_incomplete(count, self.failing_endpoint()),
                    _ => {}
                }
            }
            Report::Confirmed(ticket, safe) => self.on_confirmed(now, ticket, safe),
            Report::Failed { path, error } => self.ledger.emit(&Event::SpoolFailed { path, error }),
            Report::Resumed { path } => self.ledger.emit(&Event::SpoolResumed { path }),
            Report::Unreadable { path, records, bytes } => {
                self.ledger.emit(&Event::SpoolUnreadable { path, dropped_records: records, damaged_bytes: bytes });
            }
            Report::LeftAlone { path, version } => self.ledger.emit(&Event::SpoolLeftAlone { path, version }),
        }
    }

    fn on_confirmed(&mut self, now: Instant, ticket: u32, safe: bool) {
        if !self.ledger.keeper.on_confirmed(ticket) {
            return;
        }
        if self.spooling.keeping.take().is_some() {
            self.answer_flushes(now);
        } else if safe {
            self.spooling.keep_at = Some(now + ANSWER_GRACE);
        }
    }

    /// Records of the spool join the queue as batches of their own, as old as they are.
    fn on_read(&mut self, now: Instant, signal: Signal, (run, block): (RunId, Block)) {
        let bytes = block.json.len();
        self.ledger.keeper.on_read(signal, block.lengths.len() as u64, bytes);
        self.ledger.stats.read_back(signal, block.lengths.len() as u64, bytes);
        let mut payload = Payload::new(signal, read_back_number(run, block.first));
        for record in block.iter() {
            let full = payload.count() >= self.config.max_batch_size as u64
                || payload.body_len() + record.len() > self.config.max_batch_bytes;
            if full && !payload.is_empty() {
                let next = payload.successor();
                self.start_one(now, std::mem::replace(&mut payload, next));
            }
            payload.push(record);
        }
        self.start_one(now, payload);
    }

    fn start_one(&mut self, now: Instant, payload: Payload) {
        let (count, reason) = (payload.count(), FlushReason::Size);
        self.start(now, Batch { payloads: vec![payload], count, reason });
    }
}
