//! The invariants that are checked when a world has ended.

use mastra_native_exporter::signal::Signal;

use super::{
    far::{Far, Record},
    invariants::{Breach, Invariant, MOST_UPLOADED},
    play::Running,
    world::{End, Weather, World},
};
use crate::support::lock;

pub fn judge(member: &Running, world: &World, over: u64) -> Result<(), Breach> {
    let mut far = lock(&member.far);
    let settled = world.end == End::Settle && member.shut_down_at.is_none() && !member.closed;
    judge_counts(member, &mut far, settled, over);
    judge_losses(member, &mut far, world, over);
    judge_upload(&mut far, over);
    judge_order(member, &mut far, over);
    far.breaches.drain(..).next().map_or(Ok(()), Err)
}

fn judge_counts(member: &Running, far: &mut Far, settled: bool, over: u64) {
    for (signal, counts) in member.exporter.counts_by_signal().into_iter().enumerate() {
        let mine = || far.records.iter().filter(|record| record.signal == signal);
        let accepted = mine().count() as u64;
        let stored = mine().filter(|record| record.stored).count() as u64;
        let clear = mine().filter(|record| record.stored && !record.unclear).count() as u64;
        let left = counts.queued + counts.in_flight;
        // A record that was stored with an unclear answer may be counted as delivered or as dropped.
        let sound = counts.accepted == accepted
            && counts.delivered <= stored
            && (!settled || left == 0 && clear <= counts.delivered);
        if !sound {
            let text = format!("{counts:?}, but {stored} of {accepted} were stored, {clear} with a clear answer");
            far.breach(Invariant::Accounting, over, text);
        }
    }
}

fn judge_losses(member: &Running, far: &mut Far, world: &World, over: u64) {
    let count = |reason: &str| member.dropped.get(reason).copied().unwrap_or(0);
    // Losses with another cause than a full queue. The counters do not say which records they were.
    let excused = count("queueFull") + count("authRejected") + count("quotaPaused") + far.refused;
    let end = member.shut_down_at.unwrap_or(over);
    let needless: Vec<usize> = (0..far.records.len()).filter(|&number| is_needless(far, number, end, world)).collect();
    if needless.len() as u64 > excused {
        let first = needless[0];
        let record = &far.records[first];
        let text = format!(
            "{} records that could have been delivered are lost or wait ({excused} excused): {first} {record:?}, {:?}",
            needless.len(),
            member.dropped
        );
        far.breach(Invariant::Loss, over, text);
    }
}

/// Whether a record was not delivered although delivery was possible.
fn is_needless(far: &Far, number: usize, end: u64, world: &World) -> bool {
    let record = &far.records[number];
    if record.stored || far.is_poison(number) || !far.tells_bad_bodies(record.signal) {
        return false;
    }
    if let Some(tries) = far.member.option("maxRetries") {
        // The search for a bad record begins again.
        return u64::from(record.tries) < tries
            && far.health[record.signal].is_healthy(record.at, end)
            && !record.shared
            && end > record.at + far.member.number("maxBatchWaitMs") + 70_000;
    }
    let wait = far.member.number("maxBatchWaitMs");
    let window = far.member.number("retryWindowMs");
    let until = (record.at + window).min(end);
    if record.shared && (window < 120_000 || !another_got_through(far, record, until)) {
        return false;
    }
    let Some((up, down)) = far.health[record.signal].longest_up(record.at, until) else { return false };
    let up_for = down - up;
    if far.health[record.signal].is_random(record.at, until) {
        // Every try may fail by chance, but there must have been about as many as the pauses allow.
        return up_for > wait + 20_000 && u64::from(record.tries) < tries_in(up_for - wait) / 2;
    }
    // A record that has failed waits as long as it did before, plus a third for jitter, and at most 40 s.
    let pause = if record.tries == 0 { 3000 } else { ((up - record.at) * 13 / 10 + 3000).min(40_000) };
    let slack = if matches!(world.end, End::Drain(_) | End::Stop(_)) { 1000 } else { 0 };
    up_for > wait + pause + slack + if record.shared { 120_000 } else { 0 }
}

/// Whether the engine could tell that the record's body was bad and not its address. It could if other bodies of the signal
/// were accepted during the whole time of the record, or once with time left while no other bad record waited.
fn another_got_through(far: &Far, record: &Record, until: u64) -> bool {
    let Some(sent) = record.first_sent else { return false };
    let taken = |from: u64, to: u64| far.deliveries[record.signal].iter().any(|at| (from..to).contains(at));
    let tenth = (until - record.at) / 10;
    let window = far.member.number("retryWindowMs");
    let near = |at: u64| at + window > record.at && at < until;
    let bad = far.poison[record.signal].iter().filter(|&&number| near(far.records[number].at));
    (0..10).all(|part| taken(record.at + part * tenth, record.at + (part + 1) * tenth))
        || bad.count() == 1 && taken(sent + 1, until.saturating_sub(120_000))
}

/// The number of tries of a record in this time with pauses of 1 s doubling to 30 s.
fn tries_in(time: u64) -> u64 {
    let seconds = time / 1000;
    if seconds < 63 { u64::from((seconds + 1).ilog2()) + 1 } else { 6 + (seconds - 63) / 36 }
}

fn judge_upload(far: &mut Far, over: u64) {
    let weather = &far.member.weather;
    let limit = weather.iter().find_map(|clause| match clause.what {
        Weather::Limit { bytes } => Some(bytes as u64),
        _ => None,
    });
    let only = weather.iter().all(|clause| matches!(clause.what, Weather::Limit { .. } | Weather::Latency { .. }));
    let Some(limit) = limit.filter(|_| only) else { return };
    for signal in 0..Signal::ALL.len() {
        let stored = far.records.iter().filter(|record| record.signal == signal && record.stored);
        let arrived: usize = stored.map(|record| record.bytes).sum();
        let largest = far.member.number("maxBatchBytes").min(far.member.number("maxQueueBytes") / 8);
        let uploaded = far.uploaded[signal];
        // A record beyond the limit is sent once, while others are delivered, so that the engine learns about the limit.
        let oversize = far.records.iter().filter(|record| record.signal == signal && !record.stored);
        let oversize: usize = oversize.map(|record| record.bytes).sum();
        let refused = if arrived > 0 { 2 * oversize } else { 0 };
        // A collector that refuses every record is asked with sixteen single ones a minute.
        let asked = over / 60_000 * 40 * far.largest as u64;
        // The first bodies search for the size that is accepted.
        if uploaded as f64
            > MOST_UPLOADED * arrived as f64 + (16 * largest + 16 * limit + refused as u64 + asked) as f64
        {
            let text = format!("{uploaded} bytes of signal {signal} were sent for {arrived} that arrived");
            far.breach(Invariant::Upload, over, text);
        }
    }
}

/// When the queue is full, the oldest records of a signal go first: no record that was never tried is lost while an older
/// one waits.
fn judge_order(member: &Running, far: &mut Far, over: u64) {
    let only_overflow = member.dropped.keys().all(|&reason| reason == "queueFull");
    let Some(&last) = member.overflows.last().filter(|_| only_overflow) else { return };
    for signal in 0..Signal::ALL.len() {
        let mine = || far.records.iter().filter(|record| record.signal == signal);
        // It was handed over before the lost one, and waited until after the last overflow.
        let Some(old) = mine().find(|record| record.stored && record.first_sent.is_some_and(|sent| sent > last)) else {
            continue;
        };
        let mut newer = mine().filter(|record| record.tries == 0 && record.at > old.at && record.at <= last);
        if let Some(newer) = newer.next() {
            let text = format!("a record of {} ms was let go while {old:?} waited", newer.at);
            far.breach(Invariant::Order, over, text);
        }
    }
}
