//! Which attempts are made, and when.

use std::time::Duration;

use mastra_native_exporter::{event::Event, signal::Signal};

use crate::support::{Answer, Call, Heard, Rig, delivered, delivered_after, failed, ms, rejected};

/// tokio's timers count whole milliseconds and never fire early.
const TICK_MS: u128 = 1;

/// Waits between the starts of attempts.
fn waits(calls: &[Call]) -> Vec<u128> {
    let pairs = calls.windows(2);
    pairs.map(|pair| pair[1].at.as_millis() - pair[0].at.as_millis()).collect()
}

fn assert_backoff(calls: &[Call], attempt_ms: u128) {
    let bases = [1000, 2000, 4000, 8000, 16_000].into_iter().chain(std::iter::repeat(30_000));
    for (wait, base) in waits(calls).into_iter().zip(bases) {
        let within = base * 8 / 10 + attempt_ms..=base * 12 / 10 + attempt_ms + TICK_MS;
        assert!(within.contains(&wait), "{wait} ms in {within:?}");
    }
}

fn dropped(heard: &[Heard]) -> Vec<(Signal, u64, &str)> {
    let dropped = heard.iter().filter_map(|heard| match &heard.event {
        Event::SignalDropped { signal, dropped_batch_size, cause, .. } => {
            Some((*signal, *dropped_batch_size, cause.as_str()))
        }
        _ => None,
    });
    dropped.collect()
}

#[tokio::test(start_paused = true)]
async fn max_retries_is_the_number_of_attempts_with_doubling_waits_between() {
    for attempts in [1, 2, 3, 5, 9] {
        let rig = Rig::start();
        let mut count = 0;
        let mut exporter = rig.open(&format!(r#""maxRetries":{attempts}"#), move |_| {
            count += 1;
            failed(&format!("attempt {count}"))
        });
        exporter.hand_over("3{}\n3{}");
        let heard = exporter.settled(1).await;
        let calls = exporter.collector.calls();
        assert_eq!(calls.len(), attempts);
        assert!(calls.iter().all(|call| call.body == r#"{"scores":[{},{}]}"#));
        assert_backoff(&calls, 0);
        let cause = format!("attempt {attempts}");
        assert_eq!(dropped(&heard), [(Signal::Scores, 2, cause.as_str())]);
        let ended = heard.last().unwrap();
        assert_eq!((ended.at, ended.undelivered), (calls[attempts - 1].at, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn waits_are_spread_and_not_all_the_same() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxRetries":2,"maxBatchSize":1"#, |_| failed("no"));
    let mut spread = Vec::new();
    for _ in 0..20 {
        let before = exporter.collector.calls().len();
        exporter.hand_over("0{}");
        exporter.flushed(1).await;
        spread.extend(waits(&exporter.collector.calls()[before..]));
    }
    let (least, most) = (spread.iter().min().unwrap(), spread.iter().max().unwrap());
    // 20 random values between 0 and 400 ms are all within 40 ms of each other about once in 10^18 runs.
    assert!(most - least > 40, "{spread:?}");
}

#[tokio::test(start_paused = true)]
async fn success_after_failures_is_a_delivery() {
    for failures in 1..3 {
        let rig = Rig::start();
        let mut count = 0;
        let mut exporter = rig.open("", move |_| {
            count += 1;
            if count <= failures { failed("no") } else { delivered() }
        });
        exporter.hand_over("0{}");
        let heard = exporter.flushed(1).await;
        assert_eq!(exporter.collector.calls().len(), failures + 1);
        let at = exporter.collector.calls()[failures].at;
        let Event::BatchDelivered { duration_ms, .. } = heard[1].event else { panic!("{heard:?}") };
        assert_eq!((heard.len(), u128::from(duration_ms)), (3, at.as_millis()));
    }
}

#[tokio::test(start_paused = true)]
async fn max_retries_of_zero_drops_without_an_attempt() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxRetries":0"#, |_| delivered());
    exporter.hand_over("0{}\n1{}\n1{}");
    let heard = exporter.flushed(1).await;
    let cause = "Request failed after multiple retry attempts";
    assert_eq!(dropped(&heard), [(Signal::Traces, 1, cause), (Signal::Logs, 2, cause)]);
    let Event::BatchIncomplete { failed_signals, .. } = &heard[5].event else { panic!("{heard:?}") };
    assert_eq!(failed_signals, &[Signal::Traces, Signal::Logs]);
    assert_eq!((heard.len(), heard[6].at, heard[6].undelivered), (7, Duration::ZERO, 0));
    assert!(exporter.collector.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_over_its_time_limit_is_a_failed_attempt() {
    let rig = Rig::start();
    let options = r#""maxRetries":3,"requestTimeoutMs":700"#;
    let mut exporter = rig.open(options, |_| Answer::Never);
    exporter.hand_over("0{}");
    let heard = exporter.flushed(1).await;
    let calls = exporter.collector.calls();
    assert_eq!(calls.len(), 3);
    assert_backoff(&calls, 700);
    let cause = "Request timed out after 700 ms";
    assert_eq!(dropped(&heard), [(Signal::Traces, 1, cause)]);
    assert_eq!(heard.last().unwrap().at, calls[2].at + ms(700));
    assert_eq!(exporter.collector.in_flight(), 0, "the request was let go");
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_is_for_each_attempt_and_not_a_moment_shorter() {
    let rig = Rig::start();
    let mut count = 0;
    let mut exporter = rig.open(r#""requestTimeoutMs":700"#, move |_| {
        count += 1;
        delivered_after(if count < 3 { 701 } else { 699 })
    });
    exporter.hand_over("0{}");
    let heard = exporter.flushed(1).await;
    assert_eq!(exporter.collector.calls().len(), 3);
    assert!(matches!(heard[1].event, Event::BatchDelivered { .. }), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_rejection_ends_the_tries_of_the_other_signals_of_its_batch() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxRetries":2"#, |call| match call.signal {
        Signal::Logs => failed("no logs"),
        Signal::Scores => rejected(403),
        _ => delivered(),
    });
    exporter.hand_over("0{}\n1{}\n2{}\n3{}\n4{}");
    let heard = exporter.flushed(1).await;
    let calls = exporter.collector.calls();
    let attempts = |signal| calls.iter().filter(|call| call.signal == signal).count();
    assert_eq!(Signal::ALL.map(attempts), [1; 5], "none after the rejection");
    assert_eq!(dropped(&heard), [], "the cooldown says it");
    let incomplete = heard.iter().find_map(|heard| match &heard.event {
        Event::BatchIncomplete { batch_size: 5, failed_signals, .. } => Some(failed_signals.as_slice()),
        _ => None,
    });
    assert_eq!(incomplete, Some([Signal::Logs, Signal::Scores].as_slice()), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_panics_costs_one_attempt_and_not_the_engine() {
    let rig = Rig::start();
    let mut count = 0;
    let mut exporter = rig.open(r#""maxRetries":2"#, move |_| {
        count += 1;
        if count % 4 == 2 { delivered() } else { Answer::Panic }
    });
    let mut bystander = rig.open("", |_| delivered_after(10));
    bystander.hand_over("0{}");
    exporter.hand_over("0{}");
    let heard = exporter.flushed(1).await;
    assert!(matches!(heard[1].event, Event::BatchDelivered { .. }), "{heard:?}");
    assert_backoff(&exporter.collector.calls(), 0);

    exporter.hand_over("0{}");
    let heard = exporter.flushed(2).await;
    assert_eq!(dropped(&heard), [(Signal::Traces, 1, "Request failed: internal error")]);
    assert_eq!((exporter.collector.calls().len(), exporter.undelivered()), (4, 0));
    assert!(matches!(bystander.flushed(1).await[1].event, Event::BatchDelivered { .. }));
}
