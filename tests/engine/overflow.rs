//! When waiting records exceed `maxQueueBytes`.

use std::time::Duration;

use mastra_native_exporter::{event::Event, stats::DropReason};
use tokio::time::sleep;

use crate::support::{Answer, Heard, Rig, delivered, dropped_for, failed, ms};

const MIB: u64 = 1024 * 1024;
/// The smallest queue, and an attempt that is never the last.
const OPTIONS: &str = r#""maxBatchSize":1,"maxQueueBytes":1048576,"maxRetries":1000"#;

/// A line whose record has a number and about this many bytes.
fn line(number: usize, bytes: usize) -> String {
    format!("0[{number},\"{}\"]", "x".repeat(bytes))
}

fn number(body: &str) -> usize {
    let (_, rest) = body.split_once("[[").unwrap();
    rest.split_once(',').unwrap().0.parse().unwrap()
}

fn overflows(heard: &[Heard]) -> Vec<(Duration, u64)> {
    let overflows = heard.iter().filter_map(|heard| match heard.event {
        Event::QueueOverflow { dropped_records, max_queue_bytes } => {
            assert_eq!(max_queue_bytes, MIB);
            Some((heard.at, dropped_records))
        }
        _ => None,
    });
    overflows.collect()
}

#[tokio::test(start_paused = true)]
async fn the_oldest_go_first_and_the_newest_arrive_when_the_collector_returns() {
    let rig = Rig::start();
    let mut exporter =
        rig.open(OPTIONS, |call| if call.at < Duration::from_secs(120) { failed("down") } else { delivered() });
    // One record a second, so that each fails once before the next one comes. Ten of them fit.
    for record in 0..25 {
        exporter.hand_over(&line(record, 100_000));
        sleep(ms(1000)).await;
    }
    assert_eq!(exporter.undelivered(), 10);
    let heard = exporter.settled(1).await;
    let mut arrived: Vec<usize> = exporter.collector.delivered_bodies().iter().map(|body| number(body)).collect();
    arrived.sort_unstable();
    assert_eq!(arrived, (15..25).collect::<Vec<_>>());
    let dropped: u64 = overflows(&heard).iter().map(|&(_, records)| records).sum();
    assert_eq!((dropped, heard.last().unwrap().undelivered), (15, 0));
}

#[tokio::test(start_paused = true)]
async fn bodies_under_way_count_but_are_not_recalled() {
    let rig = Rig::start();
    let mut exporter = rig.open(OPTIONS, |call| match number(&call.body) {
        0..4 => Answer::After(ms(5000), mastra_native_exporter::protocol::answer::Outcome::Delivered),
        _ => delivered(),
    });
    // A body in flight takes 400 kB together with its records. No second body is sent at the same time, so three more
    // records have room.
    for record in 0..4 {
        exporter.hand_over(&line(record, 200_000));
    }
    sleep(ms(1)).await;
    for record in 4..8 {
        exporter.hand_over(&line(record, 200_000));
    }
    sleep(ms(1)).await;
    assert_eq!((exporter.undelivered(), exporter.collector.in_flight()), (4, 1));
    exporter.flushed(1).await;
    let mut arrived: Vec<usize> = exporter.collector.delivered_bodies().iter().map(|body| number(body)).collect();
    arrived.sort_unstable();
    assert_eq!(arrived, [0, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn the_open_batch_counts_too() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxQueueBytes":1048576"#, |_| delivered());
    for record in 0..4 {
        exporter.hand_over(&line(record, 400_000));
    }
    let heard = exporter.flushed(1).await;
    let arrived: Vec<usize> = exporter.collector.bodies().iter().map(|body| number(body)).collect();
    // Only records that do not fit are dropped, the oldest first.
    assert_eq!(arrived, [2, 3]);
    assert_eq!(overflows(&heard), [(ms(0), 1)]);
    assert_eq!(exporter.counts().dropped_for(DropReason::QueueFull), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_at_most_an_eighth_of_the_queue() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxQueueBytes":1048576"#, |_| delivered());
    for record in 0..12 {
        exporter.hand_over(&line(record, 50_000));
        // The earlier record is delivered by now, so nothing has to be dropped.
        sleep(ms(1)).await;
    }
    exporter.flushed(1).await;
    let bodies = exporter.collector.bodies();
    // Two of these records fit into an eighth.
    assert_eq!(bodies.iter().map(|body| body.matches("[[").count() + body.matches(",[").count()).sum::<usize>(), 12);
    assert_eq!(bodies.len(), 6);
    assert!(bodies.iter().all(|body| body.len() as u64 <= MIB / 8));
}

#[tokio::test(start_paused = true)]
async fn a_record_larger_than_the_queue_is_dropped_alone() {
    let rig = Rig::start();
    let mut exporter = rig.open(OPTIONS, |_| delivered());
    exporter.hand_over(&line(0, 1_100_000));
    exporter.hand_over(&line(1, 10));
    let heard = exporter.flushed(1).await;
    let arrived: Vec<usize> = exporter.collector.bodies().iter().map(|body| number(body)).collect();
    assert_eq!((arrived, overflows(&heard)), (vec![1], vec![(ms(0), 1)]));
}

#[tokio::test(start_paused = true)]
async fn an_overflow_is_told_at_once_and_then_every_30_seconds_with_totals() {
    let rig = Rig::start();
    let mut exporter = rig.open(OPTIONS, |_| failed("down"));
    sleep(ms(500)).await;
    // One record of 400 kB a second. Two fit; from the third on, each record drops an older one.
    for record in 0..72 {
        exporter.hand_over(&line(record, 400_000));
        sleep(ms(1000)).await;
    }
    // No record follows, so that only the timer can cause the rest of the report.
    sleep(ms(100_000)).await;
    let heard = exporter.heard();
    let expected = [(ms(2500), 1), (ms(32_500), 30), (ms(62_500), 30), (ms(92_500), 9)];
    assert_eq!(overflows(&heard), expected);

    // After a longer quiet time the next drop is reported at once again.
    exporter.hand_over(&line(72, 400_000));
    sleep(ms(1)).await;
    assert_eq!(overflows(&exporter.heard()), [(ms(172_500), 1)]);
}

#[tokio::test(start_paused = true)]
async fn refused_records_are_told_as_overflow_and_counted_out() {
    let rig = Rig::start();
    let mut exporter = rig.open(OPTIONS, |_| delivered());
    exporter.refuse(40);
    exporter.refuse(2);
    exporter.hand_over("0{}");
    let heard = exporter.flushed(1).await;
    assert_eq!(overflows(&heard), [(ms(0), 40)]);
    assert_eq!(dropped_for(&heard, DropReason::QueueFull), 42, "each loss is told at once, only the log line waits");
    assert_eq!((heard[0].undelivered, heard.last().unwrap().undelivered), (3, 0));
    let heard = exporter.until(|event| matches!(event, Event::QueueOverflow { .. })).await;
    assert_eq!(overflows(&heard), [(ms(30_000), 2)]);
}

#[tokio::test(start_paused = true)]
async fn the_total_is_told_before_the_exporter_is_forgotten() {
    for stop in [false, true] {
        let rig = Rig::start();
        let mut exporter = rig.open(OPTIONS, |_| delivered());
        exporter.refuse(40);
        exporter.refuse(2);
        if stop {
            rig.stop(ms(2000));
        } else {
            exporter.close();
        }
        sleep(ms(100_000)).await;
        let told: u64 = overflows(&exporter.heard()).iter().map(|&(_, records)| records).sum();
        assert_eq!(told, 42, "stop: {stop}");
    }
}
