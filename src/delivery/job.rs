//! A payload to send, with what is needed to judge what becomes of it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::time::Instant;

use super::payload::Payload;
use crate::{
    protocol::{
        reply::Said,
        request::{self, Body},
    },
    signal::Signal,
};

/// What a job costs in memory beyond its JSON: the job itself, its places in the queue's indexes, its share of the
/// account of its batch, and what allocators round up. Measured by a test in `exporter.rs`.
const COST: usize = 640;
/// What a record costs beyond its JSON: where it ends.
const COST_OF_RECORD: usize = size_of::<u32>();
/// Flushes stop waiting for a job after this many attempts.
const FLUSH_ATTEMPTS: u32 = 3;
/// A job that fails as often while others get through is halved: one of its records may be the cause.
const SUSPECTED_AT: u32 = 3;

/// Where a job stands; see the table in DESIGN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Never tried.
    Fresh,
    /// Failed while nothing else got through: waits for its address.
    Retrying {
        /// Whose turn it is among such jobs; the queue sets it.
        turn: u64,
    },
    /// Failed while others got through, or attempts are counted: has a clock of its own.
    Clocked {
        /// Not before this.
        ready_at: Instant,
    },
}

/// How the body of a job travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As the exporter has it.
    Usual,
    /// Plain, because it was refused compressed: shows whether compression was the cause.
    PlainOnTrial,
    /// Plain, because the whole that it is part of was refused in both ways.
    Plain,
}

/// See the module.
#[derive(Debug)]
pub struct Job {
    /// The batch it belongs to.
    pub batch: u64,
    /// The records; none in a probe.
    pub payload: Payload,
    /// Where it stands.
    pub standing: Standing,
    /// Attempts made so far.
    pub attempts: u32,
    /// Flushes stop waiting for it after this many attempts.
    pub release_at: u32,
    /// When its batch was closed.
    pub since: Instant,
    /// Given up when an attempt fails at or after this; `None` when only attempts count.
    pub expires_at: Option<Instant>,
    /// Deliveries of its address when it was first sent, or failed last.
    pub deliveries_seen: u64,
    /// The address's count of failures when it was sent last.
    pub failures_seen: u64,
    /// How often it failed while others got through.
    pub suspicion: u32,
    /// Whether it is part of a larger one.
    pub is_part: bool,
    /// What the collector said to the last attempt.
    pub said: Option<Said>,
    /// How it travels.
    pub encoding: Encoding,
    gzip: Arc<OnceLock<Bytes>>,
}

impl Job {
    /// A job that was never tried.
    #[must_use]
    pub fn new(batch: u64, payload: Payload, now: Instant, expires_at: Option<Instant>) -> Self {
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

    /// See [`request::body`].
    #[must_use]
    pub fn probe(now: Instant) -> Self {
        Self::new(0, Payload::new(Signal::Traces, 0), now, None)
    }

    /// A job of some of its records, with its age and window, and attempts of its own.
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

    /// Whether one of its records seems to be why it fails.
    #[must_use]
    pub fn is_suspected(&self) -> bool {
        self.suspicion >= SUSPECTED_AT
    }

    /// Whether its window is over.
    #[must_use]
    pub fn is_expired(&self, now: Instant) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Bytes of memory that it holds while it waits.
    #[must_use]
    pub fn cost(&self) -> usize {
        let records = usize::try_from(self.count()).unwrap_or(usize::MAX);
        COST + self.payload.json().len()
            + COST_OF_RECORD.saturating_mul(records)
            + self.gzip.get().map_or(0, Bytes::len)
    }

    /// The request's body. `compress`: whether the exporter compresses.
    #[must_use]
    pub fn body(&self, compress: bool) -> Body {
        let compress = compress && self.encoding == Encoding::Usual;
        let plain = request::body(self.signal(), self.payload.json());
        Body { plain, gzip: compress.then(|| Arc::clone(&self.gzip)) }
    }
}
