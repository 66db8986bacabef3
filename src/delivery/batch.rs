//! Gathers records into batches by count, bytes and time. Pure: given `now`, it answers `deadline()`.
//!
//! A batch spans all signals, as the peer's does; each signal in it becomes one request body, built here in place:
//! `{"spans":[` record `,` record `]}`.

use std::time::Duration;

use serde::Serialize;
use tokio::time::Instant;

use crate::signal::Signal;

/// Why a batch was closed; the words of the peer's `flushReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlushReason {
    /// It had `maxBatchSize` records or a body was full.
    Size,
    /// `maxBatchWaitMs` had passed, or a flush asked for it.
    Time,
}

const BODY_END: &[u8] = b"]}";

/// The records of one signal as a request body.
#[derive(Debug)]
pub struct Body {
    /// Which signal.
    pub signal: Signal,
    /// The JSON text to send.
    pub bytes: Vec<u8>,
    /// Where each record ends in `bytes`.
    pub ends: Vec<usize>,
}

impl Body {
    fn new(signal: Signal) -> Self {
        Self { signal, bytes: Vec::new(), ends: Vec::new() }
    }

    /// An empty body with room for as much as this one: batches are much alike, and growing costs several allocations.
    fn next(&self) -> Self {
        if self.ends.is_empty() {
            return Self::new(self.signal);
        }
        let bytes = Vec::with_capacity(self.bytes.len() + BODY_END.len());
        Self { signal: self.signal, bytes, ends: Vec::with_capacity(self.ends.len()) }
    }

    /// A body of these records.
    #[must_use]
    pub fn of<'a>(signal: Signal, records: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut body = Self::new(signal);
        for record in records {
            body.push(record);
        }
        body.closed()
    }

    /// How many bytes of a body are before its first record.
    #[must_use]
    pub const fn prefix_len(signal: Signal) -> usize {
        "{\"\":[".len() + signal.body_key().len()
    }

    fn push(&mut self, record: &[u8]) {
        if self.ends.is_empty() {
            self.bytes.extend_from_slice(b"{\"");
            self.bytes.extend_from_slice(self.signal.body_key().as_bytes());
            self.bytes.extend_from_slice(b"\":[");
        } else {
            self.bytes.push(b',');
        }
        self.bytes.extend_from_slice(record);
        self.ends.push(self.bytes.len());
    }

    fn closed(mut self) -> Self {
        self.bytes.extend_from_slice(BODY_END);
        // A body may wait for long; what growing has reserved is given back.
        self.bytes.shrink_to_fit();
        self
    }
}

/// A closed batch.
#[derive(Debug)]
pub struct Batch {
    /// One body for each signal that has records, in the order of [`Signal::ALL`].
    pub bodies: Vec<Body>,
    /// Records of all signals together.
    pub count: u64,
    /// Why it was closed.
    pub reason: FlushReason,
}

/// The open batch.
#[derive(Debug)]
pub struct Batcher {
    max_count: usize,
    max_bytes: usize,
    max_wait: Duration,
    bodies: [Body; Signal::ALL.len()],
    count: usize,
    opened_at: Option<Instant>,
}

impl Batcher {
    /// A batcher that closes at `max_count` records, before a body of several records exceeds `max_bytes`, or
    /// `max_wait` after the first record.
    #[must_use]
    pub fn new(max_count: usize, max_bytes: usize, max_wait: Duration) -> Self {
        Self { max_count, max_bytes, max_wait, bodies: Signal::ALL.map(Body::new), count: 0, opened_at: None }
    }

    /// Adds the JSON text of one record. Returns the batch that this closes, if any.
    pub fn push(&mut self, now: Instant, signal: Signal, record: &[u8]) -> Option<Batch> {
        let open_bytes = self.bodies.iter().find(|body| body.signal == signal).map_or(0, |body| body.bytes.len());
        let full = if open_bytes > 0 && open_bytes + record.len() + ",]}".len() > self.max_bytes {
            self.close(FlushReason::Size)
        } else {
            None
        };
        if let Some(body) = self.bodies.get_mut(signal.index()) {
            body.push(record);
        }
        self.count += 1;
        self.opened_at.get_or_insert(now);
        // At most one of the two closes: after the first the new batch holds one record, and a batch that closes at
        // one record is never open here.
        if self.count >= self.max_count { self.close(FlushReason::Size) } else { full }
    }

    /// When the open batch has to be closed; `None` when nothing waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.opened_at.map(|opened| opened + self.max_wait)
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes in the open batch.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bodies.iter().map(|body| body.bytes.len()).sum()
    }

    /// Closes the open batch because of time or a flush; `None` when nothing waits.
    pub fn take(&mut self) -> Option<Batch> {
        self.close(FlushReason::Time)
    }

    fn close(&mut self, reason: FlushReason) -> Option<Batch> {
        let count = std::mem::take(&mut self.count);
        self.opened_at = None;
        let next = self.bodies.each_ref().map(Body::next);
        let bodies = std::mem::replace(&mut self.bodies, next);
        let bodies: Vec<Body> = bodies.into_iter().filter(|body| !body.ends.is_empty()).map(Body::closed).collect();
        (count > 0).then_some(Batch { bodies, count: count as u64, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const MAX: usize = 1024;
    const WAIT: Duration = Duration::from_secs(5);

    fn texts(batch: &Batch) -> Vec<String> {
        batch.bodies.iter().map(|body| String::from_utf8(body.bytes.clone()).unwrap()).collect()
    }

    #[test]
    fn closes_by_count_over_all_signals() {
        let (mut batcher, now) = (Batcher::new(3, MAX, WAIT), clock::now());
        assert!(batcher.push(now, Signal::Logs, b"1").is_none());
        assert!(batcher.push(now, Signal::Traces, b"2").is_none());
        let batch = batcher.push(now, Signal::Logs, b"3").unwrap();
        assert_eq!(texts(&batch), [r#"{"spans":[2]}"#, r#"{"logs":[1,3]}"#]);
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
    fn a_record_larger_than_a_body_travels_alone() {
        let (mut batcher, now) = (Batcher::new(10, MAX, WAIT), clock::now());
        let huge = vec![b'7'; MAX + 1];
        assert!(batcher.push(now, Signal::Traces, &huge).is_none());
        assert_eq!(batcher.push(now, Signal::Traces, b"1").unwrap().count, 1);
        assert_eq!(batcher.count, 1);
    }

    #[test]
    fn a_batch_of_one() {
        let mut batcher = Batcher::new(1, MAX, WAIT);
        assert_eq!(batcher.push(clock::now(), Signal::Feedback, b"{}").unwrap().count, 1);
        assert!(batcher.is_empty());
    }
}
