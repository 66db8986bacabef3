//! The quota is used up: everything is dropped until a probe is delivered.

use std::time::Duration;

use mastra_native_exporter::{event::Event, protocol::answer::Outcome, signal::Signal, stats::DropReason};
use tokio::time::sleep;

use crate::support::{Answer, Call, Heard, Rig, at_once, delivered, dropped_for, events, failed, ms, no_quota, secs};

const PROBE: &str = r#"{"spans":[]}"#;

/// No quota for records before `until`; probes get the outcome `probe`.
fn exhausted(until: Duration, mut probe: impl FnMut(&Call) -> Answer + Send) -> impl FnMut(&Call) -> Answer + Send {
    move |call| match call.body.as_str() {
        PROBE => probe(call),
        _ if call.at < until => no_quota(60),
        _ => delivered(),
    }
}

fn told(heard: &[Heard], wanted: impl Fn(&Event) -> bool) -> Vec<Duration> {
    heard.iter().filter(|heard| wanted(&heard.event)).map(|heard| heard.at).collect()
}

fn paused(heard: &[Heard]) -> Vec<Duration> {
    told(heard, |event| matches!(event, Event::QuotaPaused { .. }))
}

fn resumed(heard: &[Heard]) -> Vec<Duration> {
    told(heard, |event| *event == Event::QuotaResumed)
}

#[tokio::test(start_paused = true)]
async fn everything_that_waits_and_comes_is_dropped_and_the_pause_is_told_once() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchSize":2"#, |_| no_quota(60));
    // Six bodies, of which four are in flight when the first answer comes, and an open batch.
    exporter.hand_over(&["0{}"; 13].join("\n"));
    sleep(ms(1)).await;
    let heard = exporter.heard();
    assert_eq!((dropped_for(&heard, DropReason::QuotaPaused), exporter.undelivered()), (13, 0));
    assert_eq!(exporter.collector.calls().len(), 4);
    sleep(secs(10)).await;
    exporter.hand_over("0{}\n4{}");
    let later = exporter.flushed(1).await;
    let lost = |signal| Event::Dropped { signal, reason: DropReason::QuotaPaused, count: 1 };
    let expected = [lost(Signal::Traces), lost(Signal::Feedback), Event::Flushed { ticket: 1 }];
    assert_eq!(events(&later), expected);
    assert_eq!(exporter.collector.calls().len(), 4, "nothing is sent");
    assert_eq!((paused(&heard), paused(&later)), (vec![ms(0)], vec![]));
    assert!(events(&heard).contains(&Event::QuotaPaused { probe_after_seconds: 60 }));
    let counts = exporter.counts();
    assert_eq!((counts.dropped_for(DropReason::QuotaPaused), counts.queued_bytes), (15, 0));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_gets_through_ends_the_pause_and_records_flow_again() {
    for signal in 0..5 {
        let rig = Rig::start();
        let mut exporter = rig.open("", exhausted(secs(30), |_| delivered()));
        exporter.hand_over(&format!("{signal}{{}}"));
        exporter.flushed(1).await;
        let heard = exporter.until(|event| *event == Event::QuotaResumed).await;
        assert_eq!(resumed(&heard), [secs(60)]);
        let calls = exporter.collector.calls();
        let probe = &calls[1];
        assert_eq!((probe.at, probe.signal, probe.body.as_str()), (secs(60), Signal::Traces, PROBE));
        exporter.hand_over(&format!("{signal}{{}}"));
        let heard = exporter.flushed(2).await;
        assert!(matches!(events(&heard)[1], Event::BatchDelivered { .. }), "{heard:?}");
        sleep(secs(3600)).await;
        assert_eq!((exporter.collector.calls().len(), exporter.heard().len()), (3, 0), "no more probes");
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_probe_says_when_the_next_one_goes() {
    let rig = Rig::start();
    let mut waits = [7, 100, 1].into_iter();
    let probe = move |_: &Call| waits.next().map_or_else(delivered, no_quota);
    let mut exporter = rig.open("", exhausted(secs(30), probe));
    exporter.hand_over("0{}");
    let heard = exporter.until(|event| *event == Event::QuotaResumed).await;
    // The time limit closes the batch at 5 s.
    let expected = [5, 65, 72, 172, 173].map(secs);
    assert_eq!(exporter.collector.times(), expected);
    assert_eq!((paused(&heard), resumed(&heard)), (vec![secs(5)], vec![secs(173)]));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_lost_is_followed_by_another_after_the_same_wait() {
    let lost = [
        failed("down"),
        Answer::Panic,
        Answer::Never,
        at_once(Outcome::AuthRejected(401)),
        at_once(Outcome::Refused { cause: "no".to_owned() }),
        at_once(Outcome::Split),
        at_once(Outcome::Uncompressed),
    ];
    for answer in lost {
        let rig = Rig::start();
        let (mut first, scripted) = (true, answer.clone());
        let probe = move |_: &Call| if std::mem::take(&mut first) { scripted.clone() } else { delivered() };
        let mut exporter = rig.open(r#""requestTimeoutMs":5000"#, exhausted(secs(30), probe));
        exporter.hand_over("0{}");
        exporter.flushed(1).await;
        let heard = exporter.until(|event| *event == Event::QuotaResumed).await;
        let late = if matches!(answer, Answer::Never) { secs(5) } else { secs(0) };
        assert_eq!(exporter.collector.times(), [secs(0), secs(60), secs(120) + late], "{answer:?}");
        assert_eq!(heard.len(), 1, "nothing but the end is told: {heard:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_pause_is_told_anew() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |call| match call.body.as_str() {
        PROBE => delivered(),
        _ => no_quota(30),
    });
    for round in 0..3 {
        exporter.hand_over("0{}");
        let heard = exporter.flushed(round).await;
        assert_eq!(paused(&heard).len(), 1);
        exporter.until(|event| *event == Event::QuotaResumed).await;
    }
    assert_eq!(exporter.counts().dropped_for(DropReason::QuotaPaused), 3);
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_out_when_the_pause_began_are_counted_as_they_end() {
    // (outcome of the body in flight, delivered, dropped by the pause)
    for (outcome, arrives, dropped) in [
        (Outcome::Delivered, 1, 1),
        (Outcome::Retry { cause: "down".to_owned(), after: None }, 0, 2),
        (Outcome::QuotaExhausted { probe_after: secs(60) }, 0, 2),
        (Outcome::Uncompressed, 0, 2),
    ] {
        let rig = Rig::start();
        let scripted = outcome.clone();
        let mut exporter = rig.open("", move |call| match call.signal {
            Signal::Logs => Answer::After(secs(2), scripted.clone()),
            _ => no_quota(60),
        });
        exporter.hand_over("0{}\n1{}");
        let heard = exporter.settled(1).await;
        let counts = exporter.counts();
        let dropped_by_pause = counts.dropped_for(DropReason::QuotaPaused);
        assert_eq!((counts.delivered, dropped_by_pause), (arrives, dropped), "{outcome:?}");
        assert_eq!((paused(&heard).len(), resumed(&heard).len()), (1, 0), "{outcome:?}: {heard:?}");
        assert_eq!(exporter.collector.calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_disturbs_no_flush_drain_or_count() {
    let rig = Rig::start();
    let mut exporter = rig.open("", exhausted(secs(30), |_| Answer::After(secs(9), Outcome::Delivered)));
    exporter.hand_over("0{}");
    exporter.flushed(1).await;
    sleep(secs(62)).await;
    assert_eq!(exporter.collector.in_flight(), 1, "a probe is under way");
    let (before, drain) = (exporter.counts(), rig.drain());
    assert_eq!((before.accepted, before.in_flight, before.queued_bytes), (1, 0, 0));
    assert_eq!(exporter.settled(2).await.last().unwrap().at, secs(62));
    assert!(drain.is_over());
    exporter.until(|event| *event == Event::QuotaResumed).await;
    assert_eq!(exporter.counts(), before);
}

#[tokio::test(start_paused = true)]
async fn a_probe_under_way_does_not_keep_a_closed_exporter_or_the_engine() {
    for stop in [false, true] {
        let rig = Rig::start();
        let exporter = rig.open("", exhausted(secs(30), |_| Answer::Never));
        exporter.hand_over("0{}");
        sleep(secs(66)).await;
        assert_eq!(exporter.collector.in_flight(), 1);
        if stop {
            rig.stop(secs(10));
            assert_eq!(rig.ended().await, secs(66));
        } else {
            exporter.close();
            sleep(ms(1)).await;
        }
        assert_eq!(exporter.collector.in_flight(), 0);
    }
}
