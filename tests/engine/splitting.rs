//! 413: a body is halved until a single record is too large alone.

use mastra_native_exporter::{
    event::{Event, RecordName},
    protocol::answer::Outcome,
    signal::Signal,
    stats::DropReason,
};
use tokio::time::sleep;

use crate::support::{Answer, Call, Exporter, Rig, at_once, delivered, dropped_for, events, failed, ms, secs};

/// Accepts bodies of at most this many bytes.
fn taking(limit: usize) -> impl FnMut(&Call) -> Answer + Send {
    move |call| if call.body.len() > limit { at_once(Outcome::Split) } else { delivered() }
}

/// `count` records of this many bytes, numbered.
fn lines(count: usize, bytes: usize) -> String {
    let line = |number| format!("1{}{}", "0".repeat(bytes - 10), number + 1_000_000_000_usize);
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

/// The numbers that have arrived, sorted.
fn arrived(exporter: &Exporter) -> Vec<usize> {
    let mut numbers = Vec::new();
    for body in exporter.collector.delivered_bodies() {
        let records = body.strip_prefix(r#"{"logs":["#).and_then(|rest| rest.strip_suffix("]}")).unwrap();
        numbers.extend(records.split(',').map(|record| record.parse::<usize>().unwrap() - 1_000_000_000));
    }
    numbers.sort_unstable();
    numbers
}

#[tokio::test(start_paused = true)]
async fn all_records_of_a_split_body_arrive_once_and_as_one_batch() {
    // (records, bytes each, limit)
    for (count, bytes, limit) in
        [(2, 20, 40), (3, 20, 50), (100, 30, 1000), (101, 30, 500), (1000, 12, 64), (7, 50, 70)]
    {
        let rig = Rig::start();
        let mut exporter = rig.open("", taking(limit));
        exporter.hand_over(&lines(count, bytes));
        let heard = exporter.flushed(1).await;
        assert_eq!(arrived(&exporter), (0..count).collect::<Vec<_>>(), "{count} records");
        assert!(exporter.collector.calls().len() > 2, "it was split");
        assert!(exporter.collector.most_in_flight() <= 4);
        let records = count as u64;
        let [Event::BatchStarted { buffered_events }, Event::BatchDelivered { batch_size, .. }, Event::Flushed { .. }] =
            events(&heard)[..]
        else {
            panic!("{heard:?}");
        };
        assert_eq!((buffered_events, batch_size), (records, records));
        let counts = exporter.counts();
        assert_eq!((counts.delivered, counts.retried, counts.queued_bytes), (records, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_record_that_is_too_large_is_dropped_alone_and_named() {
    let rig = Rig::start();
    let mut exporter = rig.open("", taking(120));
    let pad = "x".repeat(100);
    let large = format!(r#"{{"spanId":"s7","traceId":"t7","name":"llm call","x":"{pad}"}}"#);
    let small: Vec<String> = (0..9).map(|number| format!("0{{\"n\":{number}}}")).collect();
    exporter.hand_over(&format!("{}\n0{large}\n{}", small[..3].join("\n"), small[3..].join("\n")));
    let heard = exporter.flushed(1).await;
    let (signal, reason) = (Signal::Traces, DropReason::TooLargeForCollector);
    let name = |text: &str| Some(text.to_owned());
    let record = RecordName { span_id: name("s7"), trace_id: name("t7"), name: name("llm call") };
    let told = events(&heard);
    let [Event::BatchStarted { .. }, lost, named, Event::BatchDelivered { batch_size: 10, .. }, _] = &told[..] else {
        panic!("{heard:?}");
    };
    assert_eq!(*lost, Event::Dropped { signal, reason, count: 1 });
    assert_eq!(*named, Event::RecordDropped { signal, reason, record, bytes: large.len() as u64 });
    let counts = exporter.counts();
    assert_eq!((counts.delivered, counts.dropped_for(reason), counts.queued_bytes), (9, 1, 0));
    assert!(exporter.collector.delivered_bodies().iter().all(|body| !body.contains("s7")));
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_which_nothing_is_taken_is_settled_too() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| at_once(Outcome::Split));
    exporter.hand_over("0{}\n0{}\n1{}");
    let heard = exporter.flushed(1).await;
    assert_eq!(dropped_for(&heard, DropReason::TooLargeForCollector), 3);
    assert!(!events(&heard).iter().any(|event| matches!(event, Event::BatchDelivered { .. })), "{heard:?}");
    assert_eq!((exporter.collector.calls().len(), exporter.undelivered()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn splits_and_failures_together_lose_and_double_nothing() {
    for seed in 0..20 {
        let rig = Rig::start();
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut exporter = rig.open(r#""retryWindowMs":86400000"#, move |call| match rng.u32(0..3) {
            0 => failed("down"),
            1 => Answer::Panic,
            _ if call.body.len() > 200 => Answer::After(ms(rng.u64(0..2000)), Outcome::Split),
            _ => Answer::After(ms(rng.u64(0..2000)), Outcome::Delivered),
        });
        exporter.hand_over(&lines(60, 20));
        let heard = exporter.settled(1).await;
        assert_eq!(arrived(&exporter), (0..60).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(heard.len(), 3, "seed {seed}: {heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_half_has_attempts_of_its_own_and_the_batch_names_its_signal_once() {
    for (bad, delivered_records) in [("1000000000,", 5), ("0", 0)] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""maxRetries":2"#, move |call| match call.body.len() {
            120.. => at_once(Outcome::Split),
            _ if call.body.contains(bad) => failed("down"),
            _ => delivered(),
        });
        exporter.hand_over(&lines(10, 12));
        let heard = exporter.settled(1).await;
        assert_eq!(exporter.counts().delivered, delivered_records);
        let incomplete: Vec<_> = events(&heard)
            .into_iter()
            .filter_map(|event| match event {
                Event::BatchIncomplete { batch_size, failed_signals, .. } => Some((batch_size, failed_signals)),
                _ => None,
            })
            .collect();
        assert_eq!(incomplete, [(10, vec![Signal::Logs])]);
        let tries = |start: &str| exporter.collector.bodies().iter().filter(|body| body.contains(start)).count();
        assert_eq!(tries("1000000000,"), 3, "whole, then the half twice");
        assert_eq!(dropped_for(&heard, DropReason::RetriesExhausted), 10 - delivered_records);
    }
}

#[tokio::test(start_paused = true)]
async fn halves_keep_the_window_of_their_batch() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""retryWindowMs":20000"#, |call| match call.body.len() {
        _ if call.at < secs(5) => failed("down"),
        100.. => at_once(Outcome::Split),
        _ => failed("down"),
    });
    exporter.hand_over(&lines(10, 12));
    let heard = exporter.settled(1).await;
    assert_eq!(heard.last().unwrap().at, secs(20));
    assert_eq!(dropped_for(&heard, DropReason::RetriesExhausted), 10);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_both_halves_whether_or_not_one_had_been_given_up_before() {
    for asked_before in [false, true] {
        let rig = Rig::start();
        let mut count = 0;
        let mut exporter = rig.open("", move |call| {
            count += 1;
            match call.body.len() {
                100.. if count <= 3 => failed("down"),
                100.. => at_once(Outcome::Split),
                _ => Answer::After(secs(2), Outcome::Delivered),
            }
        });
        exporter.hand_over(&lines(10, 12));
        exporter.flushed(1).await;
        assert_eq!(exporter.collector.calls().len(), 3);
        if !asked_before {
            // The fourth try splits the job. No flush waits for this try.
            exporter.collector.called(4).await;
            sleep(ms(1)).await;
        }
        let asked = rig.now();
        let heard = exporter.flushed(2).await;
        let flushed = heard.last().unwrap();
        assert_eq!(flushed.undelivered, 0, "{heard:?}");
        assert!(flushed.at >= asked + ms(1990), "{heard:?}");
        assert_eq!(arrived(&exporter), (0..10).collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn an_overflow_may_drop_one_half_and_deliver_the_other() {
    let rig = Rig::start();
    let options = r#""maxBatchSize":2,"maxQueueBytes":1048576"#;
    let mut exporter = rig.open(options, |call| match call.body.len() {
        700_000.. => at_once(Outcome::Split),
        _ if call.at < secs(9) => failed("down"),
        _ => delivered(),
    });
    exporter.hand_over(&lines(2, 400_000));
    sleep(ms(10)).await;
    exporter.hand_over(&lines(1, 400_000));
    let heard = exporter.settled(1).await;
    let counts = exporter.counts();
    assert_eq!((counts.delivered, counts.dropped_for(DropReason::QueueFull), counts.queued_bytes), (2, 1, 0));
    assert_eq!(dropped_for(&heard, DropReason::QueueFull), 1);
}
