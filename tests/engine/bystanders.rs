//! One bad body, one silent address or one busy flush does not stop the others.

use std::{collections::BTreeSet, time::Duration};

use mastra_native_exporter::{event::Event, protocol::answer::Outcome, signal::Signal, stats::DropReason};
use tokio::time::sleep;

use crate::support::{Answer, Call, Exporter, Rig, at_once, delivered, dropped_for, events, failed, held, ms, secs};

const ONE_A_BATCH: &str = r#""maxBatchSize":1"#;

/// The number of the only record of a body.
fn number(call: &Call) -> usize {
    call.body.split_once(":[").unwrap().1.trim_end_matches("]}").parse().unwrap()
}

/// Numbers of the records that arrived, and when.
fn arrivals(exporter: &Exporter) -> Vec<(usize, Duration)> {
    let calls = exporter.collector.calls();
    calls.iter().filter(|call| call.delivered).map(|call| (number(call), call.at)).collect()
}

/// A batch every `every`. Each batch whose number is a multiple of `bad` fails.
async fn assert_good_ones_arrive(options: &str, bad: usize, every: Duration, count: usize) {
    let rig = Rig::start();
    let exporter =
        rig.open(options, move |call| if number(call).is_multiple_of(bad) { failed("500") } else { delivered() });
    for record in 0..count {
        exporter.hand_over(&format!("0{record}"));
        sleep(every).await;
    }
    sleep(secs(2)).await;
    let arrived = arrivals(&exporter);
    let good: Vec<usize> = (0..count).filter(|number| !number.is_multiple_of(bad)).collect();
    let numbers: BTreeSet<usize> = arrived.iter().map(|&(number, _)| number).collect();
    assert_eq!(numbers.into_iter().collect::<Vec<_>>(), good);
    for (number, at) in arrived {
        let first_possible = every * u32::try_from(number).unwrap();
        assert!(at <= first_possible + secs(2), "{number} at {at:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_always_fail_hold_up_no_others() {
    let window = r#""maxBatchSize":1,"retryWindowMs":20000"#;
    assert_good_ones_arrive(window, 3, ms(500), 100).await;
    assert_good_ones_arrive(ONE_A_BATCH, 5, ms(500), 160).await;
    assert_good_ones_arrive(ONE_A_BATCH, 2, ms(500), 400).await;
    assert_good_ones_arrive(ONE_A_BATCH, 2, secs(5), 200).await;
}

#[tokio::test(start_paused = true)]
async fn failures_at_random_cost_no_record() {
    for (seed, share) in [(1, 0.3), (2, 0.3), (3, 0.5)] {
        fastrand::seed(seed);
        let rig = Rig::start();
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut exporter = rig.open(ONE_A_BATCH, move |_| {
            let outcome = if rng.f64() < share {
                Outcome::Retry { cause: "503".to_owned(), after: None }
            } else {
                Outcome::Delivered
            };
            Answer::After(ms(20), outcome)
        });
        for record in 0..6000 {
            exporter.hand_over(&format!("0{record}"));
            sleep(ms(100)).await;
        }
        sleep(secs(1)).await;
        let waiting = exporter.undelivered();
        assert!(waiting <= 100, "{waiting} wait at the end of ten minutes");
        exporter.settled(1).await;
        assert_eq!((exporter.counts().delivered, exporter.counts().dropped()), (6000, 0), "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_fails_for_its_content_is_lost_alone_and_named() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":64,"retryWindowMs":60000"#, |call| {
        if call.body.contains("bad") { failed("500") } else { delivered() }
    });
    let mut lines: Vec<String> = (0..64).map(|number| format!(r#"0{{"spanId":"s{number}"}}"#)).collect();
    lines[37] = r#"0{"spanId":"bad"}"#.to_owned();
    exporter.hand_over(&lines.join("\n"));
    for _ in 0..120 {
        exporter.hand_over("0{}");
        exporter.flush(1);
        sleep(ms(500)).await;
    }
    let heard = exporter.settled(2).await;
    assert_eq!(dropped_for(&heard, DropReason::RetriesExhausted), 1);
    assert_eq!(exporter.counts().delivered, 63 + 120);
    let named = events(&heard).into_iter().find_map(|event| match event {
        Event::RecordDropped { record, reason, .. } => Some((record.span_id, reason)),
        _ => None,
    });
    assert_eq!(named, Some((Some("bad".to_owned()), DropReason::RetriesExhausted)));
    let requests = exporter.collector.bodies().iter().filter(|body| body.contains("bad")).count();
    assert!(requests <= 3 + 6 + 8 + 8, "{requests} requests with the record");
}

#[tokio::test(start_paused = true)]
async fn a_whole_batch_that_fails_while_nothing_else_is_sent_stays_whole() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":8"#, |_| failed("500"));
    exporter.hand_over(&["0{}"; 8].join("\n"));
    exporter.settled(1).await;
    assert!(exporter.collector.bodies().iter().all(|body| body.matches("{}").count() == 8));
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_flushes_brings_one_try_a_second() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| failed("503"));
    for ticket in 0..1400 {
        exporter.hand_over("0{}\n1{}");
        exporter.flush(ticket);
        sleep(ms(11)).await;
    }
    for signal in [Signal::Traces, Signal::Logs] {
        let calls = exporter.collector.calls();
        let times: Vec<Duration> = calls.iter().filter(|call| call.signal == signal).map(|call| call.at).collect();
        // Three requests before the address counts as failing, one a second, and one at the end of each pause.
        assert!(times.len() <= 3 + 16 + 5, "{signal:?}: {} requests in 15 s", times.len());
    }
    let flushed = exporter.heard().iter().filter(|heard| matches!(heard.event, Event::Flushed { .. })).count();
    assert!(flushed >= 1400 - 100, "{flushed} of 1400 flushes are answered: they share tries");
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_hangs_holds_up_no_other() {
    let rig = Rig::start();
    let exporter = rig.open(ONE_A_BATCH, |call| match call.signal {
        Signal::Traces => Answer::Never,
        _ => delivered(),
    });
    for second in 0..60 {
        exporter.hand_over("0{}\n1{}");
        sleep(secs(1)).await;
        assert_eq!(exporter.counts_by_signal()[1].delivered, second + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_try_after_a_blip_comes_within_two_seconds_however_many_were_under_way() {
    for under_way in [1, 4, 12] {
        let rig = Rig::start();
        let exporter = rig.open(ONE_A_BATCH, |call| {
            let outcome = if call.at < ms(800) {
                Outcome::Retry { cause: "blip".to_owned(), after: None }
            } else {
                Outcome::Delivered
            };
            Answer::After(ms(100), outcome)
        });
        for record in 0..under_way {
            exporter.hand_over(&format!("0{record}"));
        }
        sleep(ms(1800)).await;
        assert_eq!(exporter.counts().delivered, under_way, "{:?}", exporter.collector.times());
    }
}

#[tokio::test(start_paused = true)]
async fn the_gate_closes_at_the_first_rejection() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |call| match call.signal {
        Signal::Traces => at_once(Outcome::AuthRejected(401)),
        _ => failed("503"),
    });
    for _ in 0..60 {
        exporter.hand_over("0{}\n1{}");
        sleep(secs(5)).await;
    }
    let rejected = exporter.collector.calls().len();
    assert!(rejected <= 12, "{rejected} requests with the rejected token in 300 s");
    let heard = exporter.settled(1).await;
    let failed_signals = events(&heard).into_iter().find_map(|event| match event {
        Event::AuthCooldown { failed_signals, .. } => Some(failed_signals),
        _ => None,
    });
    assert_eq!(failed_signals, Some(vec![Signal::Traces, Signal::Logs]));
}

#[tokio::test(start_paused = true)]
async fn four_twenty_nine_holds_its_signal_and_503_its_origin() {
    let too_many = || Outcome::TooMany { cause: "429".to_owned(), after: Some(secs(300)) };
    for (outcome, others) in [(too_many(), 1), (Outcome::Retry { cause: "503".into(), after: Some(secs(300)) }, 0)] {
        let rig = Rig::start();
        let mut first = true;
        let exporter = rig.open("", move |call| match call.signal {
            Signal::Metrics if std::mem::take(&mut first) => at_once(outcome.clone()),
            _ => delivered(),
        });
        exporter.hand_over("2{}");
        exporter.flush(1);
        sleep(secs(1)).await;
        exporter.hand_over("1{}\n2{}");
        exporter.flush(2);
        sleep(secs(200)).await;
        let delivered = exporter.counts_by_signal()[1].delivered;
        assert_eq!((delivered, exporter.collector.calls().len()), (others, 1 + usize::try_from(others).unwrap()));
        sleep(secs(101)).await;
        assert_eq!(exporter.counts().delivered, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_at_the_end_for_a_hold_that_lasts_longer() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |call| match call.signal {
        Signal::Metrics => at_once(Outcome::TooMany { cause: "429".to_owned(), after: Some(secs(300)) }),
        _ => Answer::After(ms(100), Outcome::Delivered),
    });
    exporter.hand_over("2{}");
    exporter.flush(1);
    sleep(secs(1)).await;
    exporter.hand_over("0{}\n1{}\n2{}\n2{}");
    let drain = rig.drain_within(secs(2));
    sleep(ms(150)).await;
    assert!(drain.is_over(), "{:?}", exporter.counts());
    let counts = exporter.counts();
    assert_eq!((counts.delivered, counts.dropped_for(DropReason::Shutdown)), (2, 3));
    assert_eq!(exporter.collector.calls().len(), 4, "one more try of the held signal");
    let said = |event: &Event| matches!(event, Event::ShutdownIncomplete { dropped_records: 3, .. });
    assert!(events(&exporter.heard()).iter().any(said));
}

#[tokio::test(start_paused = true)]
async fn one_try_at_the_end_ends_a_hold_if_it_gets_through() {
    let rig = Rig::start();
    let exporter = rig.open(ONE_A_BATCH, |call| if call.at < secs(1) { held(300) } else { delivered() });
    exporter.hand_over("0{}\n1{}\n0{}\n1{}");
    sleep(secs(2)).await;
    let drain = rig.drain_within(secs(2));
    sleep(ms(10)).await;
    assert_eq!((drain.is_over(), exporter.counts().delivered), (true, 4));
}
