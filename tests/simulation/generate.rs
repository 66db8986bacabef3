//! A world from a seed.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};

use super::{
    health::load,
    world::{Clause, Deed, End, Member, Weather, World},
};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
/// The number of actions of one exporter's application in a world. It decides how long a run takes.
const MOST_DEEDS: u64 = 12_000;

pub fn world(seed: u64) -> World {
    let mut rng = Rng::with_seed(seed);
    let lasts = one_of(&mut rng, &[HOUR / 6, HOUR, 3 * HOUR, 6 * HOUR]);
    let members = one_of(&mut rng, &[1, 1, 1, 1, 2, 3]);
    let end = match rng.u32(0..10) {
        0..6 => End::Settle,
        6..8 => End::Shutdown(one_of(&mut rng, &[2000, 8000, 30_000])),
        8 => End::Stop(one_of(&mut rng, &[2000, 8000])),
        _ => End::Drain(2000),
    };
    let exporters = (0..members).map(|_| member(&mut rng, lasts)).collect();
    World { seed, lasts, end, exporters }
}

fn one_of<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(..choices.len())]
}

fn maybe<T: Copy>(rng: &mut Rng, percent: u32, choices: &[T]) -> Option<T> {
    (rng.u32(0..100) < percent).then(|| one_of(rng, choices))
}

fn member(rng: &mut Rng, lasts: u64) -> Member {
    let mut member = Member { options: options(rng), ..Member::default() };
    // The time in which the application is busy. Most faults of the collector happen then.
    let busy = busy(rng, lasts);
    for _ in 0..one_of(rng, &[1, 1, 2, 3]) {
        let deed = deed(rng, &member, &busy);
        member.application.push(deed);
    }
    if rng.u32(0..20) == 0 {
        let from = rng.u64(0..lasts);
        let what = if rng.bool() { Deed::Close } else { Deed::Shutdown { within: 8000 } };
        member.application.push(Clause { from, lasts: 1, every: 0, what });
    }
    let latency = Weather::Latency { ms: one_of(rng, &[0, 2, 5, 20, 100, 300]), spread: one_of(rng, &[0, 5, 50]) };
    member.weather.push(Clause { from: 0, lasts: u64::MAX, every: 0, what: latency });
    for _ in 0..one_of(rng, &[0, 1, 1, 1, 2, 3]) {
        let clause = weather(rng, &mut member, lasts, &busy);
        member.weather.insert(member.weather.len() - 1, clause);
    }
    // A world in which an application exports more than its collector can accept checks nothing.
    let most = one_of(rng, &[1.0, 1.0, 3.0]);
    while load(&member) > most {
        for clause in &mut member.application {
            match &mut clause.what {
                Deed::Export { period, .. } | Deed::Request { period, .. } | Deed::Flush { period, .. } => *period *= 2,
                _ => {}
            }
        }
    }
    member
}

fn options(rng: &mut Rng) -> BTreeMap<String, Value> {
    let mut options = BTreeMap::new();
    let mut number = |name: &str, value: Option<u64>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), json!(value));
        }
    };
    number("maxBatchSize", maybe(rng, 50, &[1, 1, 5, 20, 100]));
    number("maxBatchWaitMs", maybe(rng, 40, &[50, 500, 1000, 2000]));
    number("retryWindowMs", maybe(rng, 40, &[20_000, 50_000, 120_000, 1_800_000]));
    number("maxRetries", maybe(rng, 7, &[1, 3, 5]));
    number("requestTimeoutMs", maybe(rng, 30, &[1000, 5000, 60_000]));
    number("maxBatchBytes", maybe(rng, 20, &[2048, 65_536]));
    number("maxQueueBytes", maybe(rng, 30, &[1 << 20, 4 << 20]));
    if rng.u32(0..10) == 0 {
        options.insert("compression".to_owned(), json!("gzip"));
    }
    options
}

/// A stretch of activity.
fn busy(rng: &mut Rng, lasts: u64) -> Clause<()> {
    let from = rng.u64(0..lasts / 2);
    let length = one_of(rng, &[MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR]);
    Clause { from, lasts: length, every: one_of(rng, &[0, 0, 2 * length, HOUR + length]), what: () }
}

fn deed(rng: &mut Rng, member: &Member, busy: &Clause<()>) -> Clause<Deed> {
    let signal = maybe(rng, 60, &[0, 1, 2, 3, 4]);
    let mut period = one_of(rng, &[10, 50, 100, 500, 1000, 5000, 30_000]);
    let bytes = one_of(rng, &[2, 30, 30, 300, 2000]);
    let mut what = match rng.u32(0..10) {
        // A burst: as many as can be sent in about a second.
        0 => {
            period = 2 * MINUTE;
            let batches = if member.number("maxBatchSize") < 5 { 5 } else { 30 };
            Deed::Export { period, count: batches * one_of(rng, &[1, 2]), bytes, signal }
        }
        1..3 => Deed::Request { period, signal },
        3 => Deed::Flush { period, within: one_of(rng, &[0, 500, 5000, 30_000]) },
        _ => Deed::Export { period, count: one_of(rng, &[1, 1, 1, 2, 5, 10]), bytes, signal },
    };
    let rounds = (6 * HOUR).checked_div(busy.every).unwrap_or(0) + 1;
    while busy.lasts / what.period() * rounds > MOST_DEEDS {
        match &mut what {
            Deed::Export { period, .. } | Deed::Request { period, .. } | Deed::Flush { period, .. } => *period *= 2,
            _ => break,
        }
    }
    Clause { from: busy.from, lasts: busy.lasts, every: busy.every, what }
}

fn weather(rng: &mut Rng, member: &mut Member, lasts: u64, busy: &Clause<()>) -> Clause<Weather> {
    let signal = maybe(rng, 50, &[0, 1, 2]);
    let share = one_of(rng, &[1000, 1000, 1000, 500, 300, 50]);
    let status = one_of(rng, &[500, 503, 503, 429, 408]);
    let what = match rng.u32(0..18) {
        0..4 => Weather::Fail { signal, per_mille: share, status, retry_after: None },
        4..6 => {
            let seconds = one_of(rng, &[0, 1, 5, 30, 300, 86_400]);
            let status = one_of(rng, &[503, 429]);
            Weather::Fail { signal, per_mille: share, status, retry_after: Some(seconds) }
        }
        6 => Weather::Fail { signal, per_mille: share, status: one_of(rng, &[401, 403]), retry_after: None },
        7 => {
            member.options.insert("quotaPause".to_owned(), json!(true));
            Weather::Fail { signal, per_mille: share, status: 402, retry_after: None }
        }
        8 => Weather::Fail { signal, per_mille: share.min(300), status: one_of(rng, &[404, 302]), retry_after: None },
        9..11 => Weather::Hang { signal, per_mille: share, stored: rng.bool() },
        11 => Weather::Reset { signal, per_mille: share, stored: rng.bool() },
        12..14 => return always(poison(rng, member)),
        14 => return always(Weather::Limit { bytes: one_of(rng, &[50, 500, 5000, 100_000]) }),
        15 => return always(Weather::Plain),
        16 => return blips(rng, member, signal, busy),
        _ => return flood(member, busy),
    };
    let length = one_of(rng, &[SECOND / 2, SECOND, 5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, HOUR]);
    let from = (busy.from + rng.u64(0..busy.lasts)).min(lasts);
    let every = one_of(rng, &[0, 0, 4 * length, 20 * length, HOUR.max(4 * length)]);
    Clause { from, lasts: length, every, what }
}

fn always<T>(what: T) -> Clause<T> {
    Clause { from: 0, lasts: u64::MAX, every: 0, what }
}

/// Short outages, each met by several requests that are under way at the same time.
fn blips(rng: &mut Rng, member: &mut Member, touched: Option<usize>, busy: &Clause<()>) -> Clause<Weather> {
    member.options.insert("maxBatchSize".to_owned(), json!(1));
    for clause in &mut member.application {
        if let Deed::Export { period, count, signal, .. } = &mut clause.what {
            (*period, *count) = ((*period).max(800), 4);
            *signal = signal.or(Some(touched.unwrap_or(0)));
        }
    }
    if let Some(Clause { what: Weather::Latency { ms, .. }, .. }) = member.weather.last_mut() {
        *ms = 200;
    }
    let what = Weather::Fail { signal: touched, per_mille: 1000, status: one_of(rng, &[500, 503]), retry_after: None };
    Clause { from: busy.from, lasts: one_of(rng, &[300, 600, 1000]), every: 2 * MINUTE, what }
}

/// An outage that ends before its records do, with more of them than the queue holds.
fn flood(member: &mut Member, busy: &Clause<()>) -> Clause<Weather> {
    member.options.insert("maxQueueBytes".to_owned(), json!(1 << 20));
    member.options.insert("retryWindowMs".to_owned(), json!(HOUR / 2));
    member.options.remove("maxRetries");
    for clause in &mut member.application {
        if let Deed::Export { period, count, bytes, .. } = &mut clause.what {
            (*period, *count, *bytes) = ((*period).clamp(500, SECOND), 10, 2000);
            (clause.lasts, clause.every) = (clause.lasts.min(5 * MINUTE), 0);
        }
    }
    let what = Weather::Fail { signal: None, per_mille: 1000, status: 503, retry_after: None };
    Clause { from: busy.from, lasts: 2 * MINUTE, every: 0, what }
}

/// Limits the records that cannot be stored. If most bodies had one, an engine could not tell them from an outage.
fn poison(rng: &mut Rng, member: &mut Member) -> Weather {
    let size = one_of(rng, &[1, 1, 4]);
    let status = one_of(rng, &[500, 500, 503, 400, 422, 0, 0]);
    let period_at_least = if status == 0 { SECOND } else { SECOND / 2 };
    member.options.insert("maxBatchSize".to_owned(), json!(size));
    if status == 0 {
        // Requests that hang are limited in number, and a search makes one after the other.
        let timeout = if size == 1 { one_of(rng, &[SECOND, 5 * SECOND, 30 * SECOND]) } else { SECOND };
        member.options.insert("requestTimeoutMs".to_owned(), json!(timeout));
    }
    for clause in &mut member.application {
        match &mut clause.what {
            Deed::Export { period, count, .. } => (*period, *count) = ((*period).max(period_at_least), 1),
            Deed::Request { period, .. } => *period = (*period).max(period_at_least),
            _ => {}
        }
    }
    let divisor = size * one_of(rng, &[3, 5, 20]);
    Weather::Poison { divisor, status }
}
