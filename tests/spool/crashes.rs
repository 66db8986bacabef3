//! A process is stopped in any operation on the disk. Then another process takes over, and is stopped too. Records that
//! were reported as kept are there, settled records are not, and no record is there twice.

use std::collections::BTreeMap;

use fastrand::Rng;
use mastra_native_exporter::signal::Signal;

use super::{
    disk::SimDisk,
    process::{Process, record},
};

const CRASHES: u64 = 1000;
const GENERATIONS: u64 = 3;

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
        let records: Vec<_> = (self.next..self.next + count).map(record).collect();
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
        let Some(&key) = self.random.choice(&held) else { return Vec::new() };
        let record = process.held[&key].clone();
        process.settle(key);
        self.fates.get_mut(&record).unwrap().settled = !self.disk.is_stopped();
        vec![record]
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
    fn check(&mut self, power_lost: bool, found: &BTreeMap<Vec<u8>, u32>, seed: u64) {
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
fn look(disk: &SimDisk, now_ms: u64) -> (Process, BTreeMap<Vec<u8>, u32>) {
    let mut process = Process::start(disk, now_ms);
    process.work();
    while process.read(1 << 20) > 0 {}
    let mut found = BTreeMap::new();
    process.held.values().for_each(|record| *found.entry(record.clone()).or_default() += 1);
    (process, found)
}

fn run(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let disk = SimDisk::default();
    let mut world = World { disk: disk.clone(), random: random.fork(), next: 0, fates: BTreeMap::new() };
    let mut process = Process::start(&disk, 1_000_000);
    for generation in 0..GENERATIONS {
        disk.stop_after(random.u64(0..150), random.u64(..));
        world.live(&mut process, 400);
        let power_lost = random.bool();
        let now_ms = process.now_ms;
        // A dead process runs nothing, so its destructors must not run either.
        std::mem::forget(process);
        if power_lost {
            disk.lose_power(&mut random);
        } else {
            disk.kill();
        }
        let (next, found) = look(&disk, now_ms);
        world.check(power_lost, &found, seed);
        process = next;
        assert!(generation > 0 || process.dropped.keys().all(|reason| *reason == "spoolUnreadable"), "seed {seed}");
    }
    // At the end everything is delivered, and no file is left.
    let held: Vec<_> = process.held.keys().copied().collect();
    for key in held {
        process.settle(key);
    }
    process.store.close();
    assert_eq!(disk.files().keys().collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new(), "seed {seed}");
}

#[test]
fn a_thousand_crashes() {
    (0..CRASHES).for_each(run);
}
