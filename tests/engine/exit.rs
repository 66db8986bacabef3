//! The end of a process: `Exit` when the event loop lives, `Drain` when the JS thread is blocked.

use mastra_native_exporter::{command::FlushKind, event::Event, protocol::answer::Outcome, stats::DropReason};
use tokio::time::sleep;

use crate::support::{
    Answer, Drain, Rig, delivered, delivered_after, events, failed, first, ms, no_quota, rejected, secs,
};

#[tokio::test(start_paused = true)]
async fn an_exit_waits_for_more_than_three_tries() {
    let rig = Rig::start();
    let mut exporter = rig.open("", first(vec![failed("down"); 6]));
    exporter.hand_over("0{}");
    exporter.flush_as(1, FlushKind::Exit, secs(120));
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    assert!(matches!(heard[1].event, Event::BatchDelivered { .. }), "{heard:?}");
    assert_eq!(exporter.collector.calls().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_exit_waits_until_the_rest_is_dropped() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""retryWindowMs":20000"#, |_| failed("down"));
    exporter.hand_over("0{}");
    exporter.flush_as(1, FlushKind::Exit, secs(120));
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    assert_eq!((heard.last().unwrap().at, exporter.undelivered()), (secs(20), 0));
}

#[tokio::test(start_paused = true)]
async fn an_exit_waits_no_longer_than_it_was_given_and_drops_nothing() {
    for within in [0, 1, 2000] {
        let rig = Rig::start();
        let mut exporter = rig.open("", |call| if call.at < secs(30) { failed("down") } else { delivered() });
        exporter.hand_over("0{}");
        exporter.flush_as(1, FlushKind::Exit, ms(within));
        let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
        let flushed = heard.last().unwrap();
        assert_eq!((flushed.at, flushed.undelivered, flushed.counts.dropped()), (ms(within), 1, 0));
        exporter.settled(2).await;
        assert_eq!(exporter.counts().delivered, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_of_nothing_is_answered_at_once() {
    let rig = Rig::start();
    let drain = rig.drain();
    let _exporter = rig.open("", |_| Answer::Never);
    let second = rig.drain();
    sleep(ms(1)).await;
    assert!(drain.is_over() && second.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_drain_sends_what_waits_and_is_answered_when_all_exporters_are_idle() {
    let rig = Rig::start();
    let quick = rig.open("", |_| delivered_after(100));
    let slow = rig.open("", |_| delivered_after(1500));
    quick.hand_over("0{}");
    slow.hand_over("0{}\n2{}");
    let drains = [rig.drain(), rig.drain()];
    sleep(ms(1499)).await;
    assert_eq!((quick.undelivered(), slow.undelivered()), (0, 2));
    assert!(drains.iter().all(|drain| !drain.is_over()));
    sleep(ms(2)).await;
    assert!(drains.iter().all(Drain::is_over));
    assert_eq!(slow.undelivered(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_on_trying_and_makes_the_next_try_at_once() {
    let rig = Rig::start();
    let exporter = rig.open("", |call| if call.at < secs(100) { failed("down") } else { delivered() });
    exporter.hand_over("0{}");
    sleep(secs(50)).await;
    let tries = exporter.collector.calls().len();
    let drain = rig.drain();
    sleep(ms(1)).await;
    assert_eq!((exporter.collector.calls().len(), drain.is_over()), (tries + 1, false));
    sleep(secs(49)).await;
    assert!(!drain.is_over());
    sleep(secs(36)).await;
    assert!(drain.is_over());
    assert_eq!(exporter.undelivered(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_outage_makes_no_pause_at_the_end_of_a_process() {
    for stop in [false, true] {
        let rig = Rig::start();
        let exporter = rig.open(r#""maxBatchSize":1"#, |call| {
            let outcome = Outcome::Retry { cause: "down".to_owned(), after: None };
            Answer::After(ms(200), if call.at < ms(60_500) { outcome } else { Outcome::Delivered })
        });
        exporter.hand_over("00");
        sleep(secs(60)).await;
        let before = exporter.collector.calls().len();
        exporter.hand_over("01\n02\n03\n04\n05\n06");
        let drain = (!stop).then(|| rig.drain());
        if stop {
            rig.stop(secs(2));
        }
        sleep(ms(1999)).await;
        let tried = exporter.collector.times().split_off(before);
        assert!(exporter.counts().delivered >= 6, "{:?} with {tried:?}", exporter.counts());
        drop(drain);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_is_answered_when_the_rest_is_dropped() {
    for answer in [rejected(401), no_quota(60)] {
        let rig = Rig::start();
        let exporter = rig.open(r#""maxBatchSize":1"#, move |_| answer.clone());
        exporter.hand_over("0{}\n0{}\n1{}\n0{}\n0{}\n1{}");
        let drain = rig.drain();
        sleep(ms(1)).await;
        assert!(drain.is_over());
        let counts = exporter.counts();
        let dropped = counts.dropped_for(DropReason::AuthRejected) + counts.dropped_for(DropReason::QuotaPaused);
        assert_eq!(dropped, 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_nothing() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    let drain = rig.drain();
    sleep(ms(1)).await;
    assert!(drain.is_over());
    exporter.hand_over("0{}");
    let heard = exporter.flushed(1).await;
    assert!(matches!(events(&heard)[1], Event::BatchDelivered { .. }));
    // A wait that failed has no effect on the next call, which waits again.
    exporter.hand_over("0{}");
    let drain = rig.drain();
    sleep(ms(1)).await;
    assert!(drain.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_drain_is_let_go_when_the_engine_ends() {
    let rig = Rig::start();
    let exporter = rig.open("", |_| Answer::Never);
    exporter.hand_over("0{}");
    let drain = rig.drain();
    sleep(ms(1)).await;
    assert!(!drain.is_over());
    rig.stop(ms(100));
    rig.ended().await;
    assert!(drain.is_over());
}
