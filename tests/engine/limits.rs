//! Sizes of records and bodies, answers that will not change, and compression of bodies.

use mastra_native_exporter::{
    delivery::batch::FlushReason,
    event::{Event, RecordName},
    protocol::answer::Outcome,
    signal::Signal,
    stats::DropReason,
};
use tokio::time::sleep;

use crate::support::{Answer, Heard, NO_URL, Rig, at_once, delivered, dropped_for, events, failed, first, ms, refused};

/// A span of exactly this many bytes.
fn span(id: usize, bytes: usize) -> String {
    let head = format!(r#"{{"spanId":"{id}","name":"call","x":""#);
    format!("{head}{}\"}}", "x".repeat(bytes - head.len() - 2))
}

fn closed(heard: &[Heard]) -> Vec<(u64, FlushReason)> {
    let batches = heard.iter().filter_map(|heard| match heard.event {
        Event::BatchDelivered { batch_size, flush_reason, .. } => Some((batch_size, flush_reason)),
        _ => None,
    });
    batches.collect()
}

#[tokio::test(start_paused = true)]
async fn a_record_over_its_limit_is_dropped_alone_and_named() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxRecordBytes":2000"#, |_| delivered());
    let lines = [span(1, 100), span(2, 2000), span(3, 2001), span(4, 100)];
    exporter.hand_over(&lines.map(|line| format!("0{line}")).join("\n"));
    let heard = exporter.flushed(1).await;
    let (signal, reason) = (Signal::Traces, DropReason::RecordTooLarge);
    let record = RecordName { span_id: Some("3".to_owned()), trace_id: None, name: Some("call".to_owned()) };
    let expected =
        [Event::Dropped { signal, reason, count: 1 }, Event::RecordDropped { signal, reason, record, bytes: 2001 }];
    assert_eq!(events(&heard)[..2], expected);
    assert_eq!(closed(&heard), [(3, FlushReason::Time)]);
    let counts = exporter.counts();
    assert_eq!((counts.delivered, counts.dropped_for(reason), counts.queued_bytes), (3, 1, 0));
    let [body] = &exporter.collector.bodies()[..] else { panic!("one body") };
    let arrived: serde_json::Value = serde_json::from_str(body).unwrap();
    let ids: Vec<_> = arrived["spans"].as_array().unwrap().iter().map(|span| span["spanId"].clone()).collect();
    assert_eq!(ids, ["1", "2", "4"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_without_a_name_is_dropped_without_one() {
    let pad = "x".repeat(2000);
    for record in [format!("\"{pad}\""), format!(r#"{{"name":7,"x":"{pad}"}}"#), format!("{{{pad}"), pad.clone()] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""maxRecordBytes":1024"#, |_| delivered());
        exporter.hand_over(&format!("2{record}"));
        let heard = exporter.flushed(1).await;
        let Event::RecordDropped { record: named, bytes, .. } = &heard[1].event else { panic!("{heard:?}") };
        assert_eq!((named, *bytes), (&RecordName::default(), record.len() as u64));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_closes_before_it_grows_over_its_limit() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchBytes":4096"#, |_| delivered());
    for id in 0..10 {
        exporter.hand_over(&format!("0{}", span(id, 1300)));
    }
    sleep(ms(1)).await;
    let heard = exporter.heard();
    assert_eq!(closed(&heard), [(3, FlushReason::Size); 3]);
    assert!(heard.iter().all(|heard| heard.at.is_zero()), "early, not by time");
    assert_eq!(closed(&exporter.flushed(1).await), [(1, FlushReason::Time)]);
    assert!(exporter.collector.bodies().iter().all(|body| body.len() <= 4096));
    // A body of exactly the limit is allowed: two records, a comma, and the frame.
    let full = (4096 - r#"{"spans":[,]}"#.len()) / 2;
    let before = exporter.collector.calls().len();
    exporter.hand_over(&format!("0{}\n0{}", span(1, full), span(2, full + 1)));
    assert_eq!(closed(&exporter.flushed(2).await), [(2, FlushReason::Time)]);
    assert_eq!(exporter.collector.bodies()[before].len(), 4096);
    exporter.hand_over(&format!("0{}\n0{}", span(1, full), span(2, full + 2)));
    assert_eq!(closed(&exporter.flushed(3).await), [(1, FlushReason::Size), (1, FlushReason::Time)]);
}

#[tokio::test(start_paused = true)]
async fn a_record_larger_than_a_body_travels_alone() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchBytes":1024"#, |_| delivered());
    exporter.hand_over(&format!("0{}\n0{}\n0{}", span(1, 100), span(2, 5000), span(3, 100)));
    let heard = exporter.flushed(1).await;
    assert_eq!(closed(&heard), [(1, FlushReason::Size), (1, FlushReason::Size), (1, FlushReason::Time)]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_costs_its_records_one_attempt_and_nobody_else() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxRetries":5"#, |call| match call.signal {
        Signal::Logs => refused("Request failed with status: 400 Bad Request"),
        _ => delivered(),
    });
    exporter.hand_over("0{}\n1{}\n1{}");
    let heard = exporter.flushed(1).await;
    let (signal, reason) = (Signal::Logs, DropReason::Refused);
    let cause = "Request failed with status: 400 Bad Request".to_owned();
    let told = events(&heard);
    assert!(told.contains(&Event::Dropped { signal, reason, count: 2 }), "{told:?}");
    let dropped = Event::SignalDropped {
        signal,
        dropped_batch_size: 2,
        endpoint: NO_URL.to_owned(),
        attempts: 1,
        status: None,
        answer: None,
        cause,
    };
    assert!(told.contains(&dropped), "{told:?}");
    let incomplete =
        |event: &&Event| matches!(event, Event::BatchIncomplete { failed_signals, .. } if *failed_signals == [signal]);
    assert_eq!(told.iter().filter(incomplete).count(), 1);
    assert_eq!((exporter.collector.calls().len(), rig.now()), (2, ms(0)));
    exporter.hand_over("0{}");
    assert_eq!(closed(&exporter.flushed(2).await), [(1, FlushReason::Time)], "no cooldown");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_was_not_taken_compressed_goes_plain_at_once_and_so_do_all_later_ones() {
    let rig = Rig::start();
    let options = r#""compression":"gzip","maxRetries":1"#;
    let mut exporter =
        rig.open(options, |call| if call.compress { at_once(Outcome::Uncompressed) } else { delivered() });
    for ticket in 0..3 {
        exporter.hand_over("0{}");
        assert_eq!(closed(&exporter.flushed(ticket).await), [(1, FlushReason::Time)]);
    }
    let calls = exporter.collector.calls();
    assert_eq!(calls.iter().map(|call| call.compress).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!((calls[0].body.as_str(), rig.now()), (calls[1].body.as_str(), ms(0)));
    let counts = exporter.counts();
    assert_eq!((counts.delivered, counts.dropped(), counts.retried), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn bodies_under_way_when_compression_ends_go_plain_too() {
    let rig = Rig::start();
    let options = r#""compression":"gzip","maxBatchSize":1"#;
    let mut exporter = rig
        .open(options, |call| if call.compress { Answer::After(ms(100), Outcome::Uncompressed) } else { delivered() });
    exporter.hand_over("0{}\n1{}\n2{}\n3{}\n4{}");
    exporter.flushed(1).await;
    let compressed = exporter.collector.calls().iter().filter(|call| call.compress).count();
    assert_eq!((compressed, exporter.counts().delivered), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn only_who_asks_for_compression_gets_it_and_failures_do_not_end_it() {
    for (options, compress) in [("", false), (r#""compression":"none""#, false), (r#""compression":"gzip""#, true)] {
        let rig = Rig::start();
        let mut exporter = rig.open(options, first([failed("down"), failed("down")]));
        exporter.hand_over("0{}");
        let heard = exporter.flushed(1).await;
        let calls = exporter.collector.calls();
        assert!(calls.len() == 3 && calls.iter().all(|call| call.compress == compress), "{options}");
        assert_eq!(dropped_for(&heard, DropReason::Refused), 0);
    }
}
