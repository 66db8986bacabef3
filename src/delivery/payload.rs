//! Consecutive records of one signal: the JSON of each, and their numbers.

use std::mem;

use bytes::Bytes;

use crate::{
    protocol::request::{self, frame_len},
    signal::Signal,
};

/// A body gets memory for this part more than the last one had: batches are similar in size, and seldom equal.
const SLACK: usize = 32;

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
    /// The beginning of the body, until it is closed.
    text: Vec<u8>,
    /// The body, once it is closed. Requests share it.
    body: Bytes,
    /// The bytes of memory that the body has.
    memory: usize,
    /// Where each record ends in the JSON.
    ends: Vec<u32>,
}

impl Payload {
    /// A payload without records; the number of its first record will be `first`.
    #[must_use]
    pub fn new(signal: Signal, first: u64) -> Self {
        Self { signal, first, text: Vec::new(), body: Bytes::new(), memory: 0, ends: Vec::new() }
    }

    /// A payload for the records that follow these, with memory for a body as long or somewhat longer: `spare`, if it
    /// suffices. Growing would copy what is there into new memory.
    #[must_use]
    pub fn successor(&self, spare: Option<Vec<u8>>) -> Self {
        let needed = self.body_len();
        let suffices = |spare: &Vec<u8>| spare.capacity() >= needed;
        let text = spare.filter(suffices).unwrap_or_else(|| Vec::with_capacity(with_slack(needed)));
        Self {
            signal: self.signal,
            first: self.first + self.count(),
            text,
            body: Bytes::new(),
            memory: 0,
            ends: Vec::with_capacity(self.ends.len()),
        }
    }

    /// Adds the JSON text of one record. For payloads that are not closed.
    pub fn push(&mut self, record: &[u8]) {
        debug_assert!(self.body.is_empty(), "the payload is closed");
        if self.ends.is_empty() {
            request::begin(self.signal, &mut self.text);
        } else {
            self.text.push(b',');
        }
        self.text.extend_from_slice(record);
        // A payload is at most one record, or `maxBatchBytes`: 256 MiB.
        let end = self.text.len() - (frame_len(self.signal) - request::END.len());
        self.ends.push(u32::try_from(end).unwrap_or(u32::MAX));
    }

    /// Completes the body, and frees the memory that is more than slack: a payload may wait for minutes.
    pub fn close(&mut self) {
        if !self.ends.is_empty() && self.body.is_empty() {
            self.text.extend_from_slice(request::END);
            self.text.shrink_to(with_slack(self.text.len()));
            self.memory = self.text.capacity();
            // Takes the memory over.
            self.body = mem::take(&mut self.text).into();
        }
        self.ends.shrink_to_fit();
    }

    /// The body of its request. Without records it is a probe: an empty batch of spans costs nothing, and is answered as
    /// a full one would be (peer).
    #[must_use]
    pub fn body(&self) -> Bytes {
        if self.is_empty() {
            let mut text = Vec::new();
            request::begin(self.signal, &mut text);
            text.extend_from_slice(request::END);
            return text.into();
        }
        self.body.clone()
    }

    /// The memory of a closed payload without its ends, in bytes: the body and what is kept behind it for a longer one.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The memory of the body for a later payload, unless a request still has it.
    #[must_use]
    pub fn into_spare(self) -> Option<Vec<u8>> {
        self.body.is_unique().then(|| {
            let mut spare = Vec::from(self.body);
            spare.clear();
            spare
        })
    }

    /// Takes out records at the front: at least `bytes` of them, and at least a quarter, so that a full queue does not
    /// copy the same payload again for each new record. Returns the records and their bytes; `None` when those are all
    /// records.
    pub fn trim(&mut self, bytes: usize) -> Option<(RecordRange, usize)> {
        let target = bytes.max(self.json().len() / 4);
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
        pieces.iter_mut().for_each(Self::close);
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
        let text = if self.body.is_empty() { &self.text } else { &*self.body };
        let start = frame_len(self.signal) - request::END.len();
        let length = self.ends.last().map_or(0, |&end| end as usize);
        text.get(start..start + length).unwrap_or_default()
    }

    /// The length of the request's body in bytes; 0 without records.
    #[must_use]
    pub fn body_len(&self) -> usize {
        self.ends.last().map_or(0, |&end| end as usize + frame_len(self.signal))
    }

    /// The length of the records alone in bytes.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        self.json().len() - self.ends.len().saturating_sub(1)
    }

    /// The JSON of each record.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let (mut start, json) = (0, self.json());
        self.ends.iter().map(move |&end| {
            let end = end as usize;
            let record = json.get(start..end).unwrap_or_default();
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
        part.close();
        part
    }
}

fn with_slack(bytes: usize) -> usize {
    bytes + bytes / SLACK
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
    fn a_payload_is_closed_once() {
        let mut payload = payload([1, 23]);
        payload.close();
        payload.close();
        assert_eq!(payload.body(), r#"{"logs":[1,23]}"#);
    }

    #[test]
    fn knows_its_records() {
        let payload = payload([1, 23]);
        assert_eq!(payload.json(), b"1,23");
        assert_eq!(payload.records().collect::<Vec<_>>(), [b"1".as_slice(), b"23"]);
        assert_eq!((payload.range(), payload.record_bytes()), (logs(100, 2), 3));
        assert_eq!(payload.body_len(), r#"{"logs":[1,23]}"#.len());
        assert_eq!(payload.successor(None).range(), logs(102, 0));
    }

    #[test]
    fn a_closed_payload_shares_its_body_and_gives_the_memory_back() {
        let mut payload = payload([1, 23]);
        payload.close();
        let (body, memory) = (payload.body(), payload.body().as_ptr());
        assert_eq!(
            (&*body, payload.json(), payload.body_len()),
            (br#"{"logs":[1,23]}"#.as_slice(), b"1,23".as_slice(), 15)
        );
        assert_eq!((body.as_ptr(), payload.body().as_ptr()), (memory, memory));
        drop(body);
        let next = payload.successor(None);
        let spare = payload.into_spare().unwrap();
        let mut next = next.successor(Some(spare));
        next.push(b"4");
        next.push(b"56");
        next.close();
        assert_eq!((next.body().as_ptr(), &*next.body()), (memory, br#"{"logs":[4,56]}"#.as_slice()));
        let _request = next.body();
        assert_eq!(next.into_spare(), None);
    }

    /// A payload with one record, so that the body has `bytes`.
    fn fill(mut payload: Payload, bytes: usize) -> Payload {
        payload.push(&vec![b'1'; bytes - frame_len(Signal::Logs)]);
        payload
    }

    #[test]
    fn a_body_somewhat_longer_than_the_last_one_takes_no_other_memory() {
        let last = fill(Payload::new(Signal::Logs, 0), 3200);
        for (spare, bytes) in [(None, 3200), (None, 3300), (Some(3200), 3200), (Some(3300), 3300)] {
            let payload = last.successor(spare.map(Vec::with_capacity));
            let memory = payload.text.as_ptr();
            assert_eq!(payload.text.capacity(), spare.unwrap_or(3300));
            let mut payload = fill(payload, bytes);
            payload.close();
            assert_eq!(payload.body().as_ptr(), memory, "{bytes} bytes, spare {spare:?}");
        }
        assert_eq!(last.successor(Some(Vec::with_capacity(3199))).text.capacity(), 3300, "it is not grown");
    }

    #[test]
    fn a_body_gives_back_what_is_more_than_slack() {
        for (capacity, kept) in [(3200, 3200), (3300, 3300), (3301, 3300), (1 << 20, 3300)] {
            let mut payload = Payload::new(Signal::Logs, 0);
            payload.text = Vec::with_capacity(capacity);
            let mut payload = fill(payload, 3200);
            payload.close();
            assert_eq!(payload.memory(), kept);
            assert_eq!(payload.into_spare().map(|spare| spare.capacity()), Some(kept), "of {capacity}");
        }
    }

    #[test]
    fn a_body_without_records_is_a_probe() {
        assert_eq!(Payload::new(Signal::Traces, 0).body(), r#"{"spans":[]}"#);
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
