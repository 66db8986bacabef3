//! Frames and the header of a segment, as bytes; see the table of [`crate::spool`]. Reading takes any bytes.

use std::ops::Range;

use crc32fast::Hasher;

use crate::signal::Signal;

/// The format that is written, and the newest that is read.
pub const VERSION: u16 = 1;

/// Begins each frame. Its first byte never occurs in UTF-8, so no record holds it.
pub(super) const MARK: [u8; 4] = [0xF7, b'M', b'S', b'F'];
/// Mark, length and checksum.
pub(super) const PREFIX: usize = 12;
const MAGIC: [u8; 8] = *b"MASTRASP";
/// Bytes of the header of a segment.
pub const HEADER: usize = 16;

pub(super) const RECORDS: u8 = 1;
const ACK: u8 = 2;
const END: u8 = 3;

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Records.
    Records(Records<'a>),
    /// These records are delivered or dropped.
    Ack(Range<u64>),
    /// What follows is left of an earlier use of the file.
    End,
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
    let checksum = checksum(&[out.get(start..).unwrap_or_default()]);
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
        (magic == &MAGIC && sum == checksum(&[protected])).then_some(version)
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

/// Writes a frame of records up to their JSON, which the caller has to write behind it. `lengths` are those of the records in
/// `json`.
pub fn begin_records(out: &mut Vec<u8>, first: u64, wall_ms: u64, lengths: &[u32], json: &[u8]) {
    frame(out, RECORDS, json, |out| {
        out.extend_from_slice(&first.to_le_bytes());
        out.extend_from_slice(&wall_ms.to_le_bytes());
        out.extend_from_slice(&u32::try_from(lengths.len()).unwrap_or(u32::MAX).to_le_bytes());
        for length in lengths {
            out.extend_from_slice(&length.to_le_bytes());
        }
    });
}

/// Writes a frame that says that records are delivered or dropped.
pub fn write_ack(out: &mut Vec<u8>, numbers: &Range<u64>) {
    frame(out, ACK, &[], |out| {
        out.extend_from_slice(&numbers.start.to_le_bytes());
        out.extend_from_slice(&(numbers.end - numbers.start).to_le_bytes());
    });
}

/// Writes a frame that says that what follows is left of an earlier use of the file.
pub fn write_end(out: &mut Vec<u8>) {
    frame(out, END, &[], |_| {});
}

/// Writes a frame, but for the `rest` of its content.
fn frame(out: &mut Vec<u8>, kind: u8, rest: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&MARK);
    out.extend_from_slice(&[0; PREFIX - MARK.len()]);
    out.push(kind);
    write(out);
    let content = out.get(start + PREFIX..).unwrap_or_default();
    let (length, sum) = (content.len() + rest.len(), checksum(&[content, rest]));
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if let Some(prefix) = out.get_mut(start + MARK.len()..start + PREFIX) {
        let fields = length.to_le_bytes().into_iter().chain(sum.to_le_bytes());
        prefix.iter_mut().zip(fields).for_each(|(byte, field)| *byte = field);
    }
}

/// The frame at the beginning, and what follows it. What is read of bytes that are no frame is taken off `budget`.
pub(super) fn read<'a>(bytes: &'a [u8], budget: &mut usize) -> Option<(Frame<'a>, &'a [u8])> {
    let mut cursor = Cursor(bytes);
    if cursor.take::<4>()? != &MARK {
        return None;
    }
    let length = u32::from_le_bytes(*cursor.take()?) as usize;
    let sum = u32::from_le_bytes(*cursor.take()?);
    let (content, rest) = cursor.0.split_at_checked(length)?;
    let before = *budget;
    let frame = parse(content, budget)?;
    *budget = budget.checked_sub(content.len())?;
    if checksum(&[content]) != sum {
        return None;
    }
    *budget = before;
    Some((frame, rest))
}

/// What a frame says, if its parts have the length of the whole.
fn parse<'a>(content: &'a [u8], budget: &mut usize) -> Option<Frame<'a>> {
    let mut cursor = Cursor(content);
    let [kind] = *cursor.take()?;
    if kind == END {
        return cursor.0.is_empty().then_some(Frame::End);
    }
    let first = u64::from_le_bytes(*cursor.take()?);
    let second = u64::from_le_bytes(*cursor.take()?);
    match kind {
        RECORDS => {
            let count = u32::from_le_bytes(*cursor.take()?) as usize;
            let (table, json) = cursor.0.split_at_checked(count.checked_mul(4)?)?;
            *budget = budget.checked_sub(table.len())?;
            let (lengths, _) = table.as_chunks();
            let total: u64 = lengths.iter().map(|length| u64::from(u32::from_le_bytes(*length))).sum();
            first.checked_add(count as u64)?;
            let whole = count > 0 && total == json.len() as u64;
            whole.then_some(Frame::Records(Records { first, wall_ms: second, lengths, json }))
        }
        ACK if cursor.0.is_empty() => Some(Frame::Ack(first..first.checked_add(second)?)),
        _ => None,
    }
}

fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    for part in parts {
        #[cfg(test)]
        CHECKED.set(CHECKED.get() + part.len());
        hasher.update(part);
    }
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
thread_local! {
    /// Bytes that went through a checksum.
    pub(super) static CHECKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
