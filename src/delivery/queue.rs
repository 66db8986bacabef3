//! Payloads that wait for their turn or for their next attempt, oldest first, and the byte count that bounds them.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::time::Instant;

use crate::{delivery::payload::Payload, protocol::request, signal::Signal};

/// A payload to send, with what is needed to account for it.
#[derive(Debug)]
pub struct Job {
    /// Age: smaller is older. Unique.
    pub sequence: u64,
    /// The batch it belongs to.
    pub batch: u64,
    /// The records; none in a probe.
    pub payload: Payload,
    /// Attempts made so far.
    pub attempts: u32,
    /// Not before this.
    pub ready_at: Instant,
    /// Given up when an attempt fails at or after this; `None` when only attempts count.
    pub expires_at: Option<Instant>,
    /// Whether flushes wait for it.
    pub awaited: bool,
    /// Flushes stop waiting for it after this many attempts.
    pub release_at: u32,
}

/// A flush gives up waiting for a record after this many attempts.
const FLUSH_ATTEMPTS: u32 = 3;

impl Job {
    /// A job that is ready now.
    #[must_use]
    pub fn new(sequence: u64, batch: u64, payload: Payload, now: Instant, expires_at: Option<Instant>) -> Self {
        Self {
            sequence,
            batch,
            payload,
            attempts: 0,
            ready_at: now,
            expires_at,
            awaited: true,
            release_at: FLUSH_ATTEMPTS,
        }
    }

    /// See [`request::body`].
    #[must_use]
    pub fn probe(now: Instant) -> Self {
        Self::new(0, 0, Payload::new(Signal::Traces, 0), now, None)
    }

    /// Whether it is a [`Job::probe`].
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.payload.is_empty()
    }

    /// Which signal.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.payload.signal()
    }

    /// How many records are in it.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.payload.count()
    }

    /// The request's body.
    #[must_use]
    pub fn body(&self) -> Bytes {
        request::body(self.signal(), self.payload.json())
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
        self.bytes += job.payload.body_len();
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
        let expired = |job: &Job| job.signal() == signal && job.expires_at.is_some_and(|at| at <= now);
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
        self.bytes -= job.payload.body_len();
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    fn job(sequence: u64, ready_at: Instant) -> Job {
        let mut payload = Payload::new(Signal::Logs, 0);
        payload.push(b"1234");
        Job::new(sequence, 0, payload, ready_at, None)
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
