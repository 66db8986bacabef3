//! Closed bodies that wait for their turn or for their next attempt, oldest first, and the byte count that bounds them.

use std::collections::BTreeMap;

use bytes::Bytes;
use tokio::time::Instant;

use crate::signal::Signal;

/// A body to send, with what is needed to account for it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Age: smaller is older. Unique.
    pub sequence: u64,
    /// The batch it belongs to.
    pub batch: u64,
    /// Which signal.
    pub signal: Signal,
    /// The JSON text.
    pub body: Bytes,
    /// How many records are in it.
    pub count: u64,
    /// Attempts made so far.
    pub attempts: u32,
    /// Not before this.
    pub ready_at: Instant,
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

    /// Takes the oldest job that may be sent now.
    pub fn pop_ready(&mut self, now: Instant) -> Option<Job> {
        let (&sequence, _) = self.jobs.iter().find(|(_, job)| job.ready_at <= now)?;
        self.remove(sequence)
    }

    /// Takes the oldest job, ready or not.
    pub fn pop_oldest(&mut self) -> Option<Job> {
        let (&sequence, _) = self.jobs.first_key_value()?;
        self.remove(sequence)
    }

    /// When the next job becomes ready; `None` when nothing waits.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.jobs.values().map(|job| job.ready_at).min()
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
        let body = Bytes::from_static(b"0123456789");
        Job {
            sequence,
            batch: 0,
            signal: Signal::Traces,
            body,
            count: 1,
            attempts: 0,
            ready_at,
        }
    }

    #[test]
    fn oldest_ready_first() {
        let (mut queue, now) = (Queue::default(), clock::now());
        let later = now + Duration::from_secs(1);
        queue.push(job(2, now));
        queue.push(job(1, later));
        queue.push(job(3, now));
        assert_eq!((queue.bytes(), queue.deadline()), (30, Some(now)));
        assert_eq!(queue.pop_ready(now).unwrap().sequence, 2);
        assert_eq!(queue.pop_ready(later).unwrap().sequence, 1);
        queue.push(job(1, later));
        assert_eq!(queue.pop_oldest().unwrap().sequence, 1);
        assert_eq!(queue.pop_oldest().unwrap().sequence, 3);
        assert!(queue.pop_oldest().is_none() && queue.pop_ready(later).is_none());
        assert_eq!((queue.bytes(), queue.deadline()), (0, None));
    }
}
