//! The cost of rejected credentials, and how rejections are reported.

use mastra_native_exporter::{event::Event, protocol::answer::Outcome, signal::Signal, stats::DropReason};
use tokio::time::sleep;

use crate::support::{Answer, Exporter, Heard, NO_URL, Rig, delivered, delivered_after, events, failed, ms, rejected};

struct Cooldown {
    ms: u64,
    batch: u64,
    dropped: u64,
    failures: u32,
}

fn cooldowns(heard: &[Heard]) -> Vec<Cooldown> {
    let cooldowns = heard.iter().filter_map(|heard| match heard.event {
        Event::AuthCooldown {
            dropped_batch_size,
            dropped_events_during_cooldown,
            auth_failure_count,
            cooldown_ms,
            ..
        } => Some(Cooldown {
            ms: cooldown_ms,
            batch: dropped_batch_size,
            dropped: dropped_events_during_cooldown,
            failures: auth_failure_count,
        }),
        _ => None,
    });
    cooldowns.collect()
}

/// Rejects as often as given, then delivers.
fn rejecting(mut times: u32) -> impl FnMut(&crate::support::Call) -> Answer + Send {
    move |_| {
        let answer = if times > 0 { rejected(401) } else { delivered() };
        times = times.saturating_sub(1);
        answer
    }
}

async fn dropped_in_cooldown(exporter: &mut Exporter) -> Option<u64> {
    exporter.hand_over("0{}");
    let heard = exporter.flushed(99).await;
    let dropped = heard.iter().find_map(|heard| match heard.event {
        Event::BatchDelivered { dropped_events_during_auth_cooldown, .. } => Some(dropped_events_during_auth_cooldown),
        _ => None,
    });
    dropped.expect("a delivery")
}

fn lost(signal: Signal, count: u64) -> Event {
    Event::Dropped { signal, reason: DropReason::AuthRejected, count }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_not_tried_again_and_starts_a_cooldown_with_its_numbers() {
    for status in [401, 403] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""maxRetries":5"#, move |_| rejected(status));
        exporter.hand_over("1{}\n1{}\n0{}");
        let heard = exporter.flushed(1).await;
        assert_eq!(exporter.collector.calls().len(), 2, "one attempt a signal");
        let cooldown_ms = cooldowns(&heard)[0].ms;
        assert!((60_000..=66_000).contains(&cooldown_ms), "{cooldown_ms}");
        let failed_signals = vec![Signal::Traces, Signal::Logs];
        let Event::BatchIncomplete { flush_reason, .. } = heard[4].event else { panic!("{heard:?}") };
        let expected = [
            Event::BatchStarted { buffered_events: 3 },
            lost(Signal::Traces, 1),
            lost(Signal::Logs, 2),
            Event::AuthCooldown {
                status,
                answer: None,
                endpoint: NO_URL.to_owned(),
                failed_signals: failed_signals.clone(),
                dropped_batch_size: 3,
                dropped_events_during_cooldown: 0,
                auth_failure_count: 1,
                cooldown_ms,
            },
            Event::BatchIncomplete { batch_size: 3, flush_reason, duration_ms: 0, failed_signals },
            Event::Flushed { ticket: 1 },
        ];
        assert_eq!(events(&heard), expected);
        assert!(heard[2..].iter().all(|heard| heard.undelivered == 0), "{heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_in_a_cooldown_are_dropped_and_counted_and_flow_again_after_it() {
    let rig = Rig::start();
    let mut exporter = rig.open("", rejecting(1));
    exporter.hand_over("0{}");
    let heard = exporter.flushed(1).await;
    let cooldown_ms = cooldowns(&heard)[0].ms;

    exporter.hand_over("0{}\n1{}");
    let both = [lost(Signal::Traces, 1), lost(Signal::Logs, 1), Event::Flushed { ticket: 2 }];
    assert_eq!(events(&exporter.flushed(2).await), both);
    assert_eq!((rig.now(), exporter.undelivered()), (ms(0), 0));
    sleep(ms(cooldown_ms - 1)).await;
    exporter.hand_over("0{}\n0{}\n2{}");
    let all = [lost(Signal::Traces, 2), lost(Signal::Metrics, 1), Event::Flushed { ticket: 3 }];
    assert_eq!(events(&exporter.flushed(3).await), all);
    assert_eq!(exporter.collector.calls().len(), 1, "nothing is sent in the cooldown");

    // The length is reported in whole milliseconds, so the cooldown may last one millisecond longer than reported.
    sleep(ms(2)).await;
    assert_eq!(dropped_in_cooldown(&mut exporter).await, Some(5));
    assert_eq!(exporter.collector.calls().len(), 2);
    assert_eq!(dropped_in_cooldown(&mut exporter).await, None, "told once");
}

#[tokio::test(start_paused = true)]
async fn the_next_cooldown_is_twice_as_long_and_tells_what_the_last_one_cost() {
    let rig = Rig::start();
    let mut exporter = rig.open("", rejecting(3));
    let mut previous_drops = 0;
    for (failures, base) in [(1, 60_000_u64), (2, 120_000), (3, 240_000)] {
        exporter.hand_over("0{}\n0{}");
        let heard = exporter.flushed(failures).await;
        let [cooldown] = &cooldowns(&heard)[..] else { panic!("{heard:?}") };
        let within = (base * 9 / 10).max(60_000)..=base * 11 / 10;
        assert!(within.contains(&cooldown.ms), "{} ms in {within:?}", cooldown.ms);
        assert_eq!((cooldown.failures, cooldown.batch), (failures, 2));
        assert_eq!(cooldown.dropped, previous_drops);
        previous_drops = u64::from(failures);
        for _ in 0..previous_drops {
            exporter.hand_over("4{}");
        }
        sleep(ms(cooldown.ms + 1)).await;
    }
    assert_eq!(dropped_in_cooldown(&mut exporter).await, Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_delivery_makes_the_next_rejection_the_first_again() {
    let rig = Rig::start();
    let mut count = 0;
    let mut exporter = rig.open("", move |_| {
        count += 1;
        if count % 2 == 1 { rejected(403) } else { delivered() }
    });
    for round in 0..3 {
        exporter.hand_over("0{}");
        let heard = exporter.flushed(round).await;
        let [cooldown] = &cooldowns(&heard)[..] else { panic!("{heard:?}") };
        assert_eq!(cooldown.failures, 1);
        sleep(ms(cooldown.ms + 1)).await;
        assert_eq!(dropped_in_cooldown(&mut exporter).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_queued_when_the_cooldown_starts_are_dropped_not_sent() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":1"#, rejecting(4));
    for _ in 0..10 {
        exporter.hand_over("0{}");
    }
    let heard = exporter.flushed(1).await;
    assert_eq!(exporter.collector.calls().len(), 4, "those under way at the rejection");
    assert_eq!(cooldowns(&heard).len(), 1, "one warning for all of them");
    assert_eq!(heard.last().unwrap().undelivered, 0);
    sleep(ms(66_001)).await;
    assert_eq!(dropped_in_cooldown(&mut exporter).await, Some(9));
}

#[tokio::test(start_paused = true)]
async fn a_body_between_two_attempts_is_dropped_by_the_cooldown() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":1"#, |call| match call.body.as_str() {
        r#"{"spans":[retry]}"# => failed("no"),
        _ => rejected(401),
    });
    exporter.hand_over("0retry\n0reject");
    let heard = exporter.settled(1).await;
    assert_eq!((exporter.collector.calls().len(), cooldowns(&heard).len()), (2, 1));
    let flushed = heard.last().unwrap();
    assert_eq!(flushed.undelivered, 0);
    assert!(flushed.at <= ms(1201), "no later than its next attempt: {heard:?}");
}

#[tokio::test(start_paused = true)]
async fn an_open_batch_that_closes_in_the_cooldown_is_dropped_without_a_request() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchWaitMs":5000"#, |_| {
        Answer::After(ms(1000), mastra_native_exporter::protocol::answer::Outcome::AuthRejected(401))
    });
    exporter.hand_over("0{}");
    exporter.flush(1);
    exporter.hand_over("0{}\n0{}");
    let heard = exporter.until(|event| matches!(event, Event::Flushed { ticket: 1 })).await;
    assert_eq!((heard.last().unwrap().at, exporter.undelivered()), (ms(1000), 2));
    let heard = exporter.flushed(2).await;
    assert_eq!((heard.last().unwrap().undelivered, exporter.undelivered()), (0, 0));
    assert_eq!(exporter.collector.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_of_one_exporter_is_not_one_of_another() {
    let rig = Rig::start();
    let mut rejected_one = rig.open("", |_| rejected(401));
    let mut other = rig.open("", |_| delivered_after(1));
    rejected_one.hand_over("0{}");
    rejected_one.flushed(1).await;
    assert_eq!(dropped_in_cooldown(&mut other).await, None);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_another_try_is_dropped_with_the_rejection() {
    let rig = Rig::start();
    let exporter = rig.open("", |call| match call.signal {
        Signal::Logs => failed("down"),
        _ => Answer::After(ms(100), Outcome::AuthRejected(401)),
    });
    exporter.hand_over("0{}\n1{}");
    exporter.flush(1);
    sleep(ms(101)).await;
    assert_eq!((exporter.undelivered(), exporter.counts().dropped_for(DropReason::AuthRejected)), (0, 2));
}
