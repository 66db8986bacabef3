//! The collector of one exporter: answers each request as its world says, and knows what has become of each record.

mod judge;

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash},
    time::Duration,
};

use fastrand::Rng;
use mastra_native_exporter::protocol::answer::{self, Outcome, classify};

use super::{
    health::{DEFAULT_LATENCY, Health, LONGEST_HOLD, PROBE_AFTER},
    invariants::{Breach, Invariant},
    world::{Member, Weather},
};
use crate::support::{Answer, Call};

/// The facts about one record. Its number is its position.
#[derive(Clone, Debug)]
pub struct Record {
    pub signal: usize,
    pub bytes: usize,
    /// When it was handed over.
    pub at: u64,
    pub first_sent: Option<u64>,
    pub last_sent: u64,
    pub tries: u32,
    pub stored: bool,
    /// The record was stored, or may have been, without a clear answer.
    pub unclear: bool,
    /// The record shared a body with one that the collector cannot store.
    pub shared: bool,
    /// When a body with it and others was answered 413, or 415 for its compression, if no try has followed: it has to
    /// be sent before newer ones.
    parted_at: Option<u64>,
}

/// The requests of earlier answers, while they are valid.
#[derive(Default)]
struct Past {
    /// `Retry-After`: of which signal (all if none), from when, until when.
    holds: Vec<(Option<usize>, u64, u64)>,
    /// When credentials were rejected.
    rejections: Vec<u64>,
    /// When the last body was accepted, and when those in flight will be.
    delivered: u64,
    deliveries: Vec<u64>,
    /// The requests of the last 10 s, by signal.
    recent: [VecDeque<u64>; 5],
}

impl Past {
    fn forget(&mut self, at: u64) {
        self.holds.retain(|&(_, _, until)| at < until);
        self.rejections.retain(|&over| at < over + 59_000);
        let delivered = self.deliveries.extract_if(.., |over| *over <= at).max();
        self.delivered = self.delivered.max(delivered.unwrap_or(0));
        for recent in &mut self.recent {
            while recent.front().is_some_and(|&sent| sent + 10_000 <= at) {
                recent.pop_front();
            }
        }
    }
}

enum Fate {
    Taken,
    Status(u16, Option<u64>),
    Reset { stored: bool },
    Hang { stored: bool },
}

/// See the module.
pub struct Far {
    pub member: Member,
    pub health: Vec<Health>,
    pub records: Vec<Record>,
    pub breaches: Vec<Breach>,
    /// The process ends: earlier requests do not count for the limit on their rate.
    pub ending: bool,
    /// A flush waits for all that is left, as at the end of a process: requests may follow each other at once.
    pub settling: bool,
    /// Records answered with a status that no other answer follows.
    pub refused: u64,
    /// The size of the largest record.
    pub largest: usize,
    /// The newest record of each signal that has been tried, and the time of its first try.
    newest_tried: [Option<(usize, u64)>; 5],
    /// Bytes sent, by signal.
    pub uploaded: [u64; 5],
    /// Records, by signal.
    accepted: [usize; 5],
    /// Those of them that cannot be stored.
    pub poison: [Vec<usize>; 5],
    pub deliveries: [Vec<u64>; 5],
    /// Of all requests.
    pub trace: DefaultHasher,
    past: Past,
    rng: Rng,
    timeout: u64,
}

/// Timers may be late by their granularity.
const AT_ONCE: u64 = 2;

impl Far {
    pub fn new(member: &Member, seed: u64, end: u64) -> Self {
        Self {
            health: Health::of(member, end),
            timeout: member.number("requestTimeoutMs"),
            member: member.clone(),
            records: Vec::new(),
            breaches: Vec::new(),
            ending: false,
            settling: false,
            refused: 0,
            largest: 0,
            newest_tried: Default::default(),
            uploaded: [0; 5],
            accepted: [0; 5],
            poison: Default::default(),
            deliveries: Default::default(),
            trace: DefaultHasher::new(),
            past: Past::default(),
            rng: Rng::with_seed(seed),
        }
    }

    pub fn breach(&mut self, invariant: Invariant, at: u64, text: String) {
        self.breaches.push(Breach { invariant, at, text });
    }

    /// A record was handed over; returns its number.
    pub fn accept(&mut self, signal: usize, bytes: usize, at: u64) -> usize {
        let (first_sent, last_sent, tries) = (None, 0, 0);
        let (stored, unclear, shared, parted_at) = (false, false, false, None);
        self.accepted[signal] += 1;
        self.largest = self.largest.max(bytes);
        self.records.push(Record {
            signal,
            bytes,
            at,
            first_sent,
            last_sent,
            tries,
            stored,
            unclear,
            shared,
            parted_at,
        });
        let number = self.records.len() - 1;
        if self.is_poison(number) {
            self.poison[signal].push(number);
        }
        number
    }

    /// Whether few enough bodies of a signal have a record that cannot be stored. With more of them an exporter cannot
    /// tell bad bodies from an outage.
    pub fn tells_bad_bodies(&self, signal: usize) -> bool {
        let size = usize::try_from(self.member.number("maxBatchSize")).unwrap();
        self.poison[signal].is_empty()
            || self.poison[signal].len().saturating_mul(3 * size) <= self.accepted[signal] + size
    }

    /// Whether the collector can never store a record.
    pub fn is_poison(&self, number: usize) -> bool {
        self.member.weather.iter().any(|clause| match clause.what {
            Weather::Poison { divisor, .. } => is_poison(number, divisor),
            // The frame around a single record is short.
            Weather::Limit { bytes } => self.records[number].bytes + 100 > bytes,
            _ => false,
        })
    }

    /// Answers a request.
    pub fn answer(&mut self, call: &Call) -> Answer {
        let (at, signal) = (millis(call.at), call.signal.index());
        let numbers = numbers(&call.body);
        (at, signal, &numbers).hash(&mut self.trace);
        self.judge_request(at, signal, &numbers);
        let latency = self.latency(at);
        let fate = match self.fate(at, signal, &numbers, call) {
            Fate::Taken if latency >= self.timeout => Fate::Hang { stored: true },
            Fate::Status(..) if latency >= self.timeout => Fate::Hang { stored: false },
            fate => fate,
        };
        let (stored, clear) = match fate {
            Fate::Taken => (true, true),
            Fate::Status(..) => (false, true),
            Fate::Reset { stored } | Fate::Hang { stored } => (stored, false),
        };
        let over = at + latency;
        let is_parted =
            matches!(fate, Fate::Status(413, _)) && numbers.len() > 1 || matches!(fate, Fate::Status(415, _));
        self.note(at, &numbers, stored, clear, is_parted.then_some(over));
        self.uploaded[signal] += call.body.len() as u64;
        self.past.recent[signal].push_back(at);
        let (status, retry_after) = match fate {
            Fate::Taken => (200, None),
            Fate::Status(status, retry_after) => (status, retry_after),
            Fate::Reset { .. } | Fate::Hang { .. } => (0, None),
        };
        if matches!(fate, Fate::Status(302 | 404, _)) {
            self.refused += numbers.len() as u64;
        }
        match status {
            200 => {
                self.deliveries[signal].push(over);
                self.past.deliveries.push(over);
            }
            401 | 403 => self.past.rejections.push(over),
            _ => {}
        }
        if let Some(seconds) = retry_after {
            let scope = (status != 503).then_some(signal);
            self.past.holds.push((scope, over, over + (1000 * seconds).min(LONGEST_HOLD)));
        }
        match fate {
            Fate::Hang { .. } => Answer::Never,
            Fate::Reset { .. } => {
                let cause = "connection reset".to_owned();
                Answer::After(Duration::from_millis(latency), Outcome::Retry { cause, after: None })
            }
            Fate::Taken | Fate::Status(..) => {
                let probe_after = (PROBE_AFTER / 1000).to_string();
                let outcome = classify(&answer::Answer {
                    status,
                    retry_after: retry_after.map(Duration::from_secs),
                    observability_retry_after: Some(&probe_after),
                    quota_pause: self.member.quota_pause(),
                    compressed: call.compress,
                    ..answer::Answer::default()
                });
                Answer::After(Duration::from_millis(latency), outcome)
            }
        }
    }

    fn latency(&mut self, at: u64) -> u64 {
        let clauses = self.member.weather.iter().filter(|clause| clause.holds(at));
        let latency = clauses.rev().find_map(|clause| match clause.what {
            Weather::Latency { ms, spread } => Some((ms, spread)),
            _ => None,
        });
        let (ms, spread) = latency.unwrap_or((DEFAULT_LATENCY, 0));
        ms + self.rng.u64(0..=spread)
    }

    fn fate(&mut self, at: u64, signal: usize, numbers: &[usize], call: &Call) -> Fate {
        let touches = |touched: Option<usize>| touched.is_none_or(|touched| touched == signal);
        let weather = || self.member.weather.iter().filter(|clause| clause.holds(at));
        for clause in weather() {
            let mut strikes = |per_mille| self.rng.u32(0..1000) < per_mille;
            match clause.what {
                Weather::Fail { signal, per_mille, status, retry_after } if touches(signal) && strikes(per_mille) => {
                    return Fate::Status(status, retry_after);
                }
                Weather::Reset { signal, per_mille, stored } if touches(signal) && strikes(per_mille) => {
                    return Fate::Reset { stored };
                }
                Weather::Hang { signal, per_mille, stored } if touches(signal) && strikes(per_mille) => {
                    return Fate::Hang { stored };
                }
                _ => {}
            }
        }
        // A collector that fails does not look at the records.
        for clause in weather() {
            match clause.what {
                Weather::Poison { divisor, status } if numbers.iter().any(|&number| is_poison(number, divisor)) => {
                    return if status == 0 { Fate::Hang { stored: false } } else { Fate::Status(status, None) };
                }
                Weather::Limit { bytes } if call.body.len() > bytes => return Fate::Status(413, None),
                Weather::Plain if call.compress => return Fate::Status(415, None),
                _ => {}
            }
        }
        Fate::Taken
    }

    fn note(&mut self, at: u64, numbers: &[usize], stored: bool, clear: bool, parted_at: Option<u64>) {
        let shared = numbers.len() > 1 && numbers.iter().any(|&number| self.is_poison(number));
        for &number in numbers {
            let record = &mut self.records[number];
            record.first_sent.get_or_insert(at);
            record.last_sent = at;
            record.tries += 1;
            record.shared |= shared;
            record.parted_at = parted_at;
            let twice = stored && record.stored && !record.unclear;
            record.stored |= stored;
            record.unclear |= stored && !clear;
            if twice {
                self.breach(Invariant::Twice, at, format!("record {number} comes again"));
            }
        }
    }
}

/// The first record is never bad, so that one body is accepted before a bad one.
fn is_poison(number: usize, divisor: usize) -> bool {
    (number + 1).is_multiple_of(divisor)
}

pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap()
}

/// The numbers of the records in a body.
fn numbers(body: &str) -> Vec<usize> {
    let starts = body.split("{\"i\":").skip(1);
    starts.map(|rest| rest[..rest.find(',').unwrap()].parse().unwrap()).collect()
}
