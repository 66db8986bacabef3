//! What is known of each record from outside the engine: from the commands that reach the spool and from the requests that
//! reach the collector. The first contradiction is kept.

use std::collections::BTreeMap;

/// What is known of one record.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Fate {
    /// The disk has it.
    pub written: bool,
    /// The disk has it also after a loss of power.
    written_synced: bool,
    /// The collector has accepted it.
    pub stored: bool,
    /// The disk knows that it is delivered or dropped for good.
    pub settled: bool,
    settled_synced: bool,
    /// It was in flight when memory released it or the process died, so that it may be delivered again.
    may_repeat: bool,
    /// It was only in memory, or not synced, when the process died.
    pub may_be_lost: bool,
}

/// All records; see the module.
#[derive(Debug, Default)]
pub struct Fates {
    pub records: BTreeMap<u64, Fate>,
    /// Records that were settled in this life without having been delivered.
    pub given_up: u64,
    breach: Option<String>,
}

impl Fates {
    pub fn export(&mut self) -> u64 {
        let id = self.records.len() as u64;
        self.records.insert(id, Fate::default());
        id
    }

    /// The first contradiction since the last call.
    pub fn take_breach(&mut self) -> Option<String> {
        self.breach.take()
    }

    pub fn breach(&mut self, text: String) {
        self.breach.get_or_insert(text);
    }

    pub fn on_written(&mut self, id: u64) {
        self.fate(id).written = true;
    }

    /// `answered`: the collector's answer reaches the exporter if the process lives.
    pub fn on_stored(&mut self, id: u64, answered: bool) {
        let fate = *self.fate(id);
        if (fate.stored || fate.settled) && !fate.may_repeat {
            self.breach(format!("record {id} is delivered again: {fate:?}"));
        }
        let fate = self.fate(id);
        fate.stored = true;
        fate.may_repeat |= !answered;
    }

    /// The disk was told that a record is settled. `noted`: without an error.
    pub fn on_settled(&mut self, id: u64, noted: bool) {
        let fate = self.fate(id);
        let is_new = !fate.settled;
        // What was only likely until now was not what a sync has kept.
        fate.settled_synced &= fate.settled && !fate.may_repeat;
        (fate.settled, fate.may_repeat) = (true, !noted);
        if is_new && !fate.stored {
            self.given_up += 1;
        }
    }

    /// Memory releases everything, requests in flight too.
    pub fn on_keep(&mut self) {
        for fate in self.records.values_mut().filter(|fate| fate.stored && !fate.settled) {
            fate.may_repeat = true;
        }
    }

    pub fn on_synced(&mut self) {
        for fate in self.records.values_mut() {
            fate.written_synced |= fate.written;
            fate.settled_synced |= fate.settled;
        }
    }

    pub fn on_death(&mut self, power_lost: bool) {
        for fate in self.records.values_mut() {
            fate.may_repeat |= fate.stored && !fate.settled;
            fate.may_be_lost |= !fate.written && !fate.settled;
            if power_lost {
                fate.may_repeat |= fate.settled && !fate.settled_synced;
                fate.may_be_lost |= fate.written && !fate.written_synced;
            }
        }
        self.given_up = 0;
    }

    /// How many records a spool can hold at most.
    pub fn spooled(&self) -> u64 {
        let may_be_there = |fate: &&Fate| !fate.settled && fate.written || fate.may_repeat || fate.may_be_lost;
        self.records.values().filter(may_be_there).count() as u64
    }

    /// When everything is delivered: finds a record that was kept and is nowhere.
    pub fn judge_end(&mut self) {
        let lost = |fate: &Fate| fate.written && !fate.stored && !fate.settled && !fate.may_be_lost;
        if let Some((id, fate)) = self.records.iter().find(|(_, fate)| lost(fate)) {
            let text = format!("record {id} was kept and is lost: {fate:?}");
            self.breach(text);
        }
    }

    fn fate(&mut self, id: u64) -> &mut Fate {
        self.records.get_mut(&id).expect("it was exported")
    }
}
