//! Some bodies fail, for what is in them or by chance: the others arrive.

use std::{collections::BTreeSet, time::Duration};

use mastra_native_exporter::{protocol::answer::Outcome, stats::DropReason};
use tokio::time::sleep;

use super::{FAILURES, Failure, arrivals, numbers};
use crate::support::{Answer, Call, Rig, delivered_after, dropped_for, ms, secs};

/// One record a batch, `every` so often, of the signals in turn; those that `is_bad` always fail. Answers take
/// `latency` ms.
async fn assert_good_ones_arrive(
    what: &str,
    options: &str,
    signals: usize,
    (every, count): (Duration, usize),
    is_bad: impl Fn(usize) -> bool + Clone + Send + 'static,
    (failure, latency): (Failure, u64),
) {
    let rig = Rig::start();
    let fails = is_bad.clone();
    let exporter =
        rig.open(
            options,
            move |call| {
                if fails(numbers(call)[0]) { failure.answer(latency) } else { delivered_after(latency) }
            },
        );
    for number in 0..count {
        exporter.hand_over(&format!("{}{number}", number % signals));
        sleep(every).await;
    }
    sleep(secs(3)).await;
    let arrived = arrivals(&exporter);
    let missing: Vec<usize> = (0..count).filter(|&n| !is_bad(n) && !arrived.contains_key(&n)).collect();
    assert!(missing.is_empty(), "{what}: {} of {count} good ones have not arrived: {missing:?}", missing.len());
    for (number, at) in arrived {
        let waited = at.saturating_sub(every * u32::try_from(number).unwrap());
        // Where attempts are counted, bodies that hang are tried again at once when their time is over.
        let counted = options.contains("maxRetries") && matches!(failure, Failure::Hang);
        let most = if counted { secs(3) } else { secs(2) };
        assert!(waited <= most, "{what}: {number} waited {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_bodies_of_every_kind_hold_up_no_others() {
    for failure in FAILURES {
        for options in ["", r#","retryWindowMs":20000"#, r#","requestTimeoutMs":5000"#, r#","maxRetries":3"#] {
            let options = format!(r#""maxBatchSize":1{options}"#);
            let what = format!("every third {failure:?} with {options}");
            let every_third = |number: usize| number.is_multiple_of(3);
            assert_good_ones_arrive(&what, &options, 1, (ms(500), 200), every_third, (failure, 20)).await;
            let fifth_of_each = |number: usize| (number / 5).is_multiple_of(5);
            let what = format!("every fifth of five signals {failure:?} with {options}");
            assert_good_ones_arrive(&what, &options, 5, (ms(100), 600), fifth_of_each, (failure, 20)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bad_bodies_in_any_share_and_order_hold_up_no_others() {
    // The milliseconds between two bodies; how many of how many bodies are bad; how long an answer takes.
    let answered =
        [(1000, 2, 3, 20), (1000, 2, 3, 300), (500, 2, 3, 20), (500, 2, 3, 300), (200, 1, 2, 20), (200, 1, 2, 300)];
    let silent =
        [(1000, 2, 3, 20), (1000, 4, 5, 300), (500, 1, 2, 20), (500, 2, 3, 300), (500, 4, 5, 20), (200, 1, 3, 20)];
    let failures = FAILURES.into_iter().flat_map(|failure| {
        let table = if matches!(failure, Failure::Hang) { silent } else { answered };
        table.map(|row| (failure, row))
    });
    for (failure, (every, bad, of, latency)) in failures {
        for good_first in [true, false] {
            let is_bad = move |n: usize| if good_first { n % of >= of - bad } else { n % of < bad };
            let what = format!("{bad} of {of} {failure:?}, each {every} ms, {latency} ms, good first: {good_first}");
            let count = 100_000 / every;
            let pace = (ms(every as u64), count);
            assert_good_ones_arrive(&what, r#""maxBatchSize":1"#, 1, pace, is_bad, (failure, latency)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_hang_at_random_hold_up_no_others() {
    for (seed, share) in [(1, 0.3), (2, 0.5), (3, 0.6)] {
        for every in [500, 1000] {
            let mut rng = fastrand::Rng::with_seed(seed);
            let count = 150;
            let bad: Vec<bool> = (0..count).map(|_| rng.f64() < share).collect();
            let what = format!("{share} hang at random, each {every} ms");
            let (options, hangs) = (r#""maxBatchSize":1"#, (Failure::Hang, 20));
            assert_good_ones_arrive(&what, options, 1, (ms(every), count), move |n| bad[n], hangs).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_search_that_takes_longer_than_the_window_loses_only_the_bad_record() {
    // Each half that hangs takes 30 s. Three failures take longer than a window of 2 s.
    for (failure, window) in [(Failure::Hang, 300_000), (Failure::Hang, 20_000), (Failure::Status(500), 2000)] {
        let rig = Rig::start();
        let options = format!(r#""retryWindowMs":{window}"#);
        let is_bad = |number: &usize| *number == 700;
        let mut exporter =
            rig.open(
                &options,
                move |call| {
                    if numbers(call).iter().any(is_bad) { failure.answer(20) } else { delivered_after(20) }
                },
            );
        let lines: Vec<String> = (0..1000).map(|number| format!("0{number}")).collect();
        exporter.hand_over(&lines.join("\n"));
        for number in 1000..1600 {
            exporter.hand_over(&format!("0{number}"));
            exporter.flush(1);
            sleep(secs(1)).await;
        }
        let heard = exporter.settled(2).await;
        let lost = dropped_for(&heard, DropReason::RetriesExhausted);
        assert_eq!((exporter.counts().delivered, lost), (1599, 1), "{failure:?}, {window} ms");
        let requests = exporter.collector.calls().iter().filter(|call| !call.delivered).count();
        assert!(requests <= 1 + 2 * 10 + 16, "{failure:?}, {window} ms: {requests} requests with the record");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_at_random_of_every_kind_cost_no_record() {
    for (seed, failure) in FAILURES.into_iter().enumerate() {
        let seed = seed as u64;
        fastrand::seed(seed);
        for share in [0.1, 0.5] {
            let rig = Rig::start();
            let mut rng = fastrand::Rng::with_seed(seed);
            let options = r#""maxBatchSize":1,"requestTimeoutMs":1000"#;
            let mut exporter =
                rig.open_forgetful(
                    options,
                    move |_| if rng.f64() < share { failure.answer(50) } else { delivered_after(50) },
                );
            for number in 0..1200 {
                exporter.hand_over(&format!("{}{number}", number % 2));
                sleep(ms(100)).await;
            }
            sleep(secs(2)).await;
            let waiting = exporter.undelivered();
            // Half of the requests fail: a job waits for about 4 s, and 10 come in a second.
            assert!(waiting <= 250, "{share} {failure:?}: {waiting} wait at the end of two minutes");
            exporter.settled(1).await;
            let counts = exporter.counts();
            // One in 16,000 fails in each of the 14 tries of its window when half of the requests fail.
            assert!(counts.delivered >= 1199, "{share} {failure:?}: {counts:?}");
            assert_eq!(counts.delivered + counts.dropped(), 1200, "{share} {failure:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_collector_gets_what_a_busy_application_sends() {
    for (every, latency) in [(11, 20), (11, 100), (11, 200), (100, 500), (100, 2000)] {
        for flushes in [false, true] {
            let rig = Rig::start();
            let mut exporter = rig.open(r#""maxBatchSize":1"#, move |_| delivered_after(latency));
            for number in 0..3000 {
                exporter.hand_over(&format!("0{number}"));
                if flushes {
                    exporter.flush(number);
                }
                sleep(ms(every)).await;
            }
            let what = format!("a record each {every} ms, {latency} ms an answer, flushes: {flushes}");
            let start = arrivals(&exporter);
            let late = start.iter().map(|(&n, &at)| at.saturating_sub(ms(every) * u32::try_from(n).unwrap())).max();
            // Answers show that more requests at a time help: the limit grows as fast as they come.
            assert!(late.unwrap() <= ms(2000 + 2 * latency), "{what}: one waited {late:?}");
            exporter.settled(u32::MAX).await;
            assert_eq!(exporter.counts().delivered, 3000, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bad_records_of_every_kind_are_lost_alone() {
    for failure in FAILURES {
        let rig = Rig::start();
        let options = r#""maxBatchSize":50,"requestTimeoutMs":2000"#;
        let is_bad = |number: &usize| number % 400 == 137;
        let mut exporter =
            rig.open(
                options,
                move |call| {
                    if numbers(call).iter().any(is_bad) { failure.answer(20) } else { delivered_after(20) }
                },
            );
        for batch in 0..600 {
            let lines: Vec<String> = (0..10).map(|number| format!("1{}", batch * 10 + number)).collect();
            exporter.hand_over(&lines.join("\n"));
            sleep(ms(100)).await;
        }
        sleep(secs(400)).await;
        let heard = exporter.settled(1).await;
        let arrived: BTreeSet<usize> = arrivals(&exporter).into_keys().collect();
        let lost: Vec<usize> = (0..6000).filter(|number| !arrived.contains(number) && !is_bad(number)).collect();
        assert!(lost.is_empty(), "{failure:?}: {} good records are lost: {lost:?}", lost.len());
        assert_eq!(dropped_for(&heard, DropReason::RetriesExhausted), 15, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_bodies_that_comes_and_goes_costs_no_record() {
    // 10,000 bytes for a minute, all refused for ten seconds, then 1,000 bytes, then no limit.
    let limit = |at: Duration| match at.as_secs() {
        0..60 => 10_000,
        60..70 => 300,
        70..200 => 1000,
        _ => usize::MAX,
    };
    for every in [100, 1000] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""maxBatchSize":100"#, move |call| {
            let outcome = if call.body.len() > limit(call.at) { Outcome::Split } else { Outcome::Delivered };
            Answer::After(ms(5), outcome)
        });
        let count = 900_000 / every;
        for number in 0..count {
            let lines: Vec<String> = (0..20).map(|n| format!("0{}", 1_000_000_000 + number * 20 + n)).collect();
            exporter.hand_over(&lines.join("\n"));
            sleep(ms(every)).await;
        }
        let waiting = exporter.undelivered();
        let calls = exporter.collector.calls();
        let last: Vec<&Call> = calls.iter().filter(|call| call.at > secs(840)).collect();
        let whole = last.iter().filter(|call| call.delivered && call.body.len() > 900).count();
        assert!(whole * 10 >= last.len() * 9, "{whole} of {} bodies are whole again at the end", last.len());
        assert!(waiting <= 200, "{waiting} records wait at the end");
        exporter.settled(1).await;
        assert_eq!(exporter.counts().delivered, count * 20);
    }
}
