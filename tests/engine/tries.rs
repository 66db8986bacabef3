//! How long a flush waits while the collector fails: until each earlier record was tried three times.

use std::time::Duration;

use mastra_native_exporter::{command::FlushKind, event::Event, protocol::answer::Outcome};
use tokio::time::sleep;

use crate::support::{Answer, Heard, Rig, delivered, delivered_after, failed, first, ms, secs};

fn answered(heard: &[Heard], wanted: u32) -> &Heard {
    let flushed = |heard: &&Heard| heard.event == Event::Flushed { ticket: wanted };
    heard.iter().find(flushed).unwrap()
}

fn failed_after(ms: u64) -> Answer {
    Answer::After(Duration::from_millis(ms), Outcome::Retry { cause: "down".to_owned(), after: None })
}

#[tokio::test(start_paused = true)]
async fn a_flush_is_answered_after_three_tries_and_the_records_are_delivered_later() {
    let rig = Rig::start();
    let mut exporter = rig.open("", first(vec![failed("down"); 5]));
    exporter.hand_over("0{}\n0{}");
    let heard = exporter.flushed(1).await;
    let times = exporter.collector.times();
    assert_eq!((times.len(), heard.len()), (3, 2), "{heard:?}");
    assert_eq!((heard[1].at, heard[1].undelivered), (times[2], 2));

    let delivery = exporter.next().await;
    assert!(matches!(delivery.event, Event::BatchDelivered { batch_size: 2, .. }), "{delivery:?}");
    assert_eq!((exporter.collector.calls().len(), exporter.undelivered()), (6, 0));
}

#[tokio::test(start_paused = true)]
async fn tries_before_the_flush_count_but_there_is_at_least_one_after_it() {
    // (tries before the flush, tries when it is answered)
    for (before, after) in [(1, 3), (2, 3), (3, 4), (4, 5), (6, 7)] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""maxBatchSize":1"#, |_| failed("down"));
        exporter.hand_over("0{}");
        exporter.collector.called(before).await;
        let (asked, heard) = (rig.now(), exporter.flushed(1).await);
        let times = exporter.collector.times();
        assert_eq!(times.len(), after, "{before} before");
        assert_eq!(times[before], asked, "the next one is made at once");
        assert_eq!(heard.last().unwrap().at, times[after - 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn each_flush_asks_for_another_try() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| failed("down"));
    exporter.hand_over("0{}");
    for (ticket, tries) in [(1, 3), (2, 4), (3, 5), (4, 6)] {
        exporter.flushed(ticket).await;
        assert_eq!(exporter.collector.calls().len(), tries);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_makes_everything_that_waits_ready_at_once() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":1"#, |call| match call.at {
        at if at < secs(20) => failed("down"),
        _ => delivered(),
    });
    exporter.hand_over("0{}\n1{}\n2{}\n3{}\n4{}\n0{}");
    sleep(secs(20)).await;
    let heard = exporter.flushed(1).await;
    assert_eq!((heard.last().unwrap().at, exporter.counts().delivered), (secs(20), 6));
}

#[tokio::test(start_paused = true)]
async fn every_signal_has_tries_of_its_own() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |call| if call.body.contains("good") { delivered() } else { failed("down") });
    exporter.hand_over("0bad\n1good");
    exporter.flush(1);
    sleep(secs(2)).await;
    exporter.hand_over("0bad\n2bad\n3good");
    let heard = exporter.flushed(2).await;
    let tries = |text: &str| exporter.collector.bodies().iter().filter(|body| body.contains(text)).count();
    assert_eq!((tries("good"), tries("metrics"), exporter.undelivered()), (2, 3, 3));
    assert!(tries("spans") >= 3, "three of the address, which stand for all batches that wait for it");
    assert!(answered(&heard, 1).at < answered(&heard, 2).at);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_no_longer_than_it_was_given() {
    for within in [0, 1, 500, 29_999] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""requestTimeoutMs":60000"#, |_| delivered_after(30_000));
        exporter.hand_over("0{}");
        exporter.flush_as(1, FlushKind::Flush, ms(within));
        let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
        let flushed = heard.last().unwrap();
        assert_eq!((flushed.at, flushed.undelivered), (ms(within), 1));

        sleep(secs(40)).await;
        assert_eq!((exporter.counts().delivered, exporter.collector.calls().len()), (1, 1), "nothing was cut short");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_whose_time_is_over_leaves_the_request_alone() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered_after(2000));
    exporter.hand_over("0{}");
    exporter.flush_as(1, FlushKind::Flush, ms(700));
    exporter.flush_as(2, FlushKind::Flush, secs(60));
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 2 }).await;
    assert_eq!((answered(&heard, 1).at, answered(&heard, 2).at), (ms(700), ms(2000)));
    assert_eq!((exporter.collector.calls().len(), exporter.counts().delivered), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn tries_end_when_the_records_are_dropped() {
    for (options, tries) in [(r#""maxRetries":2"#, 2), (r#""retryWindowMs":0"#, 1)] {
        let rig = Rig::start();
        let mut exporter = rig.open(options, |_| failed("down"));
        exporter.hand_over("0{}");
        let flushed = exporter.flushed(1).await.pop().unwrap();
        assert_eq!((exporter.collector.calls().len(), flushed.undelivered), (tries, 0));
    }
}

/// A try that was in flight when the flush came is not over: the flush is answered after it.
async fn assert_waits_for_a_try(before: usize, answer: Answer) {
    let rig = Rig::start();
    let answers = vec![failed("down"); before].into_iter().chain([answer.clone()]);
    let mut exporter = rig.open(r#""maxBatchSize":1"#, first(answers));
    exporter.hand_over("0{}");
    exporter.collector.called(before + 1).await;
    let began = rig.now();
    sleep(ms(500)).await;
    let flushed = exporter.flushed(1).await.pop().unwrap();
    assert!(flushed.at >= began + ms(1999), "{before} tries before, then {answer:?}: {flushed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_a_try_that_is_under_way() {
    for before in 0..3 {
        assert_waits_for_a_try(before, delivered_after(2000)).await;
        assert_waits_for_a_try(before, failed_after(2000)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_a_try_that_is_under_way_also_after_three() {
    for before in [3, 4, 7] {
        assert_waits_for_a_try(before, delivered_after(2000)).await;
        assert_waits_for_a_try(before, failed_after(2000)).await;
    }
}
