//! What can be expected of a signal's address, from the description of its world alone.

use super::world::{Clause, Deed, Member, Weather};
use mastra_native_exporter::signal::Signal;

const SECOND: u64 = 1000;
/// The longest pause between two tries, jitter included, and a moment to send what waits.
const LONGEST_PAUSE: u64 = 40 * SECOND;
/// `x-mastra-observability-retry-after` of the simulated collectors.
pub const PROBE_AFTER: u64 = 60 * SECOND;
/// The longest cooldown after a rejection of the credentials, jitter included.
const LONGEST_COOLDOWN: u64 = 15 * 66 * SECOND;
/// `Retry-After` is followed up to here.
pub const LONGEST_HOLD: u64 = 300 * SECOND;

/// A time in which requests of a signal fail.
#[derive(Clone, Debug)]
struct Trouble {
    from: u64,
    until: u64,
    /// The end of its effects: pauses, holds, and the records that have gathered meanwhile.
    calm: u64,
    /// Some requests get through, by chance.
    random: bool,
    /// No request gets through. Each is answered or broken off at once, without `Retry-After`.
    outage: bool,
}

/// The troubles of one signal.
#[derive(Debug, Default)]
pub struct Health {
    troubles: Vec<Trouble>,
}

impl Health {
    /// By signal.
    pub fn of(member: &Member, end: u64) -> Vec<Self> {
        (0..Signal::ALL.len()).map(|signal| Self::of_signal(member, signal, end)).collect()
    }

    fn of_signal(member: &Member, signal: usize, end: u64) -> Self {
        let mut troubles = Vec::new();
        for clause in &member.weather {
            let Some(kind) = Kind::of(member, &clause.what, signal) else { continue };
            for (from, until) in clause.stretches(end) {
                // Requests that are not needed for new records send what has gathered; four are in flight in all.
                let gathered = (until - from).min(member.number("retryWindowMs").max(SECOND));
                let load = load(member);
                let gathered = if load < 2.0 { gathered * 2 } else { u64::MAX / 2 };
                // The pause doubles from one second, so it is at most as long as the trouble was, plus jitter and rounding.
                let pause =
                    if kind.random { LONGEST_PAUSE } else { (2 * (until - from) + 3 * SECOND).min(LONGEST_PAUSE) };
                let calm = until.saturating_add(kind.aftermath + pause).saturating_add(gathered);
                troubles.push(Trouble { from, until, calm, random: kind.random, outage: kind.outage });
            }
        }
        Self { troubles }
    }

    /// Whether nothing keeps a request from being sent and taken in this time.
    pub fn is_healthy(&self, from: u64, to: u64) -> bool {
        self.troubles.iter().all(|trouble| to < trouble.from || trouble.calm <= from)
    }

    /// The longest part of this time in which nothing but chance makes requests fail.
    pub fn longest_up(&self, from: u64, to: u64) -> Option<(u64, u64)> {
        let mut troubles: Vec<&Trouble> = self.troubles.iter().filter(|trouble| !trouble.random).collect();
        troubles.sort_by_key(|trouble| trouble.from);
        let (mut longest, mut up_from) = (None, from);
        let ends = troubles.iter().map(|trouble| (trouble.from, trouble.calm)).chain([(to, to)]);
        for (down, calm) in ends {
            let down = down.min(to);
            if down > up_from && longest.is_none_or(|(from, to)| to - from < down - up_from) {
                longest = Some((up_from, down));
            }
            up_from = up_from.max(calm);
        }
        longest
    }

    /// Whether chance makes requests fail at some time in this.
    pub fn is_random(&self, from: u64, to: u64) -> bool {
        self.troubles.iter().any(|trouble| trouble.random && trouble.from <= to && from < trouble.calm)
    }

    /// Since when each request fails, if it does.
    pub fn down_since(&self, at: u64) -> Option<u64> {
        let outages =
            self.troubles.iter().filter(|trouble| trouble.outage && (trouble.from..trouble.until).contains(&at));
        outages.map(|trouble| trouble.from).min()
    }
}

struct Kind {
    /// Beyond the pause.
    aftermath: u64,
    random: bool,
    outage: bool,
}

impl Kind {
    /// What a clause means for a signal; `None`: no trouble.
    fn of(member: &Member, weather: &Weather, signal: usize) -> Option<Self> {
        let touches = |touched: Option<usize>| touched.is_none_or(|touched| touched == signal);
        match *weather {
            Weather::Fail { signal, per_mille, status, retry_after } => {
                let total = per_mille >= 1000;
                match status {
                    401 | 403 => Some(Self { aftermath: LONGEST_COOLDOWN, random: false, outage: false }),
                    402 if member.quota_pause() => {
                        let aftermath = 2 * PROBE_AFTER + member.number("requestTimeoutMs");
                        Some(Self { aftermath, random: false, outage: false })
                    }
                    // A collector that says when it is back says so for all of it.
                    503 if retry_after.is_some() => {
                        let hold = (retry_after.unwrap() * SECOND).min(LONGEST_HOLD);
                        Some(Self { aftermath: hold, random: false, outage: false })
                    }
                    408 | 425 | 429 | 500..=599 if touches(signal) => {
                        let hold = retry_after.map(|seconds| (seconds * SECOND).min(LONGEST_HOLD));
                        let outage = total && hold.is_none();
                        let random = !total && hold.is_none();
                        Some(Self { aftermath: hold.unwrap_or(0), random, outage })
                    }
                    _ => touches(signal).then_some(Self { aftermath: 0, random: false, outage: false }),
                }
            }
            Weather::Reset { signal, per_mille, .. } if touches(signal) => {
                Some(Self { aftermath: 0, random: per_mille < 1000, outage: per_mille >= 1000 })
            }
            Weather::Hang { signal, .. } if touches(signal) => {
                let aftermath = 2 * member.number("requestTimeoutMs") + LONGEST_PAUSE;
                Some(Self { aftermath, random: false, outage: false })
            }
            _ => None,
        }
    }
}

/// An upper limit of the load: the share of the time with a request in flight, if requests were sent one after the other.
pub fn load(member: &Member) -> f64 {
    let latency = member.weather.iter().filter_map(|clause| match clause.what {
        Weather::Latency { ms, spread } => Some(ms + spread),
        _ => None,
    });
    let latency = latency.max().unwrap_or(DEFAULT_LATENCY).max(1);
    batches_per_second(member) * latency as f64 / 1000.0
}

/// How long an answer takes where the world does not say.
pub const DEFAULT_LATENCY: u64 = 20;

/// An upper limit of the requests for the application's records, if each record is sent once.
fn batches_per_second(member: &Member) -> f64 {
    let (size, wait) = (member.number("maxBatchSize") as f64, member.number("maxBatchWaitMs") as f64);
    let batch_bytes = member.number("maxBatchBytes").min(member.number("maxQueueBytes") / 8) as f64;
    let (mut exports, mut full, mut flushes) = (0.0, 0.0, 0.0);
    for Clause { what, .. } in &member.application {
        let per_second = 1000.0 / what.period() as f64;
        match *what {
            Deed::Export { count, bytes, .. } => {
                exports += per_second * count.min(Signal::ALL.len()) as f64;
                full += per_second * count as f64 * (1.0 / size).max(bytes as f64 / batch_bytes);
            }
            Deed::Request { .. } => {
                exports += per_second;
                flushes += per_second;
            }
            Deed::Flush { .. } => flushes += per_second,
            _ => {}
        }
    }
    full + exports.min((flushes + 1000.0 / wait) * Signal::ALL.len() as f64)
}
