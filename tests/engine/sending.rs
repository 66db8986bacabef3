//! The number of requests in flight, and the order in which they go out.

use crate::support::{Answer, Rig, delivered, delivered_after, events, failed, ms};
use mastra_native_exporter::event::Event;
use tokio::time::sleep;

const ONE_A_BATCH: &str = r#""maxBatchSize":1"#;

fn body(record: usize) -> String {
    format!(r#"{{"spans":[{record}]}}"#)
}

#[tokio::test(start_paused = true)]
async fn at_most_four_requests_are_under_way_oldest_first() {
    let rig = Rig::start();
    let mut exporter = rig.open(ONE_A_BATCH, |_| delivered_after(1000));
    for record in 0..10 {
        exporter.hand_over(&format!("0{record}"));
    }
    let heard = exporter.flushed(1).await;
    let calls = exporter.collector.calls();
    let starts: Vec<_> = calls.iter().map(|call| (call.at, call.body.clone())).collect();
    let expected: Vec<_> = (0..10).map(|n| (ms(n as u64 / 4 * 1000), body(n))).collect();
    assert_eq!(starts, expected);
    assert_eq!(exporter.collector.most_in_flight(), 4);
    assert_eq!(heard.last().unwrap().at, ms(3000));
}

#[tokio::test(start_paused = true)]
async fn each_signal_of_a_batch_has_an_address_of_its_own() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered_after(1000));
    exporter.hand_over("0{}\n1{}\n2{}\n3{}\n4{}");
    assert_eq!(exporter.flushed(1).await.last().unwrap().at, ms(1000));
    assert_eq!(exporter.collector.most_in_flight(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_waits_for_its_next_attempt_holds_up_nobody() {
    let rig = Rig::start();
    let options = r#""maxBatchSize":1,"maxRetries":3"#;
    let mut exporter = rig.open(options, |call| match call.body.as_str() {
        r#"{"spans":[bad]}"# => failed("no"),
        _ => delivered(),
    });
    for record in ["bad", "bad", "bad", "bad", "good", "good"] {
        exporter.hand_over(&format!("0{record}"));
    }
    sleep(ms(1)).await;
    assert_eq!(exporter.collector.delivered_bodies().len(), 2);
    assert_eq!(exporter.undelivered(), 4);
    let heard = exporter.flushed(1).await;
    let dropped = |event: &&Event| matches!(event, Event::SignalDropped { .. });
    assert_eq!(events(&heard).iter().filter(dropped).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn two_exporters_do_not_block_each_other() {
    let rig = Rig::start();
    let stuck = rig.open(r#""maxBatchSize":1,"requestTimeoutMs":600000"#, |_| Answer::Never);
    let mut brisk = rig.open(ONE_A_BATCH, |_| delivered_after(5));
    for record in 0..8 {
        stuck.hand_over(&format!("0{record}"));
        brisk.hand_over(&format!("0{record}"));
    }
    let heard = brisk.flushed(1).await;
    assert_eq!(heard.last().unwrap().at, ms(10));
    assert_eq!((brisk.undelivered(), stuck.undelivered()), (0, 8));
    assert_eq!((stuck.collector.in_flight(), brisk.collector.most_in_flight()), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn exporters_keep_options_events_and_counters_of_their_own() {
    let rig = Rig::start();
    let mut by_time = rig.open(r#""maxBatchWaitMs":300"#, |_| delivered());
    let mut by_count = rig.open(r#""maxBatchSize":2,"maxRetries":3"#, |_| failed("no"));
    by_time.hand_over("0{}\n0{}\n0{}");
    by_count.hand_over("1{}\n1{}");
    let heard = by_time.flushed(1).await;
    assert_eq!((heard.len(), by_time.undelivered(), by_count.undelivered()), (3, 0, 2));
    assert_eq!(by_count.next().await.at, ms(0));
    let heard = by_count.flushed(1).await;
    assert!(matches!(heard[1].event, Event::SignalDropped { .. }), "{heard:?}");
    assert_eq!(by_time.collector.bodies(), [r#"{"spans":[{},{},{}]}"#]);
}
