//! One process as the spool sees it: an engine that numbers records, holds them, and settles them when a test says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use mastra_native_exporter::{
    signal::Signal,
    spool::{
        block::Block,
        limits::Limits,
        message::{Command, Holding, Place, Report},
        segment::{OWN_RUN, RunId},
        store::Store,
    },
    stats::DropReason,
};

use super::disk::SimDisk;

pub const LIMITS: Limits = Limits { max_bytes: 1 << 30, max_age_ms: 7 * 86_400_000, sync: true };

pub fn directory() -> PathBuf {
    PathBuf::from("/spool/destination")
}

/// See the module.
pub struct Process {
    pub store: Store<SimDisk>,
    pub now_ms: u64,
    next: [u64; Signal::ALL.len()],
    /// The records in its memory, by place.
    pub held: BTreeMap<(usize, RunId, u64), Vec<u8>>,
    received: [u64; Signal::ALL.len()],
    pub recovered: u64,
    pub dropped: BTreeMap<&'static str, u64>,
    /// All other reports.
    pub reports: Vec<Report>,
    ticket: u32,
}

impl Process {
    pub fn start(disk: &SimDisk, now_ms: u64) -> Self {
        Self::start_with(disk, now_ms, LIMITS, &directory())
    }

    pub fn start_with(disk: &SimDisk, now_ms: u64, limits: Limits, directory: &Path) -> Self {
        Self {
            store: Store::open(disk.clone(), directory.to_owned(), limits, now_ms),
            now_ms,
            next: [0; Signal::ALL.len()],
            held: BTreeMap::new(),
            received: [0; Signal::ALL.len()],
            recovered: 0,
            dropped: BTreeMap::new(),
            reports: Vec::new(),
            ticket: 0,
        }
    }

    /// Exports records. The memory holds them from then on.
    pub fn export(&mut self, signal: Signal, records: &[Vec<u8>]) {
        let first = self.next[signal.index()];
        let mut block = Block { first, wall_ms: self.now_ms, ..Block::default() };
        for (number, record) in (first..).zip(records) {
            block.push(record);
            self.held.insert((signal.index(), OWN_RUN, number), record.clone());
        }
        self.next[signal.index()] = block.numbers().end;
        self.command(Command::Append(signal, block));
    }

    /// Settles a held record: it is delivered or dropped.
    pub fn settle(&mut self, key: (usize, RunId, u64)) {
        self.held.remove(&key).expect("it is held");
        let (signal, place) = place(key);
        self.command(Command::Ack(signal, place));
    }

    /// Settles every held record.
    pub fn settle_all(&mut self) {
        let held: Vec<_> = self.held.keys().copied().collect();
        for key in held {
            self.settle(key);
        }
    }

    /// The memory lets go of a held record.
    pub fn park(&mut self, key: (usize, RunId, u64)) {
        self.held.remove(&key).expect("it is held");
        let (signal, place) = place(key);
        self.command(Command::Park(signal, place, DropReason::QueueFull));
    }

    /// The memory has room for records of the spool, and holds those that come. Returns their number.
    pub fn read(&mut self, max_bytes: usize) -> usize {
        let before = self.held.len();
        for signal in Signal::ALL {
            self.command(Command::Read(signal, max_bytes));
        }
        self.held.len() - before
    }

    /// Reads all parked records back and settles them at once. Returns them in the order in which they came.
    pub fn deliver_parked(&mut self) -> Vec<Vec<u8>> {
        let mut delivered = Vec::new();
        let before: BTreeSet<_> = self.held.keys().copied().collect();
        while self.read(1) > 0 {
            let new: Vec<_> = self.held.keys().filter(|key| !before.contains(key)).copied().collect();
            for key in new {
                delivered.push(self.held[&key].clone());
                self.settle(key);
            }
        }
        delivered
    }

    /// Whether all held records are in the spool.
    pub fn confirm(&mut self) -> bool {
        self.ticket += 1;
        let ticket = self.ticket;
        let holding = self.holding();
        self.command(Command::Confirm(ticket, holding));
        let answer = |report: &Report| if let Report::Confirmed(_, safe) = report { Some(*safe) } else { None };
        self.reports.iter().rev().find_map(answer).expect("it is answered")
    }

    /// The memory lets go of everything.
    pub fn keep(&mut self) {
        let holding = self.holding();
        self.held.clear();
        self.command(Command::Keep(0, holding, DropReason::Shutdown));
    }

    pub fn tick(&mut self, after_ms: u64) {
        self.now_ms += after_ms;
        self.store.tick(self.now_ms);
        self.listen();
    }

    /// Reads all dead runs that it has adopted.
    pub fn work(&mut self) {
        while self.store.has_work() {
            self.store.work();
        }
        self.listen();
    }

    pub fn dropped(&self, reason: &str) -> u64 {
        self.dropped.get(reason).copied().unwrap_or_default()
    }

    fn holding(&self) -> Holding {
        let mut holding = Holding { received: self.received, ..Holding::default() };
        self.held.keys().for_each(|key| holding.memory[key.0] += 1);
        holding
    }

    fn command(&mut self, command: Command) {
        self.store.on_command(command, self.now_ms);
        self.listen();
    }

    fn listen(&mut self) {
        for report in self.store.take_reports() {
            match report {
                Report::Recovered(counts) => self.recovered += counts.iter().sum::<u64>(),
                Report::Dropped(_, reason, count) => *self.dropped.entry(name(reason)).or_default() += count,
                Report::Read(signal, blocks) => {
                    for (run, block) in blocks {
                        self.received[signal.index()] += block.lengths.len() as u64;
                        for (number, record) in block.numbers().zip(block.iter()) {
                            let before = self.held.insert((signal.index(), run, number), record.to_vec());
                            assert_eq!(before, None, "it is held already");
                        }
                    }
                }
                other => self.reports.push(other),
            }
        }
    }
}

fn name(reason: DropReason) -> &'static str {
    match reason {
        DropReason::QueueFull => "queueFull",
        DropReason::Shutdown => "shutdown",
        DropReason::SpoolFull => "spoolFull",
        DropReason::SpoolExpired => "spoolExpired",
        DropReason::SpoolUnreadable => "spoolUnreadable",
        other => panic!("{other:?}"),
    }
}

fn place((signal, run, number): (usize, RunId, u64)) -> (Signal, Place) {
    (Signal::ALL[signal], Place { run, numbers: number..number + 1 })
}

/// A record that differs from all others.
pub fn record(id: u64) -> Vec<u8> {
    format!("{{\"id\":{id},\"pad\":\"{}\"}}", "x".repeat(usize::try_from(id % 97).unwrap())).into_bytes()
}

pub fn records(ids: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    ids.map(record).collect()
}
