//! How exporters and the engine begin and end.

use std::time::Duration;

use mastra_native_exporter::event::Event;
use tokio::time::sleep;

use crate::support::{Answer, Rig, delivered, delivered_after, events, failed, ms};

/// Longer than any other time in these tests.
const HOUR: Duration = Duration::from_secs(3600);

fn deliveries(events: &[Event]) -> usize {
    let delivered = |event: &&Event| matches!(event, Event::BatchDelivered { .. });
    events.iter().filter(delivered).count()
}

#[tokio::test(start_paused = true)]
async fn close_delivers_what_is_left_without_waiting_for_more() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered_after(700));
    exporter.hand_over("0{}\n1{}");
    exporter.close();
    let heard = [exporter.next().await, exporter.next().await];
    assert_eq!(deliveries(&events(&heard)), 1);
    assert_eq!((heard[1].at, heard[1].undelivered), (ms(700), 0));
}

#[tokio::test(start_paused = true)]
async fn close_still_retries() {
    let rig = Rig::start();
    let mut count = 0;
    let mut exporter = rig.open("", move |_| {
        count += 1;
        if count < 3 { failed("no") } else { delivered() }
    });
    exporter.hand_over("0{}");
    exporter.close();
    let heard = exporter.until(|event| matches!(event, Event::BatchDelivered { .. })).await;
    assert_eq!((heard.len(), heard[1].undelivered), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_flush_before_close_is_answered() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered_after(700));
    exporter.hand_over("0{}");
    exporter.flush(1);
    exporter.close();
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    assert_eq!((heard.len(), heard[2].at), (3, ms(700)));
}

#[tokio::test(start_paused = true)]
async fn a_closed_exporter_is_forgotten_with_its_sink() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    exporter.hand_over("0{}");
    exporter.close();
    sleep(ms(1)).await;
    exporter.heard();
    exporter.hand_over("0{}");
    exporter.flush(1);
    exporter.close();
    sleep(ms(60_000)).await;
    assert!(exporter.heard().is_empty());
    assert_eq!(exporter.collector.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn stop_delivers_what_is_left_of_all_exporters_and_returns_as_soon_as_it_is_done() {
    let rig = Rig::start();
    let mut quick = rig.open("", |_| delivered_after(100));
    let mut slow = rig.open("", |_| delivered_after(1500));
    let _idle = rig.open("", |_| Answer::Never);
    quick.hand_over("0{}");
    slow.hand_over("0{}\n2{}");
    rig.stop(ms(2000));
    assert_eq!(rig.ended().await, ms(1500));
    assert_eq!(deliveries(&events(&quick.heard())), 1);
    assert_eq!(deliveries(&events(&slow.heard())), 1);
    assert_eq!((quick.undelivered(), slow.undelivered()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn stop_uses_its_time_for_another_attempt() {
    let rig = Rig::start();
    let mut count = 0;
    let exporter = rig.open("", move |_| {
        count += 1;
        if count < 2 { failed("no") } else { delivered() }
    });
    exporter.hand_over("0{}");
    rig.stop(ms(2000));
    let ended = rig.ended().await;
    assert!((800..=1201).contains(&ended.as_millis()), "{ended:?}");
    assert_eq!(exporter.undelivered(), 0);
}

#[tokio::test(start_paused = true)]
async fn stop_returns_at_its_deadline_when_nobody_answers() {
    for within in [ms(0), ms(1), ms(2000)] {
        let rig = Rig::start();
        let exporter = rig.open("", |_| Answer::Never);
        exporter.hand_over("0{}");
        exporter.flush(1);
        sleep(ms(250)).await;
        rig.stop(within);
        assert_eq!(rig.ended().await, ms(250) + within);
        assert_eq!(exporter.undelivered(), 1, "and it does not claim otherwise");
        assert_eq!(exporter.collector.in_flight(), 0, "the request was let go");
    }
}

#[tokio::test(start_paused = true)]
async fn stop_does_not_wait_for_an_attempt_beyond_its_deadline() {
    let rig = Rig::start();
    let exporter = rig.open("", |_| failed("no"));
    exporter.hand_over("0{}");
    sleep(ms(4500)).await;
    rig.stop(ms(300));
    assert_eq!(rig.ended().await, ms(4800));
}

#[tokio::test(start_paused = true)]
async fn stop_returns_at_once_when_nothing_is_left() {
    let rig = Rig::start();
    rig.stop(HOUR);
    assert!(rig.ended().await.is_zero());

    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    exporter.hand_over("0{}");
    exporter.flushed(1).await;
    rig.stop(HOUR);
    assert!(rig.ended().await.is_zero());
}

#[tokio::test(start_paused = true)]
async fn run_ends_when_all_senders_are_gone() {
    let rig = Rig::start();
    assert!(rig.ended().await.is_zero());

    let rig = Rig::start();
    let exporter = rig.open("", |_| Answer::Never);
    exporter.hand_over("0{}");
    sleep(ms(6000)).await;
    drop(exporter);
    assert_eq!(rig.ended().await, ms(6000));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_made_fails_its_exporter_alone() {
    let rig = Rig::start();
    let mut good = rig.open("", |_| delivered());
    good.hand_over("0{}");
    good.flushed(1).await;
    let mut bad = rig.open_unconnectable();
    let event = bad.next().await;
    let message = "no such collector".to_owned();
    assert_eq!((event.event, event.at), (Event::EngineFailed { message }, ms(0)));
    bad.hand_over("0{}");
    bad.flush(1);
    bad.close();
    good.hand_over("0{}");
    assert_eq!(deliveries(&events(&good.flushed(2).await)), 1);
    assert!(bad.heard().is_empty() && bad.collector.calls().is_empty());
}
