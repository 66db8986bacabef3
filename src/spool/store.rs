//! The state of the spool: the run that this process writes, and dead runs that it has taken over. Pure but for the disk;
//! the time of day is passed in.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    block::Block,
    claim::Run,
    disk::Disk,
    message::{Command, Counts, Holding, Place, Report},
    own::RETRY_TICKS,
    ranges::{self, Ranges},
    recover::Unscanned,
    segment::{Key, OWN_RUN, RunId, Segment},
    writer::Writer,
};
use crate::{
    buffers,
    config::{SpoolConfig, SpoolSync},
    signal::Signal,
    stats::DropReason,
};

/// The time between two looks at the runs of other processes, in ticks: a process may have died since the last one.
const LOOK_TICKS: u32 = 20;

/// What may be kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes over all runs of the destination.
    pub max_bytes: u64,
    /// Records older than this are dropped.
    pub max_age_ms: u64,
    /// Whether what is written is synced at each tick.
    pub sync: bool,
}

impl Limits {
    /// Those of an exporter's options.
    #[must_use]
    pub fn new(config: &SpoolConfig) -> Self {
        let max_age_ms = u64::try_from(config.max_age.as_millis()).unwrap_or(u64::MAX);
        Self { max_bytes: config.max_bytes, max_age_ms, sync: config.sync == SpoolSync::Interval }
    }
}

/// See the module.
pub struct Store<D: Disk> {
    pub(super) disk: D,
    /// Of the destination.
    pub(super) directory: PathBuf,
    pub(super) limits: Limits,
    pub(super) writer: Writer<D>,
    /// The own run; none while the disk cannot be used.
    pub(super) own: Option<Run<D>>,
    /// Dead runs that were taken over.
    pub(super) adopted: BTreeMap<RunId, Run<D>>,
    pub(super) last_run: RunId,
    /// Names of runs that are not to be looked at again.
    pub(super) left_alone: BTreeSet<String>,
    pub(super) segments: BTreeMap<Key, Segment>,
    pub(super) unscanned: VecDeque<Unscanned>,
    /// Bytes of all of these.
    pub(super) total_bytes: u64,
    /// Bytes of runs whose owners live.
    pub(super) live_bytes: u64,
    /// Ticks until others' runs are looked at again.
    look_in: u32,
    /// Records read for the engine so far.
    pub(super) given: Counts,
    /// The engine has room for so many bytes of each signal.
    pub(super) wanted: [Option<usize>; Signal::ALL.len()],
    /// Ticks until the next attempt, after a failure.
    pub(super) retry_in: Option<u32>,
    pub(super) now_ms: u64,
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
                let missing = self.missing(&holding);
                for segment in self.segments.values_mut() {
                    let held = std::mem::take(&mut segment.held);
                    held.iter().for_each(|range| segment.parked.insert(range));
                }
                // The engine does not take what was read before this, and asks anew for what it wants after it.
                self.wanted = Default::default();
                for (signal, count) in Signal::ALL.into_iter().zip(missing) {
                    self.lose(signal, reason, count);
                }
                self.sync();
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
        if self.limits.sync {
            self.sync();
        }
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
        let mut bytes = Counts::default();
        let segments = self.segments.iter().map(|(key, segment)| (key.1, segment.bytes));
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

    fn append(&mut self, signal: Signal, block: &Block) {
        if self.retry_in.is_some_and(|ticks| ticks > 0) {
            return;
        }
        if self.own.is_none()
            && let Err(error) = self.create_own()
        {
            return self.fail(&error);
        }
        let Some(run) = &self.own else { return };
        let written = self.writer.append(&self.disk, &run.directory, signal, block);
        match written {
            Ok(appended) => {
                let segment = self.segments.entry(appended.key).or_insert_with(|| Segment {
                    signal,
                    path: appended.path,
                    bytes: 0,
                    oldest_ms: block.wall_ms,
                    newest_ms: block.wall_ms,
                    parked: Ranges::default(),
                    held: Ranges::default(),
                    failures: 0,
                });
                segment.bytes += appended.bytes;
                self.total_bytes += appended.bytes;
                segment.newest_ms = segment.newest_ms.max(block.wall_ms);
                segment.held.insert(block.numbers());
                if let Some(full) = appended.closed {
                    self.remove_if_settled(full);
                }
                self.resume();
                self.make_room();
            }
            Err(error) => self.fail(&error),
        }
    }

    pub(super) fn ack(&mut self, signal: Signal, place: &Place) {
        for key in self.keys(signal, place) {
            let Some(segment) = self.segments.get_mut(&key) else { continue };
            let mut acked = segment.held.remove(&place.numbers);
            acked.extend(segment.parked.remove(&place.numbers));
            if !self.remove_if_settled(key) {
                for numbers in &acked {
                    self.write_ack(key, numbers);
                }
            }
        }
    }

    fn ack_parked(&mut self, signal: Signal, place: &Place) {
        let mut count = 0;
        for key in self.keys(signal, place) {
            let Some(segment) = self.segments.get_mut(&key) else { continue };
            let acked = segment.parked.remove(&place.numbers);
            count += ranges::count(&acked);
            if !self.remove_if_settled(key) {
                for numbers in &acked {
                    self.write_ack(key, numbers);
                }
            }
        }
        if count > 0 {
            self.report(Report::Settled(signal, count));
        }
    }

    /// Notes on the disk that records are settled. Without the note the next process sends them again.
    pub(super) fn write_ack(&mut self, key: Key, numbers: &Range<u64>) {
        let Some(segment) = self.segments.get_mut(&key) else { return };
        match self.writer.ack(&self.disk, key, segment, numbers) {
            Ok(bytes) => self.total_bytes += bytes,
            Err(error) => self.fail(&error),
        }
    }

    fn park(&mut self, signal: Signal, place: &Place, reason: DropReason) {
        let mut missing = place.numbers.end - place.numbers.start;
        for key in self.keys(signal, place) {
            let Some(segment) = self.segments.get_mut(&key) else { continue };
            let parts = segment.held.remove(&place.numbers);
            missing -= ranges::count(&parts).min(missing);
            for part in parts {
                segment.parked.insert(part);
            }
        }
        self.lose(signal, reason, missing);
    }

    /// Drops all records of the own run, and removes its files.
    fn discard(&mut self, reason: DropReason) {
        let own = self.segments.iter_mut().filter(|(key, _)| key.0 == OWN_RUN);
        let parked: Vec<(Signal, u64)> = own
            .map(|(_, segment)| {
                segment.held = Ranges::default();
                (segment.signal, std::mem::take(&mut segment.parked).count())
            })
            .collect();
        for (signal, count) in parked {
            self.lose(signal, reason, count);
        }
        self.tidy();
        self.sync();
    }

    /// The number of records in the engine's memory that are not in the spool. Records on their way to the engine count as
    /// held here, and not yet in its memory.
    fn missing(&self, holding: &Holding) -> Counts {
        let mut missing = holding.memory;
        for signal in Signal::ALL {
            let at = signal.index();
            let Some(count) = missing.get_mut(at) else { continue };
            let of = |counts: &Counts| counts.get(at).copied().unwrap_or_default();
            let on_its_way = of(&self.given).saturating_sub(of(&holding.received));
            let segments = self.segments.iter().filter(|(key, _)| key.1 == at);
            let held: u64 = segments.map(|(_, segment)| segment.held.count()).sum();
            *count = (*count + on_its_way).saturating_sub(held);
        }
        missing
    }

    /// The segments that these records may be in.
    fn keys(&self, signal: Signal, place: &Place) -> Vec<Key> {
        let key = |number| (place.run, signal.index(), number);
        let before = self.segments.range(..=key(place.numbers.start)).next_back();
        let before = before.filter(|(found, _)| (found.0, found.1) == (place.run, signal.index()));
        let within = self.segments.range(
            key(place.numbers.start.saturating_add(1))
                ..key(place.numbers.end.max(place.numbers.start.saturating_add(1))),
        );
        before.into_iter().chain(within).map(|(key, _)| *key).collect()
    }

    pub(super) fn remove_settled(&mut self) {
        let settled = self.segments.iter().filter(|(_, segment)| segment.is_settled());
        for key in settled.map(|(key, _)| *key).collect::<Vec<_>>() {
            self.remove_segment(key);
        }
    }

    /// Removes a segment if all its records are settled and it is not being written; returns whether it did.
    pub(super) fn remove_if_settled(&mut self, key: Key) -> bool {
        let settled = self.segments.get(&key).is_some_and(Segment::is_settled);
        let remove = settled && !self.writer.writes(key);
        if remove {
            self.remove_segment(key);
        }
        remove
    }

    pub(super) fn remove_segment(&mut self, key: Key) {
        let Some(segment) = self.segments.remove(&key) else { return };
        self.total_bytes -= segment.bytes.min(self.total_bytes);
        self.writer.remove(&self.disk, key, &segment.path);
        self.remove_run_if_done(key.0);
    }

    /// Counts parked records as lost.
    pub(super) fn lose(&mut self, signal: Signal, reason: DropReason, count: u64) {
        if count > 0 {
            self.report(Report::Dropped(signal, reason, count));
        }
    }

    pub(super) fn report(&mut self, report: Report) {
        self.reports.push(report);
    }
}

pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
