//! The effects of the spool's reports on an exporter, and the release of records from memory that the spool has.

use std::time::Duration;

use tokio::time::Instant;

use super::Exporter;
use crate::{
    delivery::{
        batch::{Batch, FlushReason},
        job::Job,
        keeper::{Answer, read_back_number},
        payload::Payload,
        pending::Waiter,
    },
    event::Event,
    protocol::answer::Outcome,
    signal::Signal,
    spool::{block::Block, message::Report, segment::RunId},
    stats::DropReason,
};

/// The time that requests in flight have to be answered at the end of the process, while the spool writes and after that.
const ANSWER_GRACE: Duration = Duration::from_millis(50);
/// The longest wait for a disk that does not answer.
const KEEP_TIMEOUT: Duration = Duration::from_secs(1);
/// This long before the process stops waiting, memory releases everything even if a part is not in the spool.
const KEEP_BEFORE_END: Duration = Duration::from_millis(100);
/// The pause before the spool is asked again whether it has everything.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// How far memory has released the records that the spool has.
#[derive(Debug, Default)]
pub(super) struct Spooling {
    /// Requests in flight have until then to be answered, although the process ends.
    answers_until: Option<Instant>,
    /// The spool has everything: memory releases it then.
    keep_at: Option<Instant>,
    /// The spool did not have everything; it is asked again then.
    ask_at: Option<Instant>,
    /// Memory has released everything; the spool has until then to confirm it.
    keeping: Option<Instant>,
    /// Flushes that are answered when the spool has confirmed.
    pub(super) answers: Vec<Waiter>,
    /// The last batch that memory has released. Requests with records of such batches may still be in flight.
    pub(super) kept_until: u64,
    /// Nothing is read back: the process is about to end.
    quiet: bool,
    /// Nothing is read back before this.
    reads_at: Option<Instant>,
    /// The spool has to confirm that nothing is left.
    pub(super) finishes: bool,
}

impl Spooling {
    /// Whether memory has released everything and the spool has not confirmed it.
    pub(super) fn is_keeping(&self) -> bool {
        self.keeping.is_some()
    }

    /// The process goes on.
    pub(super) fn on_records(&mut self) {
        self.quiet = false;
    }

    /// When there is something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.keep_at, self.ask_at, self.keeping, self.reads_at].into_iter().flatten().min()
    }
}

impl Exporter {
    /// Applies the reports of the spool, and asks for parked records if memory has room.
    pub fn on_spool(&mut self, now: Instant) {
        for report in self.ledger.keeper.reports() {
            self.on_report(now, report);
        }
        // A closed gate would drop the records.
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
        if self.spooling.ask_at.take_if(|at| *at <= now).is_some() && self.ledger.keeper.holds_any() {
            self.ledger.keeper.confirm();
        }
        if self.spooling.finishes && !self.ledger.keeper.holds_any() && !self.ledger.keeper.is_asking() {
            // Without this the acknowledgements of the last deliveries could be lost with the process.
            self.ledger.keeper.confirm_if_dirty();
        }
        if self.spooling.keeping.take_if(|until| *until <= now).is_some() {
            self.ledger.keeper.give_up_asking();
        }
    }

    /// An attempt is over whose records memory has released. If they were delivered, the spool can forget them too.
    pub(super) fn on_late_outcome(&mut self, job: &Job, outcome: &Outcome) {
        if matches!(outcome, Outcome::Delivered) {
            self.ledger.keeper.settle_parked(&job.payload.range());
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

    /// Memory releases everything as soon as the spool has it, so that the process can end.
    pub(super) fn settle_down(&mut self, now: Instant) {
        self.spooling.answers_until = Some(now + ANSWER_GRACE);
        self.ledger.keeper.confirm();
    }

    /// Memory releases everything then, or before.
    fn keep_by(&mut self, at: Instant) {
        let before = self.spooling.keep_at.unwrap_or(at);
        self.spooling.keep_at = Some(at.min(before));
    }

    /// The process waits until `deadline` at most.
    pub(super) fn keep_before(&mut self, now: Instant, deadline: Instant) {
        if self.ledger.keeper.is_on() {
            self.keep_by(deadline.checked_sub(KEEP_BEFORE_END).unwrap_or(now));
        }
    }

    /// Nothing is sent from now on. The spool drops the records of the own run. Its answer leads to `keep`, which drops what
    /// is in memory only.
    pub(super) fn disable(&mut self, now: Instant) {
        self.disabled = true;
        while self.queue.pop_oldest().is_some() {}
        if self.ledger.keeper.discard(DropReason::Shutdown) {
            self.spooling.keeping = Some(now + KEEP_TIMEOUT);
            self.spooling.answers.extend(self.ledger.pending.take_answered(|_| true));
        }
    }

    /// Memory releases everything; flushes are answered when the spool has confirmed it.
    pub(super) fn keep(&mut self, now: Instant) {
        self.close_batch(now);
        let counts = self.ledger.keeper.keep(DropReason::Shutdown);
        self.ledger.stats.kept(counts);
        // Requests in flight are answered in `on_late_outcome`.
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
            Report::Settled(signal, count) => {
                self.ledger.keeper.on_spooled_left(signal, count);
                self.ledger.stats.delivered_spooled(signal, count);
            }
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
        match self.ledger.keeper.on_confirmed(ticket) {
            Some(Answer::Kept) => {
                self.spooling.keeping = None;
                self.answer_flushes(now);
            }
            Some(Answer::Confirmed) if self.disabled => self.keep(now),
            Some(Answer::Confirmed) if safe => {
                self.keep_by(self.spooling.answers_until.map_or(now, |until| until.max(now)));
            }
            // A part is in memory only: the disk was full or too slow. It may leave memory before the end.
            Some(Answer::Confirmed) if self.haste(now).ends_at.is_some() => {
                self.spooling.ask_at = Some(now + ASK_AGAIN);
            }
            _ => {}
        }
    }

    /// Records of the spool join the queue as batches of their own.
    fn on_read(&mut self, now: Instant, signal: Signal, (run, block): (RunId, Block)) {
        let bytes = block.json.len();
        if !self.ledger.keeper.on_read(signal, block.lengths.len() as u64, bytes) {
            return;
        }
        self.ledger.stats.read_back(signal, block.lengths.len() as u64, bytes);
        let mut payload = Payload::new(signal, read_back_number(run, block.first));
        for record in block.iter() {
            let full = payload.count() >= self.config.max_batch_size as u64
                || payload.body_len() + record.len() > self.config.max_batch_bytes;
            if full && !payload.is_empty() {
                let next = payload.successor(None);
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
