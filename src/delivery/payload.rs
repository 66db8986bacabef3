//! Consecutive records of one signal: the JSON of each, and their numbers.

use crate::{protocol::request::frame_len, signal::Signal};

/// Identifies consecutive records of one signal by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRange {
    /// The signal.
    pub signal: Signal,
    /// The number of the first one: records of a signal are numbered from 0, in the order in which they join a batch.
    pub first: u64,
    /// The number of records.
    pub count: u64,
}

/// Consecutive records of one signal; see the module. Records are added at its end. They leave at its front, or when it
/// is parted.
#[derive(Debug)]
pub struct Payload {
    signal: Signal,
    first: u64,
    /// The JSON texts, with commas between.
    json: Vec<u8>,
    /// Where each record ends in `json`.
    ends: Vec<u32>,
}

impl Payload {
    /// A payload without records; the number of its first record will be `first`.
    #[must_use]
    pub fn new(signal: Signal, first: u64) -> Self {
        Self { signal, first, json: Vec::new(), ends: Vec::new() }
    }

    /// A payload for the records that follow these, with memory for as many. Batches are similar in size, and growing
    /// costs several allocations.
    #[must_use]
    pub fn successor(&self) -> Self {
        Self {
            signal: self.signal,
            first: self.first + self.count(),
            json: Vec::with_capacity(self.json.len()),
            ends: Vec::with_capacity(self.ends.len()),
        }
    }

    /// Adds the JSON text of one record.
    pub fn push(&mut self, record: &[u8]) {
        if !self.ends.is_empty() {
            self.json.push(b',');
        }
        self.json.extend_from_slice(record);
        // A payload is at most one record, or `maxBatchBytes`: 256 MiB.
        self.ends.push(u32::try_from(self.json.len()).unwrap_or(u32::MAX));
    }

    /// Frees the memory that growing has reserved: a payload may wait for minutes.
    pub fn shrink(&mut self) {
        self.json.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    /// Takes out records at the front: at least `bytes` of them, and at least a quarter, so that a full queue does not
    /// copy the same payload again for each new record. Returns the records and their bytes; `None` when those are all
    /// records.
    pub fn trim(&mut self, bytes: usize) -> Option<(RecordRange, usize)> {
        let target = bytes.max(self.json.len() / 4);
        let (mut count, mut taken) = (0, 0);
        for record in self.records() {
            if taken + count >= target {
                break;
            }
            count += 1;
            taken += record.len();
        }
        if count == self.ends.len() {
            return None;
        }
        let rest = self.part(count, self.ends.len());
        let trimmed = RecordRange { count: count as u64, ..self.range() };
        *self = rest;
        Some((trimmed, taken))
    }

    /// Splits the payload into an older and a newer half. Of one record, the newer half has that record.
    #[must_use]
    pub fn halves(&self) -> [Self; 2] {
        let (middle, end) = (self.ends.len() / 2, self.ends.len());
        [self.part(0, middle), self.part(middle, end)]
    }

    /// Splits the payload into parts whose bodies have at most `max_body` bytes, or hold one record.
    #[must_use]
    pub fn pieces(&self, max_body: usize) -> Vec<Self> {
        let mut pieces: Vec<Self> = Vec::new();
        for (index, record) in self.records().enumerate() {
            match pieces.last_mut() {
                Some(piece) if piece.body_len() + ",".len() + record.len() <= max_body => piece.push(record),
                _ => {
                    let mut piece = Self::new(self.signal, self.first + index as u64);
                    piece.push(record);
                    pieces.push(piece);
                }
            }
        }
        pieces.iter_mut().for_each(Self::shrink);
        pieces
    }

    /// The signal of the records.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// The numbers of the records.
    #[must_use]
    pub fn range(&self) -> RecordRange {
        RecordRange { signal: self.signal, first: self.first, count: self.count() }
    }

    /// The number of records.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Whether it has no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The JSON texts, with commas between.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// The length of the request's body in bytes; 0 without records.
    #[must_use]
    pub fn body_len(&self) -> usize {
        if self.is_empty() { 0 } else { self.json.len() + frame_len(self.signal) }
    }

    /// The length of the records alone in bytes.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        self.json.len() - self.ends.len().saturating_sub(1)
    }

    /// The JSON of each record.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let end = end as usize;
            let record = self.json.get(start..end).unwrap_or_default();
            start = end + ",".len();
            record
        })
    }

    /// A copy of the records from index `start` to before `end`: with a copy the memory of the other records can be
    /// freed.
    fn part(&self, start: usize, end: usize) -> Self {
        let mut part = Self::new(self.signal, self.first + start as u64);
        for record in self.records().take(end).skip(start) {
            part.push(record);
        }
        part.shrink();
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(records: impl IntoIterator<Item = u32>) -> Payload {
        let mut payload = Payload::new(Signal::Logs, 100);
        for record in records {
            payload.push(record.to_string().as_bytes());
        }
        payload
    }

    fn logs(first: u64, count: u64) -> RecordRange {
        RecordRange { signal: Signal::Logs, first, count }
    }

    #[test]
    fn knows_its_records() {
        let payload = payload([1, 23]);
        assert_eq!(payload.json(), b"1,23");
        assert_eq!(payload.records().collect::<Vec<_>>(), [b"1".as_slice(), b"23"]);
        assert_eq!((payload.range(), payload.record_bytes()), (logs(100, 2), 3));
        assert_eq!(payload.body_len(), r#"{"logs":[1,23]}"#.len());
        assert_eq!(payload.successor().range(), logs(102, 0));
    }

    #[test]
    fn trimming_takes_the_oldest_and_at_least_a_quarter() {
        let mut payload = payload(10..18);
        assert_eq!(payload.trim(1), Some((logs(100, 2), 4)));
        assert_eq!((payload.json(), payload.range()), (b"12,13,14,15,16,17".as_slice(), logs(102, 6)));
        assert_eq!(payload.trim(13), Some((logs(102, 5), 10)));
        assert_eq!((payload.json(), payload.range()), (b"17".as_slice(), logs(107, 1)));
        assert_eq!((payload.trim(1), payload.count()), (None, 1));
    }

    #[test]
    fn halves_are_ranges_of_the_whole() {
        let [older, newer] = payload(10..15).halves();
        assert_eq!((older.json(), older.range()), (b"10,11".as_slice(), logs(100, 2)));
        assert_eq!((newer.json(), newer.range()), (b"12,13,14".as_slice(), logs(102, 3)));
    }

    #[test]
    fn pieces_fit_and_leave_nothing_out() {
        let whole = payload((10..15).chain([123_456_789]).chain(15..17));
        let pieces = whole.pieces(r#"{"logs":[10,11]}"#.len());
        let texts: Vec<&[u8]> = pieces.iter().map(Payload::json).collect();
        assert_eq!(texts, [b"10,11".as_slice(), b"12,13", b"14", b"123456789", b"15,16"]);
        assert_eq!(pieces.last().map(Payload::range), Some(logs(106, 2)));
    }
}
