//! The state of the spool: the run that this process writes, and dead runs that it has taken over. Pure but for the disk;
//! the time of day is passed in. `records` holds what the engine's commands do, `own_run` and `dead_runs` what happens to
//! runs, `room` the limits, `read_back` the way of parked records to the engine.

mod dead_runs;
mod own_run;
mod read_back;
mod records;
mod room;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::{Path, PathBuf},
};

use self::{dead_runs::Unscanned, own_run::RETRY_TICKS};
use super::{
    claim::Run,
    disk::Disk,
    limits::Limits,
    message::{Command, Counts, Report},
    segment::{Key, OWN_RUN, RunId, Segment},
    writer::Writer,
};
use crate::{buffers, signal::Signal, stats::DropReason};

/// The time between two looks at the runs of other processes, in ticks: a process may have died since the last one.
const LOOK_TICKS: u32 = 20;

/// See the module.
pub struct Store<D: Disk> {
    disk: D,
    /// Of the destination.
    directory: PathBuf,
    limits: Limits,
    writer: Writer<D>,
    /// The own run; none while the disk cannot be used.
    own: Option<Run<D>>,
    /// Dead runs that were taken over.
    adopted: BTreeMap<RunId, Run<D>>,
    last_run: RunId,
    /// Names of runs that are not to be looked at again.
    left_alone: BTreeSet<String>,
    segments: BTreeMap<Key, Segment>,
    unscanned: VecDeque<Unscanned>,
    /// Bytes of all of these.
    total_bytes: u64,
    /// Bytes of runs whose owners live.
    live_bytes: u64,
    /// Ticks until others' runs are looked at again.
    look_in: u32,
    /// Records read for the engine so far.
    given: Counts,
    /// The number of bytes of each signal for which the engine has room.
    wanted: [Option<usize>; Signal::ALL.len()],
    /// Ticks until the next attempt, after a failure.
    retry_in: Option<u32>,
    now_ms: u64,
    reports: Vec<Report>,
}

impl<D: Disk> Store<D> {
    /// Opens the spool of a destination. A failure is reported, and the attempt is repeated later.
    pub fn open(disk: D, directory: PathBuf, limits: Limits, now_ms: u64) -> Self {
        let mut store = Self {
            disk,
            directory,
            limits,
            writer: Writer::new(&limits),
            own: None,
            adopted: BTreeMap::new(),
            last_run: OWN_RUN,
            left_alone: BTreeSet::new(),
            segments: BTreeMap::new(),
            unscanned: VecDeque::new(),
            total_bytes: 0,
            live_bytes: 0,
            look_in: LOOK_TICKS,
            given: Counts::default(),
            wanted: Default::default(),
            retry_in: None,
            now_ms,
            reports: Vec::new(),
        };
        match store.create_own() {
            Ok(()) => store.look_for_dead_runs(),
            Err(error) => store.fail(&error),
        }
        store
    }

    /// Does what the engine asks for.
    pub fn on_command(&mut self, command: Command, now_ms: u64) {
        self.now_ms = now_ms;
        match command {
            Command::Append(signal, block) => {
                self.append(signal, &block);
                buffers::give_back(block.json);
            }
            Command::Ack(signal, place) => self.ack(signal, &place),
            Command::AckParked(signal, place) => self.ack_parked(signal, &place),
            Command::Park(signal, place, reason) => self.park(signal, &place, reason),
            Command::Read(signal, max_bytes) => {
                if let Some(wanted) = self.wanted.get_mut(signal.index()) {
                    *wanted = Some(max_bytes);
                }
            }
            Command::Confirm(ticket, holding) => {
                let safe = self.sync() && self.missing(&holding).iter().all(|&count| count == 0);
                self.tidy();
                self.report(Report::Confirmed(ticket, safe));
            }
            Command::Keep(ticket, holding, reason) => {
                self.keep(&holding, reason);
                self.report(Report::Confirmed(ticket, true));
            }
            Command::Discard(ticket, reason) => {
                self.discard(reason);
                self.report(Report::Confirmed(ticket, true));
            }
        }
        self.serve();
    }

    /// Twice a second: syncs, applies the limits, and looks for dead runs.
    pub fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        self.sync();
        if self.own.as_ref().is_some_and(|run| !run.exists(&self.disk)) {
            self.lose_own();
        }
        self.retry_in = self.retry_in.map(|ticks| ticks.saturating_sub(1));
        if self.own.is_none() && self.retry_in == Some(0) {
            match self.create_own() {
                Ok(()) => self.resume(),
                Err(_) => self.retry_in = Some(RETRY_TICKS),
            }
        }
        self.look_in = self.look_in.saturating_sub(1);
        if self.look_in == 0 && self.retry_in.is_none() {
            self.look_in = LOOK_TICKS;
            self.look_for_dead_runs();
        }
        self.expire();
        self.make_room();
        self.serve();
    }

    /// What has happened since the last call.
    pub fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Bytes of this process's segments, by signal.
    #[must_use]
    pub fn bytes(&self) -> Counts {
        let mut bytes = self.writer.spare_bytes();
        let segments = self.segments.iter().map(|(key, segment)| (key.1, segment.disk_bytes()));
        for (signal, length) in segments.chain(self.unscanned.iter().map(|file| (file.key.1, file.bytes))) {
            if let Some(sum) = bytes.get_mut(signal) {
                *sum += length;
            }
        }
        bytes
    }

    /// Releases all runs. Empty ones are removed; other processes can take over the rest.
    pub fn close(mut self) {
        self.tidy();
        self.sync();
    }

    fn remove_settled(&mut self) {
        let settled = self.segments.iter().filter(|(_, segment)| segment.is_settled());
        for key in settled.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.remove_segment(key);
        }
    }

    /// Removes a segment if all its records are settled and it is not being written; returns whether it did.
    fn remove_if_settled(&mut self, key: Key) -> bool {
        let settled = self.segments.get(&key).is_some_and(Segment::is_settled);
        let remove = settled && !self.writer.writes(key);
        if remove {
            self.remove_segment(key);
        }
        remove
    }

    fn remove_segment(&mut self, key: Key) {
        let Some(segment) = self.segments.remove(&key) else { return };
        self.total_bytes = self.total_bytes.saturating_sub(segment.disk_bytes());
        self.writer.remove(&self.disk, key, &segment.path, segment.bytes);
        self.remove_run_if_done(key.0);
    }

    /// Counts parked records as lost.
    fn lose(&mut self, signal: Signal, reason: DropReason, count: u64) {
        if count > 0 {
            self.report(Report::Dropped(signal, reason, count));
        }
    }

    fn report(&mut self, report: Report) {
        self.reports.push(report);
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
