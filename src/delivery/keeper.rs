//! The exporter's side of its spool: which records are in memory, which are in the spool alone, and the commands that follow.
//! Without a spool nothing here has an effect.

use crate::{
    buffers,
    delivery::payload::RecordRange,
    signal::Signal,
    spool::{
        Spool,
        block::Block,
        message::{Command, Counts, Holding, Place, Report},
        ranges::Ranges,
        segment::{MAX_NUMBER, OWN_RUN, RunId},
    },
    stats::DropReason,
};

/// A hand-over with more JSON than this is written in parts.
const BLOCK_BYTES: usize = 1 << 20;
/// The bytes of each signal that are read back ahead of their delivery: 5 MiB in all. A small queue has less.
const READ_BYTES: usize = 1 << 20;

/// Numbers of one run are below this. In the exporter the numbers of an adopted run begin at a multiple of it.
const RUN: u64 = MAX_NUMBER;
/// What stands for the own run in the numbers of its records that were read back.
const OWN_READ_BACK: u64 = 1 << 23;

/// What the spool has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To [`Keeper::confirm`].
    Confirmed,
    /// To [`Keeper::keep`].
    Kept,
}

/// See the module.
#[derive(Default)]
pub struct Keeper {
    spool: Option<Spool>,
    /// Records that are not handed to the spool yet.
    open: [Block; Signal::ALL.len()],
    holding: Holding,
    /// Records that are only in the spool.
    spooled: Counts,
    /// Bytes in memory that were read back.
    read_back: [usize; Signal::ALL.len()],
    /// Whether the spool has been asked for records.
    asked: [bool; Signal::ALL.len()],
    last_ticket: u32,
    /// The question that is not answered yet.
    waits_for: Option<u32>,
    /// [`Keeper::keep`] is not answered yet.
    keeping: Option<u32>,
    /// Acknowledgements that the spool has not taken, by the numbers of the records in the exporter.
    untaken: [Ranges; Signal::ALL.len()],
    /// Something was sent after the last question.
    dirty: bool,
    read_bytes: usize,
}

impl Keeper {
    /// With a spool, or without.
    #[must_use]
    pub fn new(spool: Option<Spool>, max_queue_bytes: usize) -> Self {
        Self { spool, read_bytes: READ_BYTES.min(max_queue_bytes / 16), ..Self::default() }
    }

    /// Whether there is a spool.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.spool.is_some()
    }

    /// A record has got its number.
    pub fn append(&mut self, signal: Signal, number: impl FnOnce() -> u64, at_ms: f64, json: &[u8]) {
        if self.spool.is_none() {
            return;
        }
        let Some(block) = self.open.get_mut(signal.index()) else { return };
        if block.lengths.is_empty() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a time; nonsense becomes 0 or the largest"
            )]
            let wall_ms = at_ms as u64;
            (block.first, block.wall_ms) = (number(), wall_ms);
            block.json = buffers::take();
        }
        block.push(json);
        let full = block.json.len() >= BLOCK_BYTES;
        add(&mut self.holding.memory, signal, 1);
        if full {
            self.hand_over();
        }
    }

    /// Sends what has been appended. What the spool does not take is in memory only.
    pub fn hand_over(&mut self) {
        let Some(spool) = &self.spool else { return };
        for (signal, block) in
            Signal::ALL.into_iter().zip(&mut self.open).filter(|(_, block)| !block.lengths.is_empty())
        {
            spool.send(Command::Append(signal, std::mem::take(block)));
            self.dirty = true;
        }
        self.acknowledge_again(false);
    }

    /// Records are delivered or dropped for good. `bytes`: of their JSON.
    pub fn settle(&mut self, records: &RecordRange, bytes: usize) {
        if self.spool.is_some() {
            self.leave_memory(records, bytes);
            if !self.send(Command::Ack(records.signal, place(records)))
                && let Some(untaken) = self.untaken.get_mut(records.signal.index())
            {
                untaken.insert(records.first..records.first + records.count);
            }
        }
    }

    /// Memory releases records. False when the spool does not take them. The spool reports those that it does not have.
    #[must_use]
    pub fn park(&mut self, records: &RecordRange, bytes: usize, reason: DropReason) -> bool {
        let taken = self.send(Command::Park(records.signal, place(records), reason));
        if taken {
            self.leave_memory(records, bytes);
            add(&mut self.spooled, records.signal, records.count);
        }
        taken
    }

    /// Asks whether all that is in memory is in the spool too. Answered by [`Report::Confirmed`] with this ticket.
    pub fn confirm(&mut self) -> Option<u32> {
        let holding = self.holding;
        self.ask(|ticket| Command::Confirm(ticket, holding))
    }

    /// The same, if something was sent after the last question.
    pub fn confirm_if_dirty(&mut self) {
        if self.dirty {
            self.confirm();
        }
    }

    /// Memory releases everything; returns the number of records of each signal. The spool reports those that it does not
    /// have, and answers by [`Report::Confirmed`].
    pub fn keep(&mut self, reason: DropReason) -> Counts {
        self.hand_over();
        let holding = self.holding;
        self.keeping = self.ask(|ticket| Command::Keep(ticket, holding, reason));
        self.asked = Default::default();
        self.holding.memory = Counts::default();
        self.read_back = Default::default();
        for signal in Signal::ALL {
            add(&mut self.spooled, signal, get(&holding.memory, signal));
        }
        holding.memory
    }

    /// Drops the records of the own run, in memory or not. Answered by [`Report::Confirmed`]; false without a spool.
    pub fn discard(&mut self, reason: DropReason) -> bool {
        self.ask(|ticket| Command::Discard(ticket, reason)).is_some()
    }

    /// Whether anything is in memory that could be in the spool alone.
    #[must_use]
    pub fn holds_any(&self) -> bool {
        self.spool.is_some() && self.holding.memory.iter().any(|&count| count > 0)
    }

    /// Whether the spool may not have done everything that it was told.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.dirty || self.is_asking()
    }

    /// Whether an answer to [`Keeper::confirm`] or [`Keeper::keep`] is still to come.
    #[must_use]
    pub fn is_asking(&self) -> bool {
        self.waits_for.is_some()
    }

    /// What was answered, if it was waited for.
    pub fn on_confirmed(&mut self, ticket: u32) -> Option<Answer> {
        let awaited = self.waits_for.take_if(|waits_for| *waits_for == ticket).is_some();
        if self.keeping.take_if(|keeping| *keeping == ticket).is_some() {
            return Some(Answer::Kept);
        }
        awaited.then_some(Answer::Confirmed)
    }

    /// Stops waiting for an answer.
    pub fn give_up_asking(&mut self) {
        self.waits_for = None;
    }

    /// What the spool has to say.
    #[must_use]
    pub fn reports(&self) -> Vec<Report> {
        self.spool.as_ref().map(|spool| spool.reports().collect()).unwrap_or_default()
    }

    /// Records of dead processes are in the spool.
    pub fn on_recovered(&mut self, counts: Counts) {
        for signal in Signal::ALL {
            add(&mut self.spooled, signal, get(&counts, signal));
        }
    }

    /// The spool has sent records that were only there. `bytes`: of their JSON. True: they are in memory now. False: they
    /// were on their way when memory released everything, and the spool has parked them again.
    #[must_use]
    pub fn on_read(&mut self, signal: Signal, count: u64, bytes: usize) -> bool {
        add(&mut self.holding.received, signal, count);
        if self.keeping.is_some() {
            return false;
        }
        self.on_spooled_left(signal, count);
        add(&mut self.holding.memory, signal, count);
        if let Some(read_back) = self.read_back.get_mut(signal.index()) {
            *read_back += bytes;
        }
        if let Some(asked) = self.asked.get_mut(signal.index()) {
            *asked = false;
        }
        true
    }

    /// Records that were only in the spool are so no longer.
    pub fn on_spooled_left(&mut self, signal: Signal, count: u64) {
        if let Some(spooled) = self.spooled.get_mut(signal.index()) {
            *spooled = spooled.saturating_sub(count);
        }
    }

    /// Records that are only in the spool.
    #[must_use]
    pub fn spooled(&self) -> u64 {
        self.spooled.iter().sum()
    }

    /// Memory has room: asks for records that are only in the spool, where few are in memory already.
    pub fn read(&mut self) {
        for signal in Signal::ALL {
            let at = signal.index();
            let (Some(asked), Some(&read_back)) = (self.asked.get_mut(at), self.read_back.get(at)) else { continue };
            let wanted = get(&self.spooled, signal) > 0 && !*asked && read_back < self.read_bytes / 2;
            if wanted && let Some(spool) = &self.spool {
                *asked = spool.send_in_any_case(Command::Read(signal, self.read_bytes - read_back));
            }
        }
    }

    /// Records that memory has released were delivered after all. Without this command they are delivered again.
    pub fn settle_parked(&mut self, records: &RecordRange) {
        self.send(Command::AckParked(records.signal, place(records)));
    }

    fn leave_memory(&mut self, records: &RecordRange, bytes: usize) {
        let at = records.signal.index();
        if let Some(memory) = self.holding.memory.get_mut(at) {
            *memory = memory.saturating_sub(records.count);
        }
        if records.first >= RUN
            && let Some(read_back) = self.read_back.get_mut(at)
        {
            *read_back = read_back.saturating_sub(bytes);
        }
    }

    fn send(&mut self, command: Command) -> bool {
        self.hand_over();
        self.dirty |= self.spool.is_some();
        self.spool.as_ref().is_some_and(|spool| spool.send(command))
    }

    /// Sends the acknowledgements that the spool has not taken before, as far as it has room. `all`: without regard to room.
    fn acknowledge_again(&mut self, all: bool) {
        let Some(spool) = &self.spool else { return };
        for (signal, untaken) in Signal::ALL.into_iter().zip(&mut self.untaken) {
            while let Some(range) = untaken.first() {
                let records = RecordRange { signal, first: range.start, count: range.end - range.start };
                let ack = Command::Ack(signal, place(&records));
                let taken = if all { spool.send_in_any_case(ack) } else { spool.send(ack) };
                if !taken {
                    break;
                }
                untaken.remove(&range);
            }
        }
    }

    fn ask(&mut self, command: impl FnOnce(u32) -> Command) -> Option<u32> {
        self.hand_over();
        // The spool compares counts, so it has to know of everything that is settled.
        self.acknowledge_again(true);
        let ticket = self.last_ticket.wrapping_add(1);
        self.last_ticket = ticket;
        let asked = self.spool.as_ref().is_some_and(|spool| spool.send_in_any_case(command(ticket)));
        self.dirty = false;
        self.waits_for = asked.then_some(ticket);
        self.waits_for
    }
}

/// The number in the exporter of a record that was read back: different from those of all others of its signal, and larger
/// than those of records that were not.
#[must_use]
pub fn read_back_number(run: RunId, number: u64) -> u64 {
    let run = if run == OWN_RUN { OWN_READ_BACK } else { u64::from(run) };
    run * RUN + number
}

fn place(records: &RecordRange) -> Place {
    let (run, first) = (records.first / RUN, records.first % RUN);
    let run = if run == OWN_READ_BACK { OWN_RUN } else { RunId::try_from(run).unwrap_or(OWN_RUN) };
    Place { run, numbers: first..first + records.count }
}

fn get(counts: &Counts, signal: Signal) -> u64 {
    counts.get(signal.index()).copied().unwrap_or_default()
}

fn add(counts: &mut Counts, signal: Signal, count: u64) {
    if let Some(sum) = counts.get_mut(signal.index()) {
        *sum += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_that_the_spool_has_no_room_for_is_sent_later() {
        let (spool, link) = Spool::pair(0);
        let mut keeper = Keeper::new(Some(spool), 1 << 20);
        keeper.settle(&RecordRange { signal: Signal::Logs, first: 7, count: 3 }, 0);
        assert!(link.commands.is_empty());
        keeper.confirm();
        let Ok(Command::Ack(Signal::Logs, place)) = link.commands.try_recv() else { panic!("no acknowledgement") };
        assert_eq!(place, Place { run: OWN_RUN, numbers: 7..10 });
        assert!(matches!(link.commands.try_recv(), Ok(Command::Confirm(..))));
        keeper.confirm();
        assert!(!matches!(link.commands.try_recv(), Ok(Command::Ack(..))), "once");
    }
}
