//! When a batch is closed, and which records it has.

use mastra_native_exporter::{delivery::batch::FlushReason, event::Event, signal::Signal, stats::DropReason};
use tokio::time::sleep;

use crate::support::{Rig, delivered, events, ms, records};

fn batch(size: u64, flush_reason: FlushReason) -> [Event; 2] {
    let delivered = Event::BatchDelivered {
        batch_size: size,
        flush_reason,
        duration_ms: 0,
        dropped_events_during_auth_cooldown: None,
    };
    [Event::BatchStarted { buffered_events: size }, delivered]
}

#[tokio::test(start_paused = true)]
async fn a_batch_closes_by_count_across_all_signals_at_once() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":6"#, |_| delivered());
    exporter.hand_over("4{\"f\":1}\n1{\"l\":1}\n0{\"s\":1}");
    exporter.hand_over("2{\"m\":1}\n3{\"c\":1}\n0{\"s\":2}");
    let heard = [exporter.next().await, exporter.next().await];
    assert_eq!(events(&heard), batch(6, FlushReason::Size));
    assert!(heard.iter().all(|heard| heard.at.is_zero()), "{heard:?}");
    assert_eq!(heard[1].undelivered, 0);

    let calls = exporter.collector.calls();
    let requests: Vec<_> = calls.iter().map(|call| (call.signal, call.body.as_str())).collect();
    let expected = [
        (Signal::Traces, r#"{"spans":[{"s":1},{"s":2}]}"#),
        (Signal::Logs, r#"{"logs":[{"l":1}]}"#),
        (Signal::Metrics, r#"{"metrics":[{"m":1}]}"#),
        (Signal::Scores, r#"{"scores":[{"c":1}]}"#),
        (Signal::Feedback, r#"{"feedback":[{"f":1}]}"#),
    ];
    assert_eq!(requests.len(), expected.len());
    for request in expected {
        assert!(requests.contains(&request), "{request:?} in {requests:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_closes_exactly_max_batch_wait_after_its_first_record() {
    for wait in [1, 20, 250, 5000, 3_600_000] {
        let rig = Rig::start();
        let mut exporter = rig.open(&format!(r#""maxBatchWaitMs":{wait}"#), |_| delivered());
        for round in 0..3 {
            let first = rig.now();
            exporter.hand_over("0{}");
            // Later records do not postpone the end of the batch.
            sleep(ms(wait / 2)).await;
            exporter.hand_over("1{}");
            let heard = [exporter.next().await, exporter.next().await];
            assert_eq!(events(&heard), batch(2, FlushReason::Time));
            assert_eq!(heard[0].at, first + ms(wait), "wait {wait}, round {round}");
            sleep(ms(wait / 3)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn records_beyond_the_count_open_the_next_batch_with_a_wait_of_its_own() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":3,"maxBatchWaitMs":5000"#, |_| delivered());
    exporter.hand_over("0a\n0b");
    sleep(ms(4000)).await;
    exporter.hand_over("0c\n0d\n0e\n0f\n0g");
    let heard = exporter.until(|event| *event == batch(1, FlushReason::Time)[1]).await;
    let starts: Vec<_> = heard
        .iter()
        .filter_map(|heard| match heard.event {
            Event::BatchStarted { buffered_events } => Some((heard.at, buffered_events)),
            _ => None,
        })
        .collect();
    assert_eq!(starts, [(ms(4000), 3), (ms(4000), 3), (ms(9000), 1)]);
    let spans = [r#"{"spans":[a,b,c]}"#, r#"{"spans":[d,e,f]}"#, r#"{"spans":[g]}"#];
    assert_eq!(exporter.collector.bodies(), spans);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_buffer_costs_what_it_holds_and_nothing_else() {
    let whole = || records("0{\"a\":1}\n1{\"b\":2}\n1{}");
    for (kept, left) in [(0, [1, 2]), (9, [1, 2]), (whole().bytes.len() - 6, [0, 1])] {
        let rig = Rig::start();
        let mut exporter = rig.open("", |_| delivered());
        let mut damaged = whole();
        damaged.bytes.truncate(kept);
        exporter.hand_over("2{}");
        exporter.hand_over_records(damaged);
        exporter.hand_over("2{}");
        let heard = exporter.flushed(1).await;
        let reason = DropReason::Unencodable;
        let dropped = [(Signal::Traces, left[0]), (Signal::Logs, left[1])].into_iter().filter(|&(_, count)| count > 0);
        let mut expected: Vec<_> = dropped.map(|(signal, count)| Event::Dropped { signal, reason, count }).collect();
        let (dropped_records, cause) = (left.iter().sum(), "it ends too early".to_owned());
        expected.push(Event::BufferDamaged { dropped_records, cause });
        assert_eq!(events(&heard)[..expected.len()], expected, "{kept}");
        let counts = exporter.counts();
        assert_eq!((counts.delivered, counts.dropped_for(reason)), (5 - dropped_records, dropped_records), "{kept}");
        assert!(exporter.collector.bodies().contains(&r#"{"metrics":[{},{}]}"#.to_owned()), "{kept}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_buffer_without_all_its_records_says_so() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    let mut short = records("4{}");
    short.counts = [0, 0, 0, 2, 1];
    exporter.hand_over_records(short);
    let heard = exporter.flushed(1).await;
    let (signal, reason) = (Signal::Scores, DropReason::Unencodable);
    assert_eq!(events(&heard)[0], Event::Dropped { signal, reason, count: 2 });
    assert_eq!((exporter.counts().delivered, exporter.undelivered()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn taken_records_no_longer_counts_as_unread() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    exporter.hand_over("0{}\n1{}");
    exporter.hand_over("0{}");
    let bytes = [records("0{}\n1{}"), records("0{}")].map(|records| records.bytes.len());
    assert_eq!(exporter.unread_bytes(), bytes[0] + bytes[1]);
    exporter.flushed(1).await;
    assert_eq!(exporter.unread_bytes(), 0);
}
