//! The cost of a body that is refused for its size or for one of its records.

use mastra_native_exporter::{event::Event, protocol::answer::Outcome, stats::DropReason};
use tokio::time::sleep;

use crate::support::{Answer, Call, Rig, at_once, delivered, dropped_for, events, ms, secs};

/// This many records of 100 bytes.
fn lines(count: usize) -> String {
    let line = |number| format!(r#"0{{"spanId":"{number:06}","x":"{}"}}"#, "x".repeat(76));
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

fn invalid() -> Answer {
    at_once(Outcome::Invalid { cause: "400".to_owned() })
}

fn bytes(calls: &[Call]) -> usize {
    calls.iter().map(|call| call.body.len()).sum()
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_bodies_is_found_once_and_tried_again_now_and_then() {
    let rig = Rig::start();
    let mut exporter =
        rig.open("", |call| if call.body.len() > 30_000 { at_once(Outcome::Split) } else { delivered() });
    for _ in 0..720 {
        exporter.hand_over(&lines(1000));
        sleep(secs(5)).await;
    }
    exporter.settled(1).await;
    let calls = exporter.collector.calls();
    let refused: Vec<_> = calls.iter().filter(|call| !call.delivered).cloned().collect();
    assert_eq!(exporter.counts().delivered, 720_000);
    assert!(refused.len() <= 2 + 6, "{} bodies refused in an hour", refused.len());
    assert!(bytes(&refused) < bytes(&calls) / 100, "{} of {} bytes in vain", bytes(&refused), bytes(&calls));
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_refuses_every_size_is_left_alone_after_sixteen_records() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| at_once(Outcome::Split));
    exporter.hand_over(&lines(1000));
    sleep(secs(30)).await;
    let calls = exporter.collector.calls().len();
    // Four requests at a time while bodies are halved, then single records.
    let most = 4 * 10 + 16;
    assert!(calls <= most, "{calls} requests");
    sleep(secs(270)).await;
    let calls = exporter.collector.calls().len();
    assert!(calls <= most + 6, "{calls} requests in five minutes");
    let heard = exporter.heard();
    let counts = exporter.counts();
    let lost = counts.dropped_for(DropReason::TooLargeForCollector) + counts.dropped_for(DropReason::RetriesExhausted);
    assert_eq!(lost + counts.queued, 1000, "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn one_record_that_is_answered_400_is_lost_alone_and_compression_stays() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""compression":"gzip""#, |call| match call.body.contains("000700") {
        true if call.compress => at_once(Outcome::Uncompressed),
        true => invalid(),
        false => delivered(),
    });
    exporter.hand_over(&lines(1000));
    let heard = exporter.flushed(1).await;
    assert_eq!((exporter.counts().delivered, dropped_for(&heard, DropReason::Refused)), (999, 1));
    let named = events(&heard).into_iter().find_map(|event| match event {
        Event::RecordDropped { record, .. } => record.span_id,
        _ => None,
    });
    assert_eq!(named.as_deref(), Some("000700"));
    let calls = exporter.collector.calls().len();
    assert!(calls <= 2 + 2 * 10 + 16, "{calls} requests");
    exporter.hand_over(&lines(1));
    exporter.flushed(2).await;
    assert!(exporter.collector.calls().last().unwrap().compress);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_answered_400_whatever_is_in_it_costs_a_bounded_search_and_one_line() {
    for count in [1, 2, 100, 1000] {
        let rig = Rig::start();
        let mut exporter = rig.open("", |_| invalid());
        exporter.hand_over(&lines(count));
        let heard = exporter.flushed(1).await;
        let calls = exporter.collector.calls().len();
        let most = 1 + 2 * count.next_power_of_two().ilog2() as usize + 16;
        assert!(calls <= most, "{calls} requests for {count} records");
        assert_eq!(dropped_for(&heard, DropReason::Refused), count as u64);
        let lines = events(&heard).into_iter().filter(|event| matches!(event, Event::SignalDropped { .. })).count();
        assert!(lines <= 1, "{lines} lines for {count} records");
        let named = events(&heard).into_iter().filter(|event| matches!(event, Event::RecordDropped { .. })).count();
        assert!(count > 1 || (calls, lines, named) == (1, 1, 0), "a batch of one record is not searched");
    }
}

#[tokio::test(start_paused = true)]
async fn halves_go_before_what_came_after_them() {
    let rig = Rig::start();
    let exporter = rig.open(r#""maxBatchSize":4"#, |call| {
        let outcome = if call.body.matches("spanId").count() > 2 { Outcome::Split } else { Outcome::Delivered };
        Answer::After(ms(100), outcome)
    });
    exporter.hand_over(&lines(40));
    sleep(secs(10)).await;
    let bodies = exporter.collector.delivered_bodies();
    assert_eq!(bodies.len(), 20);
    assert!(bodies.is_sorted(), "{bodies:?}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_asked_to_wait_waits() {
    let rig = Rig::start();
    let mut first = true;
    let exporter = rig.open(r#""quotaPause":true"#, move |call| match call.body.as_str() {
        r#"{"spans":[]}"# if call.at < secs(90) => {
            at_once(Outcome::Retry { cause: "503".to_owned(), after: Some(secs(200)) })
        }
        _ if std::mem::take(&mut first) => at_once(Outcome::QuotaExhausted { probe_after: secs(60) }),
        _ => delivered(),
    });
    exporter.hand_over(&lines(1));
    exporter.flush(1);
    sleep(secs(400)).await;
    assert_eq!(exporter.collector.times(), [ms(0), secs(60), secs(260)]);
}
