//! Closed bodies that wait for their turn or for their next attempt, oldest first, and the byte count that bounds them.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::time::Instant;

use crate::{delivery::batch::Body, signal::Signal};

/// A body to send, with what is needed to account for it.
#[derive(Debug)]
pub struct Job {
    /// Age: smaller is older. Unique.
    pub sequence: u64,
    /// The batch it belongs to.
    pub batch: u64,
    /// Which signal.
    pub signal: Signal,
    /// The JSON text.
    pub body: Bytes,
    /// Where each record ends in `body`; empty for a probe.
    pub ends: Vec<usize>,
    /// Attempts made so far.
    pub attempts: u32,
    /// Not before this.
    pub ready_at: Instant,
    /// Given up when an attempt fails at or after this; `None` when only attempts count.
    pub expires_at: Option<Instant>,
    /// Whether flushes wait for it.
    pub awaited: bool,
    /// At this many attempts they do no longer.
    pub release_at: u32,
}

/// A flush gives up waiting for a record after this many attempts.
const FLUSH_ATTEMPTS: u32 = 3;

impl Job {
    /// A job that is ready now.
    #[must_use]
    pub fn new(sequence: u64, batch: u64, body: Body, now: Instant, expires_at: Option<Instant>) -> Self {
        let Body { signal, bytes, ends } = body;
        let body = Bytes::from(bytes);
        Self {
            sequence,
            batch,
            signal,
            body,
            ends,
            attempts: 0,
            ready_at: now,
            expires_at,
            awaited: true,
            release_at: FLUSH_ATTEMPTS,
        }
    }

    /// An empty batch of spans: costs nothing, and is answered as a full one would be (peer).
    #[must_use]
    pub fn probe(now: Instant) -> Self {
        let body = Bytes::from_static(br#"{"spans":[]}"#);
        Self { body, ..Self::new(0, 0, Body::of(Signal::Traces, []), now, None) }
    }

    /// Whether it is a [`Job::probe`].
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.ends.is_empty()
    }

    /// Takes the oldest records out: at least `bytes` of them, and a quarter, so that a full queue does not copy the
    /// same body again for each new record. Answers how many records and how many bytes; `None` when that is all.
    pub fn trim(&mut self, bytes: usize) -> Option<(u64, usize)> {
        let target = bytes.max(self.body.len() / 4);
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
        let Body { bytes, ends, .. } = Body::of(self.signal, self.records().skip(count));
        self.body = Bytes::from(bytes);
        self.ends = ends;
        Some((count as u64, taken))
    }

    /// How many records are in it.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ends.len() as u64
    }

    /// Bytes of the records alone.
    #[must_use]
    pub fn record_bytes(&self) -> usize {
        let around = Body::prefix_len(self.signal) + "]}".len() + self.ends.len().saturating_sub(1);
        self.body.len().saturating_sub(around)
    }

    /// The JSON of each record.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = Body::prefix_len(self.signal);
        self.ends.iter().map(move |&end| {
            let record = self.body.get(start..end).unwrap_or_default();
            start = end + ",".len();
            record
        })
    }
}

/// Jobs by age.
#[derive(Debug, Default)]
pub struct Queue {
    jobs: BTreeMap<u64, Job>,
    bytes: usize,
}

impl Queue {
    /// Adds a job, new or back from an attempt.
    pub fn push(&mut self, job: Job) {
        self.bytes += job.body.len();
        self.jobs.insert(job.sequence, job);
    }

    /// Takes the oldest job that may be sent now. `earliest`: when a job may be sent, `None` if something else has to
    /// happen first.
    pub fn pop_ready(&mut self, now: Instant, earliest: impl Fn(&Job) -> Option<Instant>) -> Option<Job> {
        let (&sequence, _) = self.jobs.iter().find(|(_, job)| earliest(job).is_some_and(|at| at <= now))?;
        self.remove(sequence)
    }

    /// Takes the oldest job, ready or not.
    pub fn pop_oldest(&mut self) -> Option<Job> {
        let (&sequence, _) = self.jobs.first_key_value()?;
        self.remove(sequence)
    }

    /// Takes the oldest job of a signal whose window is over.
    pub fn pop_expired(&mut self, now: Instant, signal: Signal) -> Option<Job> {
        let expired = |job: &Job| job.signal == signal && job.expires_at.is_some_and(|at| at <= now);
        let (&sequence, _) = self.jobs.iter().find(|(_, job)| expired(job))?;
        self.remove(sequence)
    }

    /// All jobs, oldest first.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Job> {
        self.jobs.values_mut()
    }

    /// When the next job may be sent, see [`Queue::pop_ready`]; `None` when nothing waits for time.
    #[must_use]
    pub fn deadline(&self, earliest: impl Fn(&Job) -> Option<Instant>) -> Option<Instant> {
        self.jobs.values().filter_map(earliest).min()
    }

    /// Bytes of all jobs.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn remove(&mut self, sequence: u64) -> Option<Job> {
        let job = self.jobs.remove(&sequence)?;
        self.bytes -= job.body.len();
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    fn job(sequence: u64, ready_at: Instant) -> Job {
        Job::new(sequence, 0, Body::of(Signal::Logs, [b"1".as_slice(), b"23"]), ready_at, None)
    }

    #[test]
    fn a_job_knows_its_records() {
        let job = job(1, clock::now());
        assert_eq!(job.body.as_ref(), br#"{"logs":[1,23]}"#);
        assert_eq!(job.records().collect::<Vec<_>>(), [b"1".as_slice(), b"23"]);
        assert_eq!((job.count(), job.record_bytes()), (2, 3));
    }

    #[test]
    fn trimming_takes_the_oldest_and_at_least_a_quarter() {
        let records: Vec<String> = (10..18).map(|number| number.to_string()).collect();
        let body = Body::of(Signal::Logs, records.iter().map(String::as_bytes));
        let mut job = Job::new(1, 0, body, clock::now(), None);
        assert_eq!(job.trim(1), Some((3, 6)));
        assert_eq!(job.body.as_ref(), br#"{"logs":[13,14,15,16,17]}"#);
        assert_eq!(job.trim(12), Some((4, 8)));
        assert_eq!(job.body.as_ref(), br#"{"logs":[17]}"#);
        assert_eq!((job.trim(1), job.count()), (None, 1));
    }

    #[test]
    fn oldest_ready_first() {
        let (mut queue, now) = (Queue::default(), clock::now());
        let at = |job: &Job| Some(job.ready_at);
        let later = now + Duration::from_secs(1);
        queue.push(job(2, now));
        queue.push(job(1, later));
        queue.push(job(3, now));
        assert_eq!((queue.bytes(), queue.deadline(at)), (45, Some(now)));
        assert_eq!(queue.pop_ready(now, at).unwrap().sequence, 2);
        assert_eq!(queue.pop_ready(later, at).unwrap().sequence, 1);
        queue.push(job(1, later));
        assert_eq!(queue.pop_oldest().unwrap().sequence, 1);
        assert_eq!(queue.pop_oldest().unwrap().sequence, 3);
        assert!(queue.pop_oldest().is_none() && queue.pop_ready(later, at).is_none());
        assert_eq!((queue.bytes(), queue.deadline(at)), (0, None));
    }
}
