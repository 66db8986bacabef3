//! Files that are torn, cut, emptied, foreign, or of another version. Every readable record is delivered. The others are
//! counted and reported once. Files of other programs are not deleted.

use std::path::PathBuf;

use mastra_native_exporter::{
    signal::Signal,
    spool::{frame, message::Report},
};

use super::{
    disk::SimDisk,
    process::{Process, directory, record, records},
};

const SIGNAL: Signal = Signal::Traces;

/// A dead run with ten records, one in each frame. Returns the path of its segment and the ends of the frames.
fn dead_run() -> (SimDisk, PathBuf, Vec<usize>) {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 1);
    let mut ends = Vec::new();
    for id in 0..10 {
        process.export(SIGNAL, &records(id..id + 1));
        ends.push(segment(&disk).1.len());
    }
    std::mem::forget(process);
    disk.kill();
    let path = segment(&disk).0;
    (disk, path, ends)
}

fn segment(disk: &SimDisk) -> (PathBuf, Vec<u8>) {
    disk.files().into_iter().find(|(path, _)| path.extension().is_some_and(|ending| ending == "seg")).unwrap()
}

/// Delivers everything. Returns the delivered ids and the warnings.
fn recover(disk: &SimDisk) -> (Vec<Vec<u8>>, Process) {
    let mut process = Process::start(disk, 1);
    process.work();
    let delivered = process.deliver_parked();
    let lost: u64 = process.dropped.values().sum();
    assert_eq!(process.recovered, delivered.len() as u64 + lost, "all that was recovered is delivered or lost");
    (delivered, process)
}

fn warnings(process: &Process) -> Vec<u64> {
    let records = |report: &Report| if let Report::Unreadable { records, .. } = report { Some(*records) } else { None };
    process.reports.iter().filter_map(records).collect()
}

#[test]
fn any_flipped_bit_costs_one_record_and_one_warning() {
    let (_, _, ends) = dead_run();
    for at in 0..ends[9] {
        let (disk, path, ends) = dead_run();
        let mut bytes = segment(&disk).1;
        bytes[at] ^= 1 << (at % 8);
        disk.put(&path, &bytes);
        let (delivered, process) = recover(&disk);
        // A damaged header costs no record: the file's name has the signal, and each frame has its numbers.
        let hit = ends.iter().position(|end| at < *end).unwrap() as u64;
        let expected =
            if at < frame::HEADER { records(0..10) } else { [records(0..hit), records(hit + 1..10)].concat() };
        assert_eq!(delivered, expected, "byte {at}");
        let lost = if at < frame::HEADER { vec![] } else { vec![1] };
        assert_eq!(warnings(&process), lost, "byte {at}");
        assert_eq!(process.dropped("spoolUnreadable"), lost.len() as u64);
    }
}

#[test]
fn a_cut_costs_what_is_behind_it() {
    let (_, _, ends) = dead_run();
    for length in (0..ends[9]).step_by(7) {
        let (disk, path, ends) = dead_run();
        disk.put(&path, &segment(&disk).1[..length]);
        let (delivered, process) = recover(&disk);
        let whole = ends.iter().filter(|end| **end <= length).count() as u64;
        assert_eq!(delivered, records(0..whole), "cut at {length}");
        // A cut at the end of a frame cannot be noticed.
        let clean = ends.contains(&length) || length == frame::HEADER;
        assert_eq!(warnings(&process).len(), usize::from(!clean), "cut at {length}");
    }
}

#[test]
fn what_cannot_be_read_is_counted_once_also_by_the_next_process() {
    let (disk, path, ends) = dead_run();
    let mut bytes = segment(&disk).1;
    bytes[ends[3] + 30] ^= 1;
    disk.put(&path, &bytes);
    let mut first = Process::start(&disk, 1);
    first.work();
    assert_eq!(warnings(&first), [1]);
    std::mem::forget(first);
    disk.kill();
    let (delivered, second) = recover(&disk);
    assert_eq!((delivered.len(), warnings(&second)), (9, vec![]));
}

#[test]
fn foreign_files_are_left_alone() {
    let (disk, path, _) = dead_run();
    let run = path.parent().unwrap();
    let foreign = [run.join("notes.txt"), run.join("traces-1.seg"), run.join("other.ack"), directory().join("README")];
    for path in &foreign {
        disk.put(path, b"not ours");
    }
    let (delivered, process) = recover(&disk);
    assert_eq!(delivered, records(0..10));
    process.store.close();
    let left: Vec<PathBuf> =
        disk.files().into_keys().filter(|path| path.extension().is_none_or(|e| e != "lock")).collect();
    let mut expected = foreign.to_vec();
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn a_newer_version_is_left_alone_with_one_line() {
    let (disk, path, _) = dead_run();
    let mut bytes = segment(&disk).1;
    bytes[8] = 2;
    let sum = crc32fast::hash(&bytes[..frame::HEADER - 4]);
    bytes[frame::HEADER - 4..frame::HEADER].copy_from_slice(&sum.to_le_bytes());
    disk.put(&path, &bytes);
    let mut process = Process::start(&disk, 1);
    process.export(SIGNAL, &records(50..51));
    for _ in 0..100 {
        process.tick(500);
    }
    process.work();
    let lines = process.reports.iter().filter(|report| matches!(report, Report::LeftAlone { version: 2, .. }));
    assert_eq!((lines.count(), process.recovered), (1, 0));
    process.store.close();
    assert_eq!(disk.files().get(&path), Some(&bytes), "as it was");
}

#[test]
fn a_directory_of_another_destination_is_not_looked_at() {
    let (disk, _, _) = dead_run();
    let before = disk.files();
    let other = directory().with_file_name("elsewhere");
    let mut process = Process::start_with(&disk, 1, super::process::LIMITS, &other);
    process.work();
    assert_eq!((process.read(1 << 20), process.recovered), (0, 0));
    process.store.close();
    assert_eq!(disk.files(), before);
}

#[test]
fn a_segment_that_is_gone_when_it_is_read_costs_its_records() {
    let (disk, path, _) = dead_run();
    let mut process = Process::start(&disk, 1);
    process.work();
    disk.remove_all(&path);
    assert_eq!(process.deliver_parked(), Vec::<Vec<u8>>::new());
    assert_eq!((process.dropped("spoolUnreadable"), warnings(&process)), (10, vec![10]));
}

#[test]
fn a_torn_write_of_a_full_disk_costs_nothing_that_was_kept() {
    let disk = SimDisk::default();
    let mut process = Process::start(&disk, 1);
    process.export(SIGNAL, &[record(1)]);
    disk.fail(Some(std::io::ErrorKind::StorageFull));
    process.export(SIGNAL, &[record(2)]);
    process.export(SIGNAL, &[record(3)]);
    assert!(!process.confirm(), "two are in memory only");
    let failed = process.reports.iter().filter(|report| matches!(report, Report::Failed { .. })).count();
    assert_eq!(failed, 1, "said once");
    disk.fail(None);
    for _ in 0..10 {
        process.tick(500);
    }
    process.export(SIGNAL, &[record(4)]);
    assert!(process.reports.iter().any(|report| matches!(report, Report::Resumed { .. })));
    process.keep();
    assert_eq!(process.dropped("shutdown"), 2, "those that are in memory only are lost, and counted");
    std::mem::forget(process);
    disk.kill();
    let mut next = Process::start(&disk, 1);
    next.work();
    assert_eq!(next.deliver_parked(), [record(1), record(4)]);
}
