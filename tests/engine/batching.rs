//! When a batch closes and what is in it.

use mastra_native_exporter::{batch::FlushReason, event::Event, signal::Signal};
use tokio::time::sleep;

use crate::support::{Rig, delivered, events, ms};

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
            // Later records do not postpone it.
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
async fn malformed_lines_disturb_nobody() {
    let (good, all) = (r#"{"spans":[{"a":1},{"b":2}]}"#, "0{\"a\":1}\nBAD\n0{\"b\":2}");
    for bad in ["", "5{}", "x", "{}", " 0{}", "\u{1F600}", "\0", "9", "\n\n\r"] {
        let rig = Rig::start();
        let mut exporter = rig.open("", |_| delivered());
        exporter.hand_over(&all.replace("BAD", bad));
        let heard = exporter.flushed(1).await;
        assert_eq!(heard.len(), 3, "{bad:?}: {heard:?}");
        assert_eq!(exporter.collector.bodies(), [good], "{bad:?}");
        assert_eq!(heard[2].undelivered, 0, "{bad:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_malformed_lines_leave_nothing_behind() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    exporter.hand_over("7{}\n\nnonsense");
    let heard = exporter.flushed(1).await;
    assert_eq!(events(&heard), [Event::Flushed { ticket: 1 }]);
    assert_eq!((heard[0].at, heard[0].undelivered), (ms(0), 0));
    assert!(exporter.collector.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn taken_text_no_longer_counts_as_unread() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    exporter.hand_over("0{}\n1{}");
    exporter.hand_over("0{}");
    assert_eq!(exporter.unread_bytes(), 10);
    exporter.flushed(1).await;
    assert_eq!(exporter.unread_bytes(), 0);
}
