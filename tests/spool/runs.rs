//! Several processes with one directory. Each writes a run of its own. The run of a dead process is adopted by exactly
//! one of the others.

use mastra_native_exporter::{signal::Signal, spool::message::Report};

use super::{
    disk::SimDisk,
    process::{Process, directory, record, records},
};

const SIGNAL: Signal = Signal::Traces;

/// Ends a process while others live: only its locks are released.
fn die(process: Process) {
    // Held records stay in the files. A dead process writes nothing more.
    process.store.close();
}

#[test]
fn a_dead_run_is_adopted_by_exactly_one_of_ten() {
    let disk = SimDisk::default();
    let mut dead = Process::start(&disk, 1);
    dead.export(SIGNAL, &records(0..300));
    die(dead);
    let mut ten: Vec<Process> = (0..10).map(|_| Process::start(&disk, 2)).collect();
    for process in &mut ten {
        process.work();
    }
    let recovered: Vec<u64> = ten.iter().map(|process| process.recovered).collect();
    assert_eq!((recovered.iter().sum::<u64>(), recovered.iter().filter(|count| **count > 0).count()), (300, 1));
    let delivered: Vec<_> = ten.iter_mut().flat_map(Process::deliver_parked).collect();
    assert_eq!(delivered, records(0..300));
    for process in ten {
        die(process);
    }
    assert_eq!(disk.files().len(), 0, "nothing is left");
    assert_eq!(disk.directories().last(), Some(&directory()));
}

#[test]
fn a_living_run_is_adopted_by_nobody_until_it_dies() {
    let disk = SimDisk::default();
    let mut old = Process::start(&disk, 1);
    old.export(SIGNAL, &records(0..5));
    let mut new = Process::start(&disk, 2);
    for _ in 0..100 {
        new.tick(500);
    }
    new.work();
    assert_eq!(new.recovered, 0);
    die(old);
    // A rolling restart: the new process starts before the old one ends.
    for _ in 0..20 {
        new.tick(500);
    }
    new.work();
    assert_eq!((new.recovered, new.deliver_parked()), (5, records(0..5)));
}

#[test]
fn runs_are_delivered_oldest_first_beside_new_records() {
    let disk = SimDisk::default();
    let start = |now_ms, ids: std::ops::Range<u64>| {
        let mut process = Process::start(&disk, now_ms);
        process.export(SIGNAL, &records(ids));
        process
    };
    // All three processes live at the same time, so that none adopts the run of another.
    let three = [start(3000, 20..30), start(1000, 0..10), start(2000, 10..20)];
    for process in three {
        die(process);
    }
    let mut next = Process::start(&disk, 4000);
    next.work();
    next.export(SIGNAL, &[record(30)]);
    assert_eq!(next.deliver_parked(), records(0..30));
    assert_eq!(next.held.len(), 1, "what is new is in memory all the while");
}

#[test]
fn a_directory_removed_while_it_is_used_is_noticed_and_made_anew() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 1);
    process.export(SIGNAL, &records(0..4));
    let key = *process.held.keys().next().unwrap();
    process.park(key);
    disk.remove_all(&directory());
    process.tick(500);
    assert!(process.reports.iter().any(|report| matches!(report, Report::Failed { .. })));
    assert_eq!(process.dropped("spoolUnreadable"), 1, "one was nowhere else");
    for _ in 0..10 {
        process.tick(500);
    }
    assert!(process.reports.iter().any(|report| matches!(report, Report::Resumed { .. })));
    process.export(SIGNAL, &records(4..6));
    std::mem::forget(process);
    disk.kill();
    let mut next = Process::start(&disk, 1);
    next.work();
    assert_eq!(next.deliver_parked(), records(4..6));
}

#[test]
fn a_run_without_records_leaves_nothing() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 1);
    process.export(SIGNAL, &records(0..2));
    process.settle_all();
    process.store.close();
    assert_eq!(disk.files().len(), 0);
}

#[test]
fn all_that_is_held_is_confirmed_also_while_records_are_on_their_way_back() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 1);
    assert!(process.confirm(), "nothing is nothing");
    process.export(SIGNAL, &records(0..3));
    let key = *process.held.keys().next().unwrap();
    process.park(key);
    assert!(process.confirm());
    assert_eq!(process.read(1 << 20), 1);
    assert!(process.confirm());
    process.keep();
    assert_eq!(process.deliver_parked(), records(0..3));
}

#[test]
fn after_the_memory_has_let_go_of_everything_nothing_is_read_until_it_asks_again() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 1);
    assert_eq!(process.read(1 << 20), 0);
    process.export(SIGNAL, &records(0..3));
    process.keep();
    process.tick(1000);
    assert!(process.held.is_empty());
    assert_eq!(process.deliver_parked(), records(0..3));
}
