//! A payload to send, and what the engine has to know about it to decide what becomes of it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::time::Instant;

use super::payload::Payload;
use crate::{
    protocol::{reply::Said, request::Body},
    signal::Signal,
};

/// The memory of a job beyond its JSON: the job itself, its entries in the queue's indexes, its share of the account of
/// its batch, and what allocators round up. A test in `exporter.rs` measures it.
const COST: usize = 688;
/// The memory of a record beyond its JSON: the position of its end.
const COST_OF_RECORD: usize = size_of::<u32>();
/// Flushes stop waiting for a job after this many attempts.
const FLUSH_ATTEMPTS: u32 = 3;
/// A job that fails this often while others are delivered is halved: one of its records may be the cause.
const SUSPECTED_AT: u32 = 3;

/// What a job waits for; the table of jobs in DESIGN names these states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never tried.
    Fresh,
    /// Failed while nothing else was delivered: waits for its address.
    Retrying {
        /// Its turn among such jobs; the queue sets it.
        turn: u64,
    },
    /// Failed while others were delivered, or attempts are counted: waits for a time of its own.
    Clocked {
        /// The earliest time of its next attempt.
        ready_at: Instant,
    },
}

/// In which form the body of a job is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As the exporter's option says.
    Usual,
    /// Uncompressed, because it was refused compressed: shows whether compression was the cause.
    PlainOnTrial,
    /// Uncompressed, because the job that it is a part of was refused in both forms.
    Plain,
}

/// A payload with the attempts to deliver it; see the module.
#[derive(Debug)]
pub struct Job {
    /// The batch it belongs to.
    pub batch: u64,
    /// The records; a probe has none.
    pub payload: Payload,
    /// What it waits for.
    pub standing: Standing,
    /// The number of attempts made.
    pub attempts: u32,
    /// Flushes stop waiting for this job after this many attempts.
    pub release_at: u32,
    /// When its batch was closed.
    pub since: Instant,
    /// The job is given up when an attempt fails at or after this time; `None` when attempts are counted instead.
    pub expires_at: Option<Instant>,
    /// The number of deliveries of its address when the job was first sent, or when it last failed.
    pub deliveries_seen: u64,
    /// The number of failures of its address when the job was last sent.
    pub failures_seen: u64,
    /// How often it failed while others were delivered.
    pub suspicion: u32,
    /// Whether it is a part of a larger job.
    pub is_part: bool,
    /// The collector's text in its last answer.
    pub said: Option<Box<Said>>,
    /// The form of its body.
    pub encoding: Encoding,
    gzip: Arc<OnceLock<Bytes>>,
}

impl Job {
    /// A job that was never tried.
    #[must_use]
    pub fn new(batch: u64, mut payload: Payload, now: Instant, expires_at: Option<Instant>) -> Self {
        payload.close();
        Self {
            batch,
            payload,
            standing: Standing::Fresh,
            attempts: 0,
            release_at: FLUSH_ATTEMPTS,
            since: now,
            expires_at,
            deliveries_seen: 0,
            failures_seen: 0,
            suspicion: 0,
            is_part: false,
            said: None,
            encoding: Encoding::Usual,
            gzip: Arc::default(),
        }
    }

    /// A job without records; see [`Payload::body`].
    #[must_use]
    pub fn probe(now: Instant) -> Self {
        Self::new(0, Payload::new(Signal::Traces, 0), now, None)
    }

    /// A job of some of its records. The new job has the same age and window, and no attempts.
    #[must_use]
    pub fn part(&self, payload: Payload) -> Self {
        let encoding = if self.encoding == Encoding::Usual { Encoding::Usual } else { Encoding::Plain };
        Self {
            suspicion: self.suspicion,
            deliveries_seen: self.deliveries_seen,
            is_part: true,
            encoding,
            ..Self::new(self.batch, payload, self.since, self.expires_at)
        }
    }

    /// Whether it is a [`Job::probe`].
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.payload.is_empty()
    }

    /// The signal of its records.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.payload.signal()
    }

    /// The number of records in it.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.payload.count()
    }

    /// Its place by age among the jobs of its signal: the number of its first record.
    #[must_use]
    pub fn age(&self) -> u64 {
        self.payload.range().first
    }

    /// Whether flushes wait for it.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        self.attempts < self.release_at
    }

    /// Whether one of its records seems to be the cause of its failures.
    #[must_use]
    pub fn is_suspected(&self) -> bool {
        self.suspicion >= SUSPECTED_AT
    }

    /// Whether its last failure was its own: others were delivered meanwhile.
    #[must_use]
    pub fn failed_alone(&self) -> bool {
        self.suspicion > 0 && matches!(self.standing, Standing::Clocked { .. })
    }

    /// Whether its window is over.
    #[must_use]
    pub fn is_expired(&self, now: Instant) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// The memory that it takes while it waits, in bytes.
    #[must_use]
    pub fn cost(&self) -> usize {
        let records = usize::try_from(self.count()).unwrap_or(usize::MAX);
        COST + self.payload.memory() + COST_OF_RECORD.saturating_mul(records) + self.gzip.get().map_or(0, Bytes::len)
    }

    /// The body of its request. `compress`: whether the exporter compresses.
    #[must_use]
    pub fn body(&self, compress: bool) -> Body {
        let compress = compress && self.encoding == Encoding::Usual;
        Body { plain: self.payload.body(), gzip: compress.then(|| Arc::clone(&self.gzip)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn payload() -> Payload {
        let mut payload = Payload::new(Signal::Logs, 0);
        payload.push(b"{}");
        payload
    }

    #[test]
    fn a_part_has_the_history_of_the_whole_but_its_attempts() {
        let now = clock::now();
        for (of_whole, of_part) in [
            (Encoding::Usual, Encoding::Usual),
            (Encoding::PlainOnTrial, Encoding::Plain),
            (Encoding::Plain, Encoding::Plain),
        ] {
            let whole = Job {
                encoding: of_whole,
                deliveries_seen: 7,
                suspicion: 2,
                attempts: 4,
                ..Job::new(1, payload(), now, Some(now))
            };
            let part = whole.part(payload());
            assert_eq!((part.encoding, part.deliveries_seen, part.suspicion), (of_part, 7, 2));
            assert_eq!((part.attempts, part.is_part, part.batch, part.expires_at), (0, true, 1, Some(now)));
        }
    }

    #[test]
    fn a_compressed_body_takes_memory_too() {
        let job = Job::new(1, payload(), clock::now(), None);
        let plain = job.cost();
        assert_eq!(plain, COST + r#"{"logs":[{}]}"#.len() + COST_OF_RECORD);
        let compressed = job.body(true).gzip.expect("it is compressed");
        compressed.set(Bytes::from_static(b"compressed")).expect("it was not compressed before");
        assert_eq!(job.cost(), plain + b"compressed".len());
    }
}
