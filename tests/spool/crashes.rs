//! A process is stopped in any operation on the disk. Then another process takes over, and is stopped too. Records that
//! were reported as kept are there, settled records are not, and no record is there twice.

use std::collections::BTreeMap;

use fastrand::Rng;
use mastra_native_exporter::{signal::Signal, spool::limits::Limits};

use super::{
    disk::SimDisk,
    process::{LIMITS, Process, directory, record},
};

const CRASHES: u64 = 1000;
const GENERATIONS: u64 = 3;
const STEPS: u32 = 400;
/// Small enough for many segments in a process that exports [`LARGE`] records, and large enough for all of them.
const SMALL: Limits = Limits { max_bytes: 512 << 10, ..LIMITS };
const LARGE: usize = 900;

/// The promise about a record.
#[expect(clippy::struct_excessive_bools, reason = "each is a promise of its own")]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Fate {
    /// The record is on the disk.
    kept: bool,
    settled: bool,
    /// The record is on the disk, also after a loss of power.
    kept_synced: bool,
    settled_synced: bool,
    /// The crash came during an operation on the record, so both results are right.
    unsure: bool,
}

struct World {
    disk: SimDisk,
    random: Rng,
    limits: Limits,
    /// The bytes of a record beyond those of [`record`].
    extra: usize,
    next: u64,
    fates: BTreeMap<Vec<u8>, Fate>,
}

impl World {
    /// Runs until the disk stops, or for this number of steps.
    fn live(&mut self, process: &mut Process, steps: u32) {
        for _ in 0..steps {
            let touched: Vec<Vec<u8>> = match self.random.u8(0..20) {
                0..8 => self.export(process),
                8..13 => self.settle(process),
                13..15 => self.let_go(process),
                15 => {
                    process.read(self.random.usize(1..2000));
                    Vec::new()
                }
                16 => {
                    process.work();
                    Vec::new()
                }
                tick => {
                    if tick == 17 {
                        process.confirm();
                    }
                    process.tick(500);
                    if !self.disk.is_stopped() {
                        self.on_synced();
                    }
                    Vec::new()
                }
            };
            if self.disk.is_stopped() {
                for record in touched {
                    self.fates.get_mut(&record).unwrap().unsure = true;
                }
                return;
            }
        }
    }

    fn export(&mut self, process: &mut Process) -> Vec<Vec<u8>> {
        let count = self.random.u64(1..6);
        let extra = self.extra;
        let padded = |id| [record(id), b" ".repeat(extra)].concat();
        let records: Vec<_> = (self.next..self.next + count).map(padded).collect();
        self.next += count;
        let signal = Signal::ALL[self.random.usize(0..2)];
        process.export(signal, &records);
        let kept = !self.disk.is_stopped();
        for record in &records {
            self.fates.insert(record.clone(), Fate { kept, ..Fate::default() });
        }
        records
    }

    fn settle(&mut self, process: &mut Process) -> Vec<Vec<u8>> {
        let held: Vec<_> = process.held.keys().copied().collect();
        let all = self.random.u8(0..4) == 0;
        let chosen = if all { held } else { self.random.choice(held).into_iter().collect() };
        let mut records = Vec::new();
        for key in chosen {
            records.push(process.held[&key].clone());
            process.settle(key);
            if self.disk.is_stopped() {
                break;
            }
        }
        for record in &records {
            self.fates.get_mut(record).unwrap().settled = !self.disk.is_stopped();
        }
        records
    }

    fn let_go(&mut self, process: &mut Process) -> Vec<Vec<u8>> {
        let held: Vec<_> = process.held.keys().copied().collect();
        if let Some(&key) = self.random.choice(&held) {
            process.park(key);
        }
        Vec::new()
    }

    fn on_synced(&mut self) {
        for fate in self.fates.values_mut() {
            (fate.kept_synced, fate.settled_synced) = (fate.kept, fate.settled);
        }
    }

    /// After a crash: checks the records on the disk, which are then the expected ones.
    /// `unreadable`: the records that are said to be lost.
    fn check(&mut self, power_lost: bool, found: &BTreeMap<Vec<u8>, u32>, unreadable: u64, seed: u64) {
        let may_be_torn = |fate: &&Fate| fate.unsure || power_lost && !fate.kept_synced;
        let torn = self.fates.values().filter(may_be_torn).count() as u64;
        assert!(unreadable <= torn, "seed {seed}: {unreadable} records are called unreadable, {torn} can be");
        for (record, count) in found {
            assert_eq!(*count, 1, "seed {seed}: twice: {}", String::from_utf8_lossy(record));
            assert!(self.fates.contains_key(record), "seed {seed}: never exported");
        }
        for (record, fate) in &mut self.fates {
            let there = found.contains_key(record);
            let (kept, settled) =
                if power_lost { (fate.kept_synced, fate.settled_synced) } else { (fate.kept, fate.settled) };
            let text = String::from_utf8_lossy(record);
            if !fate.unsure {
                assert!(!(settled && there), "seed {seed}: settled, and there again: {text}");
                let lost = kept && !fate.settled && !there;
                assert!(!lost, "seed {seed}: kept, and not there: {text}");
            }
            *fate = Fate { kept: there, settled: !there, ..Fate::default() };
            // After a kill, records that were not synced are still not synced. After a loss of power, every record that
            // is left is synced.
            (fate.kept_synced, fate.settled_synced) = (there && power_lost, !there && power_lost);
        }
    }
}

/// The records that a new process would deliver. Settles none of them.
fn look(disk: &SimDisk, now_ms: u64, limits: Limits) -> (Process, BTreeMap<Vec<u8>, u32>) {
    let mut process = Process::start_with(disk, now_ms, limits, &directory());
    process.work();
    while process.read(1 << 20) > 0 {}
    let mut found = BTreeMap::new();
    process.held.values().for_each(|record| *found.entry(record.clone()).or_default() += 1);
    (process, found)
}

/// Returns the number of files that became spare, or segments again.
fn run(seed: u64) -> u64 {
    let mut random = Rng::with_seed(seed);
    let disk = SimDisk::default();
    let (limits, extra, operations) = if random.bool() { (LIMITS, 0, 150) } else { (SMALL, LARGE, 600) };
    let mut world = World { disk: disk.clone(), random: random.fork(), limits, extra, next: 0, fates: BTreeMap::new() };
    let mut process = Process::start_with(&disk, 1_000_000, limits, &directory());
    for generation in 0..GENERATIONS {
        disk.stop_after(random.u64(0..operations), random.u64(..));
        world.live(&mut process, STEPS);
        let power_lost = random.bool();
        let now_ms = process.now_ms;
        // A dead process runs nothing, so its destructors must not run either.
        std::mem::forget(process);
        if power_lost {
            disk.lose_power(&mut random);
        } else {
            disk.kill();
        }
        let (next, found) = look(&disk, now_ms, world.limits);
        world.check(power_lost, &found, next.dropped("spoolUnreadable"), seed);
        process = next;
        assert!(generation > 0 || process.dropped.keys().all(|reason| *reason == "spoolUnreadable"), "seed {seed}");
    }
    // At the end everything is delivered, and no file is left.
    process.settle_all();
    process.store.close();
    assert_eq!(disk.files().keys().collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new(), "seed {seed}");
    disk.renamed()
}

#[test]
fn a_thousand_crashes() {
    let renamed: u64 = (0..CRASHES).map(run).sum();
    assert!(renamed > CRASHES, "{renamed} files were used again");
}
