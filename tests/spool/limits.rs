//! The limits on the size of the spool and on the age of its records.

use mastra_native_exporter::{
    signal::Signal,
    spool::{limits::Limits, message::Command},
    stats::DropReason,
};

use super::{
    disk::SimDisk,
    process::{LIMITS, Process, directory, record, records},
};

const SIGNAL: Signal = Signal::Logs;
const MAX_BYTES: u64 = 1 << 20;
const DAY_MS: u64 = 86_400_000;

fn small(disk: &SimDisk, now_ms: u64) -> Process {
    Process::start_with(disk, now_ms, Limits { max_bytes: MAX_BYTES, ..LIMITS }, &directory())
}

fn bytes_on(disk: &SimDisk) -> u64 {
    disk.files().values().map(|content| content.len() as u64).sum()
}

fn park_all(process: &mut Process) {
    let held: Vec<_> = process.held.keys().copied().collect();
    for key in held {
        process.park(key);
    }
}

/// The lengths of files in which nothing is kept.
fn spare_bytes(disk: &SimDisk) -> u64 {
    let files = disk.files();
    let spare = files.iter().filter(|(path, _)| path.extension().is_some_and(|ending| ending == "spare"));
    spare.map(|(_, content)| content.len() as u64).sum()
}

#[test]
fn the_oldest_goes_first_and_is_counted() {
    let disk = SimDisk::default();
    let mut process = small(&disk, 1);
    for id in 0..12_000 {
        process.export(SIGNAL, &[record(id)]);
        park_all(&mut process);
        assert!(id % 1000 > 0 || bytes_on(&disk) <= MAX_BYTES);
    }
    let lost = process.dropped("spoolFull");
    assert!((1..12_000).contains(&lost), "{lost}");
    assert_eq!(process.deliver_parked(), records(lost..12_000));
}

#[test]
fn files_that_are_kept_for_later_segments_count_and_go_first() {
    let disk = SimDisk::default();
    let mut process = small(&disk, 1);
    let mut most = 0;
    for id in 0..24_000 {
        process.export(SIGNAL, &[record(id)]);
        // Every second segment, more or less, is settled.
        if id / 1000 % 2 == 0 {
            process.settle_all();
        } else {
            park_all(&mut process);
        }
        most = most.max(spare_bytes(&disk));
        if id % 50 == 0 {
            // Removes acknowledgements of segments that are gone.
            process.tick(1);
            assert!(bytes_on(&disk) <= MAX_BYTES);
            assert_eq!(process.store.bytes()[SIGNAL.index()], bytes_on(&disk), "what is said");
        }
    }
    assert!(most > 0, "none was kept");
    assert!(process.dropped("spoolFull") > 0, "the limit was reached");
    process.confirm();
    assert_eq!(spare_bytes(&disk), 0, "the process may end now");
}

#[test]
fn what_is_not_wanted_any_more_is_in_no_file_that_is_kept_for_later_segments() {
    let disk = SimDisk::default();
    let mut process = small(&disk, 1);
    let mut id = 0;
    while spare_bytes(&disk) == 0 {
        process.export(SIGNAL, &[record(id)]);
        process.settle_all();
        id += 1;
    }
    process.store.on_command(Command::Discard(1, DropReason::Shutdown), 1);
    assert_eq!(bytes_on(&disk), 0);
}

#[test]
fn what_memory_holds_is_not_lost_with_its_segment() {
    let disk = SimDisk::default();
    let mut process = small(&disk, 1);
    for id in 0..12_000 {
        process.export(SIGNAL, &[record(id)]);
    }
    assert_eq!(process.dropped("spoolFull"), 0);
    assert!(bytes_on(&disk) <= MAX_BYTES);
    assert!(!process.confirm(), "but it is in memory only");
    park_all(&mut process);
    let lost = process.dropped("queueFull");
    assert_eq!(process.deliver_parked(), records(lost..12_000));
}

#[test]
fn runs_of_living_processes_count_and_are_not_touched() {
    let disk = SimDisk::default();
    let mut first = small(&disk, 1);
    for id in 0..2000 {
        first.export(SIGNAL, &[record(id)]);
    }
    park_all(&mut first);
    let first_bytes = bytes_on(&disk);
    let mut second = small(&disk, 2);
    for id in 2000..12_000 {
        second.export(SIGNAL, &[record(id)]);
        park_all(&mut second);
    }
    assert!(bytes_on(&disk) <= MAX_BYTES);
    assert!(second.dropped("spoolFull") > 0);
    assert_eq!(first.deliver_parked(), records(0..2000), "{first_bytes} bytes of another process");
}

#[test]
fn dead_runs_beyond_the_limit_go_before_anything_new() {
    let disk = SimDisk::default();
    let mut first = Process::start(&disk, 1);
    for id in 0..12_000 {
        first.export(SIGNAL, &[record(id)]);
    }
    std::mem::forget(first);
    disk.kill();
    assert!(bytes_on(&disk) > MAX_BYTES);
    let mut second = small(&disk, 2);
    second.export(SIGNAL, &[record(12_000)]);
    second.tick(500);
    assert!(bytes_on(&disk) <= MAX_BYTES);
    let held: Vec<_> = second.held.values().cloned().collect();
    assert_eq!(held, [record(12_000)]);
    assert_eq!(second.recovered, 12_000);
    let rest = second.deliver_parked().len() as u64;
    assert_eq!(rest + second.dropped("spoolFull"), 12_000);
}

#[test]
fn what_is_too_old_is_dropped_also_when_it_is_read() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, DAY_MS);
    process.export(SIGNAL, &records(0..3));
    process.tick(3 * DAY_MS);
    process.export(SIGNAL, &records(3..5));
    park_all(&mut process);
    process.tick(5 * DAY_MS);
    assert_eq!(process.dropped("spoolExpired"), 0, "a part of the segment is young");
    assert_eq!(process.deliver_parked(), records(3..5));
    assert_eq!(process.dropped("spoolExpired"), 3);
    let mut process = Process::start(&disk, process.now_ms);
    process.export(SIGNAL, &records(5..6));
    park_all(&mut process);
    process.tick(8 * DAY_MS);
    assert_eq!((process.dropped("spoolExpired"), process.deliver_parked()), (1, vec![]), "all of it is old");
}

#[test]
fn a_clock_that_goes_back_makes_nothing_old() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 100 * DAY_MS);
    process.export(SIGNAL, &records(0..3));
    park_all(&mut process);
    process.now_ms = DAY_MS;
    process.tick(500);
    assert_eq!(process.deliver_parked(), records(0..3));
}

#[test]
fn a_read_brings_little_more_than_was_asked_for() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 1);
    for id in 0..10_000 {
        process.export(SIGNAL, &[record(id)]);
    }
    park_all(&mut process);
    process.read(50_000);
    let bytes: usize = process.held.values().map(Vec::len).sum();
    assert!((40_000..=50_000).contains(&bytes), "{bytes}");
}
