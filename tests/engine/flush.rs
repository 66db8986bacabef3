//! When `Flushed` is emitted.

use mastra_native_exporter::event::Event;
use tokio::time::sleep;

use crate::support::{Answer, Rig, delivered, delivered_after, events, failed, ms, rejected};

fn tickets(heard: &[crate::support::Heard]) -> Vec<(u32, u128)> {
    let flushed = heard.iter().filter_map(|heard| match heard.event {
        Event::Flushed { ticket } => Some((ticket, heard.at.as_millis())),
        _ => None,
    });
    flushed.collect()
}

#[tokio::test(start_paused = true)]
async fn a_flush_of_nothing_is_answered_at_once() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| Answer::Never);
    for ticket in [7, u32::MAX, 7] {
        let heard = exporter.flushed(ticket).await;
        assert_eq!((heard.len(), heard[0].at), (1, ms(0)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_closes_the_batch_and_is_answered_right_after_its_delivery() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered_after(2000));
    sleep(ms(100)).await;
    exporter.hand_over("0{}\n4{}");
    let heard = exporter.flushed(1).await;
    assert!(matches!(heard[0].event, Event::BatchStarted { buffered_events: 2 }));
    assert_eq!(heard[0].at, ms(100));
    assert!(matches!(heard[1].event, Event::BatchDelivered { duration_ms: 2000, .. }));
    assert_eq!((heard.len(), heard[2].at, heard[2].undelivered), (3, ms(2100), 0));
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_wait_for_later_records() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |call| match call.body.as_str() {
        r#"{"spans":[1]}"# => delivered_after(2000),
        _ => Answer::Never,
    });
    exporter.hand_over("01");
    exporter.flush(1);
    exporter.hand_over("02");
    exporter.flush(2);
    sleep(ms(10_000)).await;
    assert_eq!(tickets(&exporter.heard()), [(1, 2000)]);
    assert_eq!(exporter.undelivered(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_every_batch_before_it_also_slower_ones() {
    // (delay of batch 1, of batch 2) -> when flush 1, after batch 1, and flush 2, after batch 2, are answered
    for (first, second, expected) in [
        (5000, 1000, [(1, 5000), (2, 5000)]),
        (1000, 5000, [(1, 1000), (2, 5000)]),
        (3000, 3000, [(1, 3000), (2, 3000)]),
    ] {
        let rig = Rig::start();
        let mut exporter =
            rig.open("", move |call| delivered_after(if call.body.contains("[1]") { first } else { second }));
        exporter.hand_over("01");
        exporter.flush(1);
        exporter.hand_over("02");
        let heard = exporter.flushed(2).await;
        assert_eq!(tickets(&heard), expected);
        assert_eq!(heard.last().unwrap().undelivered, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn flushes_with_nothing_between_them_are_all_answered_in_order() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered_after(500));
    exporter.hand_over("0{}");
    for ticket in [3, 1, 2] {
        exporter.flush(ticket);
    }
    let heard = exporter.flushed(9).await;
    assert_eq!(tickets(&heard), [(3, 500), (1, 500), (2, 500), (9, 500)]);
    assert_eq!(exporter.collector.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flush_is_answered_after_records_were_dropped_too() {
    // (script's answer, attempts, events before Flushed)
    for (answer, attempts, before) in [(failed("no"), 2, 4), (rejected(401), 1, 4), (Answer::Never, 2, 4)] {
        let rig = Rig::start();
        let scripted = answer.clone();
        let mut exporter = rig.open(r#""maxRetries":2,"requestTimeoutMs":100"#, move |_| scripted.clone());
        exporter.hand_over("0{}\n0{}");
        let heard = exporter.flushed(1).await;
        assert_eq!(exporter.collector.calls().len(), attempts, "{answer:?}");
        assert_eq!(heard.len(), before + 1, "{answer:?}: {heard:?}");
        let [.., incomplete, flushed] = heard.as_slice() else { panic!("{heard:?}") };
        assert!(matches!(incomplete.event, Event::BatchIncomplete { .. }), "{answer:?}: {heard:?}");
        assert_eq!((flushed.undelivered, exporter.undelivered()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_through_retries() {
    let rig = Rig::start();
    let mut attempts = 0;
    let mut exporter = rig.open("", move |_| {
        attempts += 1;
        if attempts < 3 { failed("later") } else { delivered() }
    });
    exporter.hand_over("0{}");
    let heard = exporter.flushed(1).await;
    let kinds: Vec<Event> = events(&heard);
    assert!(matches!(
        kinds[..],
        [Event::BatchStarted { .. }, Event::BatchDelivered { .. }, Event::Flushed { ticket: 1 }]
    ));
    assert!((2400..=3602).contains(&heard[2].at.as_millis()), "{heard:?}");
}
