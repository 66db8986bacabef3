//! One segment: its name, what is known of its records, and what its bytes say.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    block::Block,
    frame::{self, Frame, HEADER, Header, VERSION},
    frames::{Found, Frames},
    ranges::Ranges,
};
use crate::signal::Signal;

/// Names a run while this process lives; [`OWN_RUN`] is the one it writes.
pub type RunId = u32;

/// The run that this process writes.
pub const OWN_RUN: RunId = 0;

/// Numbers of records are below this, and numbers of runs below [`MAX_RUN`], so that both fit into one number.
pub const MAX_NUMBER: u64 = 1 << 40;

/// See [`MAX_NUMBER`].
pub const MAX_RUN: RunId = 1 << 22;

/// Names a segment: its run, the index of its signal, and the number of its first record. Segments of one signal follow
/// each other in this order.
pub type Key = (RunId, usize, u64);

/// What is known of a segment. Each of its records is parked, held, or settled and in neither set.
#[derive(Debug)]
pub struct Segment {
    /// Which signal.
    pub signal: Signal,
    /// Where it is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// The length of its acknowledgements.
    pub ack_bytes: u64,
    /// When its first record was exported, in milliseconds since 1970.
    pub oldest_ms: u64,
    /// When its last record was exported.
    pub newest_ms: u64,
    /// Records that are nowhere but here.
    pub parked: Ranges,
    /// Records that the engine's memory holds too.
    pub held: Ranges,
    /// Attempts to read it that failed in a row.
    pub failures: u32,
}

impl Segment {
    /// The length of its files.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.bytes + self.ack_bytes
    }

    /// Whether each of its records is settled.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.parked.is_empty() && self.held.is_empty()
    }
}

/// The name of a segment's file.
#[must_use]
pub fn name(signal: Signal, first: u64) -> String {
    format!("{}-{first:020}.seg", signal.name())
}

/// Where the acknowledgements of a segment are.
#[must_use]
pub fn acks_path(segment: &Path) -> PathBuf {
    segment.with_extension("ack")
}

/// Signal and first number of a file with such a name.
#[must_use]
pub fn parse_name(file: &str) -> Option<(Signal, u64)> {
    let (signal, first) = file.strip_suffix(".seg")?.split_once('-')?;
    let signal = Signal::ALL.into_iter().find(|known| known.name() == signal)?;
    let first = first.parse().ok()?;
    (name(signal, first) == file).then_some((signal, first))
}

/// What a segment of a dead run holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scanned {
    /// Records that can be read and are not settled.
    pub readable: Ranges,
    /// Records that cannot be read, as far as they are known to have been there, and are not settled.
    pub unreadable: Ranges,
    /// Bytes that cannot be read.
    pub damaged_bytes: u64,
    /// When the first and the last of the readable records were exported.
    pub wall_ms: Option<(u64, u64)>,
}

/// A newer format; nothing is known of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Newer(pub u16);

/// Reads a segment and its acknowledgements. `numbers`: those that its records can have, by the names of this segment
/// and the next.
///
/// # Errors
/// [`Newer`] when it is of a version that is not known here.
pub fn scan(bytes: &[u8], acks: &[u8], numbers: &Range<u64>) -> Result<Scanned, Newer> {
    let mut scanned = Scanned::default();
    let mut next = numbers.start;
    let mut torn: Option<&[u8]> = None;
    if frame::read_header(bytes) == Header::Damaged {
        // Its first record may have gone with it.
        torn = Some(bytes.get(..HEADER).unwrap_or(bytes));
        scanned.damaged_bytes += torn.map_or(0, <[u8]>::len) as u64;
    }
    for found in frames(bytes)? {
        match found {
            Found::Frame(Frame::Records(records)) if is_next(&records.numbers(), next, numbers.end) => {
                let range = records.numbers();
                if torn.take().is_some() {
                    scanned.unreadable.insert(next..range.start);
                }
                let (oldest, newest) = scanned.wall_ms.unwrap_or((records.wall_ms, records.wall_ms));
                scanned.wall_ms = Some((oldest.min(records.wall_ms), newest.max(records.wall_ms)));
                next = range.end;
                scanned.readable.insert(range);
            }
            // Such a frame does not belong here.
            Found::Frame(_) => {}
            Found::Damaged(bytes) => {
                scanned.damaged_bytes += bytes.len() as u64;
                torn = Some(bytes);
            }
        }
    }
    if let Some(torn) = torn {
        let end = next.saturating_add(frame::torn_count(torn, next)).min(numbers.end);
        scanned.unreadable.insert(next..end);
    }
    for found in Frames::new(acks) {
        if let Found::Frame(Frame::Ack(range)) = found {
            scanned.readable.remove(&range);
            scanned.unreadable.remove(&range);
        }
    }
    Ok(scanned)
}

/// What reading the parked records of a segment came to.
#[derive(Debug, Default)]
pub struct Taken {
    /// Records in runs of numbers without a gap.
    pub blocks: Vec<Block>,
    /// Records that are too old.
    pub expired: Vec<Range<u64>>,
    /// Whether the end of the segment was reached.
    pub complete: bool,
}

/// Reads parked records, up to `max_bytes` of JSON but at least one; ones exported before `not_before_ms` are too old.
#[must_use]
pub fn take(bytes: &[u8], parked: &Ranges, max_bytes: usize, not_before_ms: u64) -> Taken {
    let mut taken = Taken::default();
    let mut size = 0;
    let mut next = 0;
    for found in frames(bytes).into_iter().flatten() {
        let Found::Frame(Frame::Records(records)) = found else { continue };
        // A number is taken once, whatever a file says.
        if !is_next(&records.numbers(), next, u64::MAX) {
            continue;
        }
        next = records.numbers().end;
        let wanted = parked.within(&records.numbers());
        if records.wall_ms < not_before_ms {
            taken.expired.extend(wanted);
            continue;
        }
        let mut wanted = wanted.into_iter().flatten().peekable();
        for (number, json) in records.numbers().zip(records.iter()) {
            if wanted.next_if_eq(&number).is_none() {
                continue;
            }
            if size > 0 && size + json.len() > max_bytes {
                return taken;
            }
            size += json.len();
            match taken.blocks.last_mut() {
                Some(block) if block.numbers().end == number => block.push(json),
                _ => taken.blocks.push(Block::of(number, records.wall_ms, json)),
            }
        }
    }
    taken.complete = true;
    taken
}

fn frames(bytes: &[u8]) -> Result<Frames<'_>, Newer> {
    match frame::read_header(bytes) {
        Header::Version(version) if version > VERSION => Err(Newer(version)),
        // The frames behind a damaged header may be whole.
        _ => Ok(Frames::new(bytes.get(HEADER..).unwrap_or_default())),
    }
}

/// Numbers only grow: a frame with smaller numbers, or numbers of the next segment, was not written by us.
fn is_next(numbers: &Range<u64>, next: u64, end: u64) -> bool {
    numbers.start >= next && numbers.end <= end
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "ranges are what is compared")]
mod tests {
    use super::*;

    fn segment(frames: &[(u64, u64, &[&str])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        frame::write_header(&mut bytes, Signal::Logs);
        for (first, wall_ms, records) in frames {
            let lengths: Vec<u32> = records.iter().map(|record| u32::try_from(record.len()).unwrap()).collect();
            let json = records.concat();
            frame::begin_records(&mut bytes, *first, *wall_ms, &lengths, json.as_bytes());
            bytes.extend_from_slice(json.as_bytes());
        }
        bytes
    }

    fn ranges(parts: &[Range<u64>]) -> Ranges {
        let mut ranges = Ranges::default();
        parts.iter().cloned().for_each(|part| ranges.insert(part));
        ranges
    }

    #[test]
    fn names_are_read_back_and_others_are_not_ours() {
        for signal in Signal::ALL {
            assert_eq!(parse_name(&name(signal, u64::MAX)), Some((signal, u64::MAX)));
        }
        for other in
            ["logs-1.seg", "logs-00000000000000000001.ack", "notes.txt", "logs-0000000000000000000x.seg", "-.seg"]
        {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_acknowledged_is_left_out() {
        let bytes = segment(&[(0, 10, &["1", "2"]), (2, 30, &["3"])]);
        let mut acks = Vec::new();
        frame::write_ack(&mut acks, &(1..2));
        let scanned = scan(&bytes, &acks, &(0..u64::MAX)).unwrap();
        assert_eq!(scanned.readable, ranges(&[0..1, 2..3]));
        assert_eq!((scanned.wall_ms, scanned.damaged_bytes), (Some((10, 30)), 0));
    }

    #[test]
    fn damage_costs_what_stood_there_and_a_gap_without_damage_nothing() {
        let mut bytes = segment(&[(0, 1, &["1"]), (1, 1, &["2", "3"]), (5, 1, &["4"])]);
        assert_eq!(scan(&bytes, &[], &(0..u64::MAX)).unwrap().unreadable.count(), 0);
        let middle = segment(&[(0, 1, &["1"])]).len();
        bytes[middle + 20] ^= 1;
        let scanned = scan(&bytes, &[], &(0..u64::MAX)).unwrap();
        assert_eq!(scanned.readable, ranges(&[0..1, 5..6]));
        assert_eq!(scanned.unreadable, ranges(&[1..5]));
    }

    #[test]
    fn a_torn_tail_tells_how_many_records_it_was_to_hold() {
        let bytes = segment(&[(0, 1, &["1"]), (1, 1, &["2", "3", "4"])]);
        let scanned = scan(&bytes[..bytes.len() - 1], &[], &(0..u64::MAX)).unwrap();
        assert_eq!((scanned.readable, scanned.unreadable), (ranges(&[0..1]), ranges(&[1..4])));
        let scanned = scan(&bytes[..segment(&[(0, 1, &["1"])]).len() + 3], &[], &(0..u64::MAX)).unwrap();
        assert_eq!(scanned.unreadable, ranges(&[1..2]), "at least one");
    }

    #[test]
    fn a_newer_version_is_not_read() {
        let mut bytes = segment(&[(0, 1, &["1"])]);
        bytes[8..10].copy_from_slice(&(VERSION + 1).to_le_bytes());
        let sum = crc32fast::hash(&bytes[..HEADER - 4]);
        bytes[HEADER - 4..HEADER].copy_from_slice(&sum.to_le_bytes());
        assert_eq!(scan(&bytes, &[], &(0..u64::MAX)), Err(Newer(VERSION + 1)));
    }

    #[test]
    fn a_damaged_header_does_not_cost_the_frames() {
        let mut bytes = segment(&[(0, 1, &["1"])]);
        bytes[3] ^= 1;
        assert_eq!(scan(&bytes, &[], &(0..u64::MAX)).unwrap().readable, ranges(&[0..1]));
    }

    #[test]
    fn numbers_of_other_segments_are_not_taken() {
        let bytes = segment(&[(0, 1, &["1", "2"]), (1, 1, &["3", "4"]), (2, 1, &["5"])]);
        assert_eq!(scan(&bytes, &[], &(0..3)).unwrap().readable, ranges(&[0..3]));
        assert_eq!(scan(&bytes, &[], &(0..2)).unwrap().readable, ranges(&[0..2]));
    }

    #[test]
    fn takes_what_is_parked_up_to_a_size_and_leaves_out_what_is_too_old() {
        let bytes = segment(&[(0, 5, &["1", "2"]), (2, 20, &["33", "44"]), (4, 20, &["5"])]);
        let parked = ranges(&[1..3, 4..5]);
        let taken = take(&bytes, &parked, 100, 10);
        assert_eq!(taken.expired, [1..2]);
        assert!(taken.complete);
        let texts: Vec<_> = taken.blocks.iter().map(|block| (block.numbers(), block.json.clone())).collect();
        assert_eq!(texts, [(2..3, b"33".to_vec()), (4..5, b"5".to_vec())]);
        let taken = take(&bytes, &parked, 1, 10);
        assert_eq!((taken.blocks.len(), taken.complete), (1, false), "at least one, however large");
    }
}
