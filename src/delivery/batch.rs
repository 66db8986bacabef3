//! Gathers records into batches by count, bytes and time. Pure: `now` is passed in, and `deadline()` says when to call
//! again.
//!
//! A batch spans all signals, as the peer's batches do. Each signal in a batch becomes one payload. Records get their
//! numbers here.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::{delivery::payload::Payload, signal::Signal};

/// Why a batch was closed. The names are those of the peer's `flushReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlushReason {
    /// The batch had `maxBatchSize` records, or one of its payloads was full.
    Size,
    /// `maxBatchWaitMs` had passed, or a flush closed the batch.
    Time,
}

/// A closed batch.
#[derive(Debug)]
pub struct Batch {
    /// One payload for each signal that has records, in the order of [`Signal::ALL`].
    pub payloads: Vec<Payload>,
    /// The number of records, all signals together.
    pub count: u64,
    /// Why the batch was closed.
    pub reason: FlushReason,
}

/// The open batch.
#[derive(Debug)]
pub struct Batcher {
    max_count: usize,
    max_bytes: usize,
    max_wait: Duration,
    payloads: [Payload; Signal::ALL.len()],
    /// Memory for later payloads, by [`Signal::index`].
    spares: [Option<Vec<u8>>; Signal::ALL.len()],
    /// Whether the last batch was closed by its size.
    busy: bool,
    count: usize,
    opened_at: Option<Instant>,
}

impl Batcher {
    /// A batcher that closes a batch at `max_count` records, before the body of several records exceeds `max_bytes`, or
    /// `max_wait` after the first record.
    #[must_use]
    pub fn new(max_count: usize, max_bytes: usize, max_wait: Duration) -> Self {
        Self {
            max_count,
            max_bytes,
            max_wait,
            payloads: Signal::ALL.map(|signal| Payload::new(signal, 0)),
            spares: Signal::ALL.map(|_| None),
            busy: false,
            count: 0,
            opened_at: None,
        }
    }

    /// Adds the JSON text of one record. Returns the batch that this record closes, if any.
    pub fn push(&mut self, now: Instant, signal: Signal, record: &[u8]) -> Option<Batch> {
        let open_bytes = self.payloads.get(signal.index()).map_or(0, Payload::body_len);
        let full = if open_bytes > 0 && open_bytes + record.len() + ",".len() > self.max_bytes {
            self.close(FlushReason::Size)
        } else {
            None
        };
        if let Some(payload) = self.payloads.get_mut(signal.index()) {
            payload.push(record);
        }
        self.count += 1;
        self.opened_at.get_or_insert(now);
        // At most one of the two closes a batch. After the first the new batch holds one record, and a batch that
        // closes at one record is never open here.
        if self.count >= self.max_count { self.close(FlushReason::Size) } else { full }
    }

    /// When the open batch has to be closed; `None` when it is empty.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.opened_at.map(|opened| opened + self.max_wait)
    }

    /// When the open batch got its first record.
    #[must_use]
    pub fn opened_at(&self) -> Option<Instant> {
        self.opened_at
    }

    /// Whether the open batch is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes in the open batch.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.payloads.iter().map(Payload::body_len).sum()
    }

    /// The number that the next record of each signal gets, by [`Signal::index`].
    #[must_use]
    pub fn next_numbers(&self) -> [u64; Signal::ALL.len()] {
        self.payloads.each_ref().map(|payload| payload.range().first + payload.count())
    }

    /// The number that the next record of a signal gets.
    #[must_use]
    pub fn next_number(&self, signal: Signal) -> u64 {
        self.payloads.get(signal.index()).map_or(0, |payload| payload.range().first + payload.count())
    }

    /// Closes the open batch for the reason of time; `None` when it is empty.
    pub fn take(&mut self) -> Option<Batch> {
        self.close(FlushReason::Time)
    }

    /// Keeps the memory of a delivered payload for a later one, one for each signal, while batches are closed by their
    /// size: new memory costs a page fault for each 4 kB. A batch that is closed by time frees what is kept.
    pub fn recycle(&mut self, payload: Payload) {
        if self.busy
            && let Some(spare) = self.spares.get_mut(payload.signal().index())
        {
            *spare = payload.into_spare();
        }
    }

    fn close(&mut self, reason: FlushReason) -> Option<Batch> {
        let count = std::mem::take(&mut self.count);
        self.opened_at = None;
        self.busy = reason == FlushReason::Size;
        let mut spares = std::mem::take(&mut self.spares).into_iter();
        let next = self.payloads.each_ref().map(|payload| {
            let spare = spares.next().flatten();
            payload.successor(if self.busy { spare } else { None })
        });
        let mut payloads = Vec::from(std::mem::replace(&mut self.payloads, next));
        payloads.retain(|payload| !payload.is_empty());
        (count > 0).then_some(Batch { payloads, count: count as u64, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock, delivery::payload::RecordRange};

    const MAX: usize = 1024;
    const WAIT: Duration = Duration::from_secs(5);

    fn texts(batch: &Batch) -> Vec<String> {
        batch.payloads.iter().map(|payload| String::from_utf8(payload.json().to_vec()).unwrap()).collect()
    }

    #[test]
    fn closes_by_count_over_all_signals() {
        let (mut batcher, now) = (Batcher::new(3, MAX, WAIT), clock::now());
        assert!(batcher.push(now, Signal::Logs, b"1").is_none());
        assert!(batcher.push(now, Signal::Traces, b"2").is_none());
        let batch = batcher.push(now, Signal::Logs, b"3").unwrap();
        assert_eq!(texts(&batch), ["2", "1,3"]);
        assert_eq!((batch.count, batch.reason), (3, FlushReason::Size));
        assert!(batcher.is_empty() && batcher.deadline().is_none());
    }

    #[test]
    fn deadline_counts_from_the_first_record() {
        let (mut batcher, now) = (Batcher::new(10, MAX, WAIT), clock::now());
        assert_eq!(batcher.deadline(), None);
        batcher.push(now, Signal::Scores, b"1");
        batcher.push(now + WAIT / 2, Signal::Scores, b"2");
        assert_eq!(batcher.deadline(), Some(now + WAIT));
        let batch = batcher.take().unwrap();
        assert_eq!((batch.count, batch.reason), (2, FlushReason::Time));
        assert!(batcher.take().is_none());
    }

    #[test]
    fn closes_before_a_body_grows_too_large() {
        let (mut batcher, now) = (Batcher::new(10, MAX, WAIT), clock::now());
        let half = vec![b'7'; MAX * 2 / 3];
        assert!(batcher.push(now, Signal::Traces, &half).is_none());
        assert!(batcher.push(now, Signal::Logs, &half).is_none());
        let batch = batcher.push(now, Signal::Traces, &half).unwrap();
        assert_eq!((batch.count, batch.reason, batcher.count), (2, FlushReason::Size, 1));
    }

    #[test]
    fn a_body_of_exactly_the_limit_stays_open() {
        let now = clock::now();
        for (more, closes) in [(0, false), (1, true)] {
            let mut batcher = Batcher::new(10, MAX, WAIT);
            assert!(batcher.push(now, Signal::Logs, b"1").is_none());
            let rest = vec![b'7'; MAX - batcher.bytes() - ",".len() + more];
            assert_eq!(batcher.push(now, Signal::Logs, &rest).is_some(), closes, "{more} bytes above the limit");
        }
    }

    #[test]
    fn records_of_a_signal_have_numbers_that_go_on_from_batch_to_batch() {
        let (mut batcher, now) = (Batcher::new(10, MAX, WAIT), clock::now());
        assert!(batcher.is_empty() && batcher.opened_at().is_none());
        for (count, number) in [(2, 2), (3, 5)] {
            for _ in 0..count {
                batcher.push(now, Signal::Logs, b"1");
            }
            let at = Signal::Logs.index();
            assert_eq!((batcher.next_number(Signal::Logs), batcher.next_numbers()[at]), (number, number));
            assert_eq!((batcher.next_number(Signal::Traces), batcher.next_numbers()[Signal::Traces.index()]), (0, 0));
            assert_eq!((batcher.is_empty(), batcher.opened_at()), (false, Some(now)));
            batcher.take();
            assert_eq!(batcher.next_number(Signal::Logs), number);
        }
    }

    #[test]
    fn a_record_larger_than_a_body_travels_alone() {
        let (mut batcher, now) = (Batcher::new(10, MAX, WAIT), clock::now());
        let huge = vec![b'7'; MAX + 1];
        assert!(batcher.push(now, Signal::Traces, &huge).is_none());
        assert_eq!(batcher.push(now, Signal::Traces, b"1").unwrap().count, 1);
        assert_eq!(batcher.count, 1);
        assert!(batcher.push(now, Signal::Logs, &huge).is_none(), "its body is another one");
    }

    #[test]
    fn a_batch_of_one() {
        let mut batcher = Batcher::new(1, MAX, WAIT);
        assert_eq!(batcher.push(clock::now(), Signal::Feedback, b"{}").unwrap().count, 1);
        assert!(batcher.is_empty());
    }

    #[test]
    fn delivered_payloads_give_their_memory_while_batches_are_full() {
        let (mut full, now) = (Batcher::new(1, MAX, WAIT), clock::now());
        let next = |batcher: &mut Batcher| {
            let mut payload = batcher.push(now, Signal::Logs, b"123").unwrap().payloads.remove(0);
            payload.close();
            payload
        };
        let first = next(&mut full);
        let memory = first.body().as_ptr();
        full.recycle(first);
        // One payload is open already. The memory goes to the one after it.
        let second = next(&mut full);
        assert_ne!(second.body().as_ptr(), memory);
        assert_eq!(next(&mut full).body().as_ptr(), memory);

        let mut idle = Batcher::new(10, MAX, WAIT);
        idle.push(now, Signal::Logs, b"1");
        let mut payload = idle.take().unwrap().payloads.remove(0);
        payload.close();
        idle.recycle(payload);
        assert!(idle.spares.iter().all(Option::is_none));
    }

    #[test]
    fn numbers_go_on_from_batch_to_batch_by_signal() {
        let (mut batcher, now) = (Batcher::new(3, MAX, WAIT), clock::now());
        let mut ranges = Vec::new();
        for signal in [Signal::Logs, Signal::Traces, Signal::Logs, Signal::Logs, Signal::Logs, Signal::Logs] {
            let batch = batcher.push(now, signal, b"1");
            ranges.extend(batch.into_iter().flat_map(|batch| batch.payloads).map(|payload| payload.range()));
        }
        let range = |signal, first, count| RecordRange { signal, first, count };
        let expected = [range(Signal::Traces, 0, 1), range(Signal::Logs, 0, 2), range(Signal::Logs, 2, 3)];
        assert_eq!(ranges, expected);
    }
}
