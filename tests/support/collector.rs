//! The collector of an exporter: a transport that answers by script, and records what it saw.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mastra_native_exporter::{
    clock,
    protocol::{answer::Outcome, reply::Reply, request::Body},
    signal::Signal,
    transport::Transport,
};
use tokio::time::{Instant, sleep};

use super::lock;

/// The collector's reaction to one attempt.
#[derive(Clone, Debug)]
pub enum Answer {
    /// This outcome after this delay.
    After(Duration, Outcome),
    Never,
    Panic,
}

pub const fn at_once(outcome: Outcome) -> Answer {
    Answer::After(Duration::ZERO, outcome)
}

pub fn delivered() -> Answer {
    at_once(Outcome::Delivered)
}

pub fn delivered_after(ms: u64) -> Answer {
    Answer::After(Duration::from_millis(ms), Outcome::Delivered)
}

pub fn failed(text: &str) -> Answer {
    at_once(Outcome::Retry { cause: text.to_owned(), after: None })
}

/// A failure with `Retry-After`.
pub fn held(seconds: u64) -> Answer {
    at_once(Outcome::Retry { cause: "busy".to_owned(), after: Some(Duration::from_secs(seconds)) })
}

pub fn rejected(status: u16) -> Answer {
    at_once(Outcome::AuthRejected(status))
}

pub fn refused(text: &str) -> Answer {
    at_once(Outcome::Refused { cause: text.to_owned() })
}

pub fn no_quota(probe_after_seconds: u64) -> Answer {
    at_once(Outcome::QuotaExhausted { probe_after: Duration::from_secs(probe_after_seconds) })
}

/// A script that gives these answers, and delivers after them.
pub fn first(
    answers: impl IntoIterator<Item = Answer, IntoIter: Send + 'static>,
) -> impl FnMut(&Call) -> Answer + Send {
    let mut answers = answers.into_iter();
    move |_| answers.next().unwrap_or_else(delivered)
}

/// One attempt as the collector saw it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The time since the engine was started.
    pub at: Duration,
    pub signal: Signal,
    pub body: String,
    /// Whether the engine asked for a compressed body.
    pub compress: bool,
    /// Whether it was answered with `Outcome::Delivered`.
    pub delivered: bool,
}

type Script = Box<dyn FnMut(&Call) -> Answer + Send>;

/// The far end of one exporter.
pub struct Collector {
    start: Instant,
    script: Mutex<Script>,
    calls: Mutex<Vec<Call>>,
    keeps_calls: bool,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Collector {
    pub fn new(start: Instant, script: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        Self {
            start,
            script: Mutex::new(Box::new(script)),
            calls: Mutex::default(),
            keeps_calls: true,
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    /// A collector that does not keep what it saw.
    pub fn forgetful(start: Instant, script: impl FnMut(&Call) -> Answer + Send + 'static) -> Self {
        Self { keeps_calls: false, ..Self::new(start, script) }
    }

    pub fn keeps_calls(&self) -> bool {
        self.keeps_calls
    }

    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// The times of the attempts.
    pub fn times(&self) -> Vec<Duration> {
        lock(&self.calls).iter().map(|call| call.at).collect()
    }

    /// Waits for this many attempts.
    pub async fn called(&self, count: usize) {
        for _ in 0..600_000 {
            if lock(&self.calls).len() >= count {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
        panic!("attempt {count} is not made within 10 minutes");
    }

    pub fn bodies(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.body).collect()
    }

    pub fn delivered_bodies(&self) -> Vec<String> {
        let delivered = self.calls().into_iter().filter(|call| call.delivered);
        delivered.map(|call| call.body).collect()
    }

    /// The number of attempts that were neither answered nor given up.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The largest number at the same time since the last call of this.
    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight.swap(self.in_flight(), Ordering::Relaxed)
    }
}

pub struct ScriptedTransport(pub Arc<Collector>);

/// Counts the end of an attempt, also when the engine drops its future.
struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Transport for ScriptedTransport {
    async fn send(&self, signal: Signal, body: Body) -> Reply {
        let collector = &self.0;
        let now = collector.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        let _in_flight = InFlight(&collector.in_flight);
        collector.most_in_flight.fetch_max(now, Ordering::Relaxed);
        let (index, answer) = {
            let mut calls = lock(&collector.calls);
            let call = Call {
                at: clock::now() - collector.start,
                signal,
                body: String::from_utf8(body.plain.to_vec()).unwrap(),
                compress: body.gzip.is_some(),
                delivered: false,
            };
            let answer = lock(&collector.script)(&call);
            if collector.keeps_calls {
                calls.push(call);
            }
            (calls.len().saturating_sub(1), answer)
        };
        match answer {
            Answer::After(delay, outcome) => {
                sleep(delay).await;
                if let Some(call) = lock(&collector.calls).get_mut(index) {
                    call.delivered = outcome == Outcome::Delivered;
                }
                outcome.into()
            }
            Answer::Never => pending().await,
            Answer::Panic => panic!("scripted"),
        }
    }
}
