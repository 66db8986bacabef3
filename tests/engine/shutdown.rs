//! A shutdown does what a flush does. After it the exporter is gone, and the remaining records are counted.

use mastra_native_exporter::{command::FlushKind, event::Event, signal::Signal, stats::DropReason};
use tokio::time::sleep;

use crate::support::{
    Answer, Exporter, FOR_EVER, Heard, NO_URL, Rig, delivered, delivered_after, dropped_for, events, failed, first, ms,
    secs,
};

const TICKET: u32 = 77;

async fn shut_down(exporter: &mut Exporter, within: u64) -> Vec<Heard> {
    exporter.flush_as(TICKET, FlushKind::Shutdown, ms(within));
    exporter.until(|event| *event == Event::Flushed { ticket: TICKET }).await
}

fn left(signal: Signal, count: u64) -> Event {
    Event::Dropped { signal, reason: DropReason::Shutdown, count }
}

/// Checks that the exporter sends, reports and counts nothing any more.
async fn assert_gone(exporter: &mut Exporter) {
    let (calls, counts) = (exporter.collector.calls().len(), exporter.counts());
    assert_eq!((counts.queued, counts.in_flight, counts.queued_bytes), (0, 0, 0), "{counts:?}");
    exporter.flush(1);
    exporter.hand_over("0{}\n4{}");
    exporter.refuse(3);
    exporter.flush(2);
    sleep(FOR_EVER / 2).await;
    assert!(exporter.heard().is_empty());
    assert_eq!((exporter.collector.calls().len(), exporter.collector.in_flight()), (calls, 0));
    let after = exporter.counts();
    assert_eq!((after.delivered, after.dropped()), (counts.delivered, counts.dropped()));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_delivers_what_is_left_and_then_the_exporter_is_gone() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered_after(700));
    exporter.hand_over("0{}\n3{}");
    let heard = shut_down(&mut exporter, 8000).await;
    assert_eq!((heard.len(), heard[2].at, heard[2].undelivered), (3, ms(700), 0));
    assert!(matches!(heard[1].event, Event::BatchDelivered { .. }));
    assert_gone(&mut exporter).await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_with_nothing_left_says_nothing_but_its_answer() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| Answer::Never);
    let heard = shut_down(&mut exporter, 8000).await;
    assert_eq!((events(&heard), heard[0].at), (vec![Event::Flushed { ticket: TICKET }], ms(0)));
    assert_gone(&mut exporter).await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_gives_up_after_three_tries_and_says_once_what_is_lost() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| failed("down"));
    exporter.hand_over("0{}\n0{}\n4{}");
    let heard = shut_down(&mut exporter, 60_000).await;
    assert_eq!(exporter.collector.calls().len(), 6, "two signals, three tries each");
    let expected = [
        left(Signal::Traces, 2),
        left(Signal::Feedback, 1),
        Event::ShutdownIncomplete {
            dropped_records: 3,
            endpoint: Some(NO_URL.to_owned()),
            cause: Some("down".to_owned()),
        },
        Event::Flushed { ticket: TICKET },
    ];
    assert_eq!(events(&heard)[1..], expected);
    assert!(heard[1..].iter().all(|heard| heard.undelivered == 0), "counted before it is told");
    assert_eq!(exporter.counts().dropped_for(DropReason::Shutdown), 3);
    assert_gone(&mut exporter).await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_on_time_with_its_requests_and_counts_all_that_is_left() {
    for within in [0, 1, 8000] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""maxBatchSize":1"#, |_| Answer::Never);
        // Four requests in flight, and two jobs that wait.
        exporter.hand_over("0{}\n1{}\n1{}\n2{}\n3{}\n4{}");
        sleep(ms(10)).await;
        let heard = shut_down(&mut exporter, within).await;
        let flushed = heard.last().unwrap();
        assert_eq!((flushed.at, flushed.undelivered), (ms(10 + within), 0));
        assert_eq!(dropped_for(&heard, DropReason::Shutdown), 6);
        let told = |event: &&Event| matches!(event, Event::ShutdownIncomplete { dropped_records: 6, .. });
        assert_eq!(events(&heard).iter().filter(told).count(), 1);
        sleep(ms(1)).await;
        assert_eq!(exporter.collector.in_flight(), 0, "its requests are let go");
        assert_gone(&mut exporter).await;
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_come_during_a_shutdown_are_left_too() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| Answer::Never);
    exporter.hand_over("0{}");
    exporter.flush_as(TICKET, FlushKind::Shutdown, secs(3));
    sleep(secs(1)).await;
    exporter.hand_over("1{}\n1{}");
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: TICKET }).await;
    assert!(events(&heard).contains(&left(Signal::Logs, 2)), "{heard:?}");
    assert!(
        events(&heard).iter().any(|event| matches!(event, Event::ShutdownIncomplete { dropped_records: 3, .. })),
        "{heard:?}"
    );
    assert_gone(&mut exporter).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_tried_three_times_before_is_tried_once_more() {
    let rig = Rig::start();
    let mut exporter = rig.open("", first(vec![failed("down"); 4]));
    exporter.hand_over("0{}");
    sleep(secs(5)).await;
    exporter.flushed(1).await;
    let tries = exporter.collector.calls().len();
    assert_eq!(tries, 3);
    let heard = shut_down(&mut exporter, 8000).await;
    assert_eq!(exporter.collector.calls().len(), 4);
    assert_eq!(dropped_for(&heard, DropReason::Shutdown), 1);
}

/// Records of a request in flight must not be dropped while there is time to wait for its answer.
async fn assert_waits_for_a_try(before: usize) {
    let rig = Rig::start();
    let answers = vec![failed("down"); before].into_iter().chain([delivered_after(2000)]);
    let mut exporter = rig.open(r#""maxBatchSize":1"#, first(answers));
    exporter.hand_over("0{}");
    exporter.collector.called(before + 1).await;
    sleep(ms(500)).await;
    let heard = shut_down(&mut exporter, 8000).await;
    let counts = exporter.counts();
    assert_eq!((counts.delivered, counts.dropped()), (1, 0), "{before} tries before: {heard:?}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_a_try_that_is_under_way() {
    for before in 0..3 {
        assert_waits_for_a_try(before).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_a_try_that_is_under_way_also_after_three() {
    for before in [3, 4, 7] {
        assert_waits_for_a_try(before).await;
    }
}

/// Flushes without a time limit, and a shutdown whose length depends on the answers.
async fn assert_answered(answer: Answer, within: u64) {
    let rig = Rig::start();
    let scripted = answer.clone();
    let mut exporter = rig.open("", move |_| scripted.clone());
    exporter.hand_over("0{}");
    exporter.flush_as(1, FlushKind::Exit, FOR_EVER);
    exporter.flush_as(2, FlushKind::Flush, FOR_EVER);
    exporter.flush_as(TICKET, FlushKind::Shutdown, ms(within));
    exporter.flush_as(3, FlushKind::Shutdown, FOR_EVER);
    sleep(FOR_EVER / 2).await;
    let heard = events(&exporter.heard());
    for ticket in [1, 2, 3, TICKET] {
        let times = heard.iter().filter(|&event| *event == Event::Flushed { ticket }).count();
        assert_eq!(times, 1, "ticket {ticket}, {answer:?}: {heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn flushes_that_still_wait_are_answered_when_a_shutdown_ends_by_its_last_try() {
    assert_answered(failed("down"), 60_000).await;
    assert_answered(delivered_after(900), 60_000).await;
}

#[tokio::test(start_paused = true)]
async fn flushes_that_still_wait_are_answered_when_a_shutdown_ends_by_its_time() {
    assert_answered(Answer::Never, 500).await;
}

#[tokio::test(start_paused = true)]
async fn overflow_totals_are_told_before_the_answer() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    exporter.refuse(40);
    exporter.refuse(2);
    let heard = shut_down(&mut exporter, 8000).await;
    let totals = events(&heard).into_iter().filter_map(|event| match event {
        Event::QueueOverflow { dropped_records, .. } => Some(dropped_records),
        _ => None,
    });
    assert_eq!(totals.collect::<Vec<_>>(), [40, 2]);
    assert_eq!(dropped_for(&heard, DropReason::Shutdown), 0);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_of_one_exporter_is_not_one_of_another() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| Answer::Never);
    let mut other = rig.open("", |_| delivered_after(5000));
    exporter.hand_over("0{}");
    other.hand_over("0{}");
    other.flush(1);
    sleep(ms(1)).await;
    shut_down(&mut exporter, 100).await;
    let heard = other.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    assert!(matches!(heard[1].event, Event::BatchDelivered { .. }), "{heard:?}");
    assert_gone(&mut exporter).await;
}
