//! Frames and the header of a segment, as bytes; see the table of [`crate::spool`]. Reading takes any bytes.

use std::ops::Range;

use crc32fast::Hasher;

use crate::signal::Signal;

/// The format that is written, and the newest that is read.
pub const VERSION: u16 = 1;

/// Begins each frame. Its first byte never occurs in UTF-8, so no record holds it.
const MARK: [u8; 4] = [0xF7, b'M', b'S', b'F'];
/// Mark, length and checksum.
const PREFIX: usize = 12;
const MAGIC: [u8; 8] = *b"MASTRASP";
/// Bytes of the header of a segment.
pub const HEADER: usize = 16;

const RECORDS: u8 = 1;
const ACK: u8 = 2;

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Records.
    Records(Records<'a>),
    /// These records are delivered or dropped.
    Ack(Range<u64>),
}

/// Records of one hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records<'a> {
    /// The number of the first; the others follow it.
    pub first: u64,
    /// When they were exported, in milliseconds since 1970.
    pub wall_ms: u64,
    /// The length of each.
    lengths: &'a [[u8; 4]],
    /// Their JSON, one after the other.
    json: &'a [u8],
}

impl<'a> Records<'a> {
    /// Their numbers.
    #[must_use]
    pub fn numbers(&self) -> Range<u64> {
        self.first..self.first + self.lengths.len() as u64
    }

    /// The JSON of each, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        let (lengths, json, mut start) = (self.lengths, self.json, 0);
        lengths.iter().map(move |length| {
            let end = start + u32::from_le_bytes(*length) as usize;
            let record = json.get(start..end).unwrap_or_default();
            start = end;
            record
        })
    }
}

/// What stands next in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A frame whose checksum holds.
    Frame(Frame<'a>),
    /// Bytes that are none.
    Damaged(&'a [u8]),
}

/// What the first bytes of a segment say.
#[derive(Debug, PartialEq, Eq)]
pub enum Header {
    /// Written in this version.
    Version(u16),
    /// Cut, or its checksum does not hold.
    Damaged,
}

/// Writes the header of a segment.
pub fn write_header(out: &mut Vec<u8>, signal: Signal) {
    let start = out.len();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[u8::try_from(signal.index()).unwrap_or(u8::MAX), 0]);
    let checksum = checksum(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// Reads the header of a segment.
#[must_use]
pub fn read_header(bytes: &[u8]) -> Header {
    let version = || {
        let protected = bytes.get(..HEADER - 4)?;
        let mut cursor = Cursor(bytes);
        let magic = cursor.take::<8>()?;
        let version = u16::from_le_bytes(*cursor.take()?);
        let _signal = cursor.take::<2>()?;
        let sum = u32::from_le_bytes(*cursor.take()?);
        (magic == &MAGIC && sum == checksum(protected)).then_some(version)
    };
    version().map_or(Header::Damaged, Header::Version)
}

/// How many records a frame of records was to hold, of which only the beginning is there; 1 if even that is not known.
/// `next`: the number that would come next.
#[must_use]
pub fn torn_count(bytes: &[u8], next: u64) -> u64 {
    let count = || {
        let mut cursor = Cursor(bytes.get(MARK.len()..)?);
        let length = u64::from(u32::from_le_bytes(*cursor.take()?));
        let _checksum = cursor.take::<4>()?;
        let [kind] = *cursor.take()?;
        let first = u64::from_le_bytes(*cursor.take()?);
        let _wall_ms = cursor.take::<8>()?;
        let count = u32::from_le_bytes(*cursor.take()?);
        // Kind, first number, time, count and the lengths themselves.
        let table = 21 + 4 * u64::from(count);
        let (lengths, _) = cursor.0.as_chunks();
        let lengths = lengths.iter().take(count as usize).map(|length| u64::from(u32::from_le_bytes(*length)));
        let fits =
            if lengths.len() == count as usize { table + lengths.sum::<u64>() == length } else { table <= length };
        (kind == RECORDS && first == next && fits && count > 0).then_some(u64::from(count))
    };
    count().unwrap_or(1)
}

/// Writes a frame of records. `lengths` are those of the records in `json`.
pub fn write_records(out: &mut Vec<u8>, first: u64, wall_ms: u64, lengths: &[u32], json: &[u8]) {
    frame(out, RECORDS, |out| {
        out.extend_from_slice(&first.to_le_bytes());
        out.extend_from_slice(&wall_ms.to_le_bytes());
        out.extend_from_slice(&u32::try_from(lengths.len()).unwrap_or(u32::MAX).to_le_bytes());
        for length in lengths {
            out.extend_from_slice(&length.to_le_bytes());
        }
        out.extend_from_slice(json);
    });
}

/// Writes a frame that says that records are delivered or dropped.
pub fn write_ack(out: &mut Vec<u8>, numbers: &Range<u64>) {
    frame(out, ACK, |out| {
        out.extend_from_slice(&numbers.start.to_le_bytes());
        out.extend_from_slice(&(numbers.end - numbers.start).to_le_bytes());
    });
}

fn frame(out: &mut Vec<u8>, kind: u8, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&[0; PREFIX - MARK.len()]);
    out.push(kind);
    write(out);
    let content = out.get(start + PREFIX..).unwrap_or_default();
    let (length, sum) = (u32::try_from(content.len()).unwrap_or(u32::MAX), checksum(content));
    if let Some(prefix) = out.get_mut(start + MARK.len()..start + PREFIX) {
        let fields = length.to_le_bytes().into_iter().chain(sum.to_le_bytes());
        prefix.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
    }
}

/// The frames of a file. Behind what cannot be read it goes on at the next mark.
#[derive(Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
}

impl<'a> Frames<'a> {
    /// `bytes`: what follows the header.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        if self.bytes.is_empty() {
            return None;
        }
        if let Some((frame, rest)) = read(self.bytes) {
            self.bytes = rest;
            return Some(Found::Frame(frame));
        }
        let mut damaged = 1;
        while let Some(rest) = self.bytes.get(damaged..).filter(|rest| !rest.is_empty()) {
            match rest.iter().position(|&byte| byte == MARK[0]) {
                Some(at) if rest.get(at..).is_some_and(|rest| read(rest).is_some()) => {
                    damaged += at;
                    break;
                }
                Some(at) => damaged += at + 1,
                None => damaged = self.bytes.len(),
            }
        }
        let (damaged, rest) = self.bytes.split_at_checked(damaged).unwrap_or((self.bytes, &[]));
        self.bytes = rest;
        Some(Found::Damaged(damaged))
    }
}

/// The frame at the beginning, and what follows it.
fn read(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let mut cursor = Cursor(bytes);
    if cursor.take::<4>()? != &MARK {
        return None;
    }
    let length = u32::from_le_bytes(*cursor.take()?) as usize;
    let sum = u32::from_le_bytes(*cursor.take()?);
    let (content, rest) = cursor.0.split_at_checked(length)?;
    if checksum(content) != sum {
        return None;
    }
    let mut cursor = Cursor(content);
    let [kind] = *cursor.take()?;
    let first = u64::from_le_bytes(*cursor.take()?);
    let second = u64::from_le_bytes(*cursor.take()?);
    let frame = match kind {
        RECORDS => {
            let count = u32::from_le_bytes(*cursor.take()?) as usize;
            let (lengths, json) = cursor.0.split_at_checked(count.checked_mul(4)?)?;
            let (lengths, _) = lengths.as_chunks();
            let total: u64 = lengths.iter().map(|length| u64::from(u32::from_le_bytes(*length))).sum();
            first.checked_add(count as u64)?;
            if count == 0 || total != json.len() as u64 {
                return None;
            }
            Frame::Records(Records { first, wall_ms: second, lengths, json })
        }
        ACK => Frame::Ack(first..first.checked_add(second)?),
        _ => return None,
    };
    Some((frame, rest))
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    hasher.finalize()
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_frames() -> (Vec<u8>, usize) {
        let mut bytes = Vec::new();
        write_records(&mut bytes, 7, 99, &[1, 2], b"123");
        let second = bytes.len();
        write_ack(&mut bytes, &(3..5));
        (bytes, second)
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, _) = two_frames();
        let found: Vec<_> = Frames::new(&bytes).collect();
        let [Found::Frame(Frame::Records(records)), Found::Frame(Frame::Ack(numbers))] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((records.numbers(), records.wall_ms, numbers), (7..9, 99, &(3..5)));
        assert_eq!(records.iter().collect::<Vec<_>>(), [b"1".as_slice(), b"23"]);
    }

    #[test]
    fn any_flipped_bit_costs_its_frame_and_no_other() {
        let (bytes, second) = two_frames();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let found: Vec<_> = Frames::new(&bytes).collect();
            let intact = found.iter().filter(|found| matches!(found, Found::Frame(_))).count();
            assert_eq!(intact, 1, "bit {bit}");
            let damaged: usize =
                found.iter().map(|found| if let Found::Damaged(bytes) = found { bytes.len() } else { 0 }).sum();
            assert_eq!(damaged, if bit / 8 < second { second } else { bytes.len() - second }, "bit {bit}");
        }
    }

    #[test]
    fn any_cut_costs_the_frame_it_cuts() {
        let (bytes, second) = two_frames();
        for length in 0..bytes.len() {
            let found: Vec<_> = Frames::new(&bytes[..length]).collect();
            let intact = found.iter().filter(|found| matches!(found, Found::Frame(_))).count();
            assert_eq!(intact, usize::from(length >= second), "{length}");
        }
    }

    #[test]
    fn a_header_tells_its_version_or_that_it_is_damaged() {
        let mut bytes = Vec::new();
        write_header(&mut bytes, Signal::Logs);
        assert_eq!((bytes.len(), read_header(&bytes)), (HEADER, Header::Version(VERSION)));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read_header(&bytes), Header::Damaged, "bit {bit}");
        }
        assert_eq!(read_header(&bytes[..HEADER - 1]), Header::Damaged);
    }

    #[test]
    fn numbers_and_lengths_that_cannot_be_are_damage() {
        for (first, lengths, json) in
            [(u64::MAX, [1, 2].as_slice(), b"123".as_slice()), (0, &[1], b"12"), (0, &[], b"")]
        {
            let mut bytes = Vec::new();
            write_records(&mut bytes, first, 0, lengths, json);
            assert_eq!(Frames::new(&bytes).next(), Some(Found::Damaged(&bytes)));
        }
    }
}
