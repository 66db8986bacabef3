//! A failing collector gets one request at a time, and no crowd of requests when it works again.

use std::time::Duration;

use tokio::time::sleep;

use crate::support::{
    Answer, Call, Exporter, FOR_EVER, Rig, delivered, delivered_after, failed, held, ms, refused, rejected, secs,
};
use mastra_native_exporter::{command::FlushKind, protocol::answer::Outcome, signal::Signal};

const ONE_A_BATCH: &str = r#""maxBatchSize":1"#;

fn down_until(end: Duration, takes: u64) -> impl FnMut(&Call) -> Answer + Send {
    move |call| {
        let outcome =
            if call.at < end { Outcome::Retry { cause: "down".to_owned(), after: None } } else { Outcome::Delivered };
        Answer::After(ms(takes), outcome)
    }
}

#[tokio::test(start_paused = true)]
async fn one_request_at_a_time_while_failing_and_four_again_after_a_success() {
    let rig = Rig::start();
    let mut exporter = rig.open(ONE_A_BATCH, down_until(secs(40), 100));
    for record in 0..12 {
        exporter.hand_over(&format!("0{record}"));
    }
    sleep(ms(50)).await;
    assert_eq!(exporter.collector.most_in_flight(), 4, "nothing is known yet");
    sleep(ms(100)).await;
    exporter.collector.most_in_flight();
    sleep(secs(39)).await;
    assert_eq!(exporter.collector.most_in_flight(), 1);
    exporter.settled(1).await;
    let back: Vec<_> = exporter.collector.times().into_iter().filter(|&at| at >= secs(40)).collect();
    assert!(back[1] >= back[0] + ms(100), "the first one alone: {back:?}");
    for record in 0..8 {
        exporter.hand_over(&format!("0{record}"));
    }
    exporter.settled(2).await;
    assert_eq!((exporter.collector.most_in_flight(), exporter.counts().delivered), (4, 20));
}

#[tokio::test(start_paused = true)]
async fn one_failure_among_successes_does_not_hold_up_those_under_way() {
    let rig = Rig::start();
    let mut exporter = rig.open(ONE_A_BATCH, |call| match call.body.as_str() {
        r#"{"spans":[0]}"# if call.at < secs(1) => {
            Answer::After(ms(10), Outcome::Retry { cause: "no".into(), after: None })
        }
        _ => delivered_after(500),
    });
    for record in 0..8 {
        exporter.hand_over(&format!("0{record}"));
    }
    sleep(ms(499)).await;
    assert_eq!(exporter.collector.calls().len(), 4, "no fifth: the last answer was a failure");
    sleep(ms(2)).await;
    assert_eq!(exporter.collector.in_flight(), 4);
    exporter.settled(1).await;
    assert_eq!(exporter.counts().delivered, 8);
}

#[tokio::test(start_paused = true)]
async fn only_failures_that_may_pass_slow_it_down() {
    let slow = |outcome: Answer| match outcome {
        Answer::After(_, outcome) => Answer::After(ms(100), outcome),
        other => other,
    };
    for (answer, most) in
        [(failed("down"), 1), (held(0), 1), (Answer::Never, 1), (refused("never"), 4), (delivered(), 4)]
    {
        let rig = Rig::start();
        let answer = slow(answer);
        let scripted = answer.clone();
        let exporter = rig.open(r#""maxBatchSize":1,"requestTimeoutMs":100"#, move |_| scripted.clone());
        for record in 0..16 {
            exporter.hand_over(&format!("0{record}"));
        }
        // A flush waits, so that only the number of requests limits the rate.
        exporter.flush_as(1, FlushKind::Exit, FOR_EVER);
        sleep(ms(150)).await;
        // Only requests that were started since the first answers.
        exporter.collector.most_in_flight();
        sleep(ms(200)).await;
        assert_eq!(exporter.collector.most_in_flight(), most, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rejected_credentials_are_no_outage() {
    let rig = Rig::start();
    let mut exporter = rig.open(ONE_A_BATCH, |call| match call.at {
        Duration::ZERO => rejected(401),
        _ => delivered_after(100),
    });
    exporter.hand_over("0{}");
    exporter.settled(1).await;
    sleep(secs(67)).await;
    for _ in 0..4 {
        exporter.hand_over("0{}");
    }
    exporter.settled(2).await;
    assert_eq!(exporter.collector.most_in_flight(), 4);
}

/// Two batches a second during an outage of 30 s. Returns the number of requests in it.
async fn outage(rig: &Rig) -> (Exporter, usize) {
    let exporter = rig.open(ONE_A_BATCH, down_until(secs(30), 20));
    for record in 0..60 {
        exporter.hand_over(&format!("0{record}"));
        sleep(ms(500)).await;
    }
    let during = exporter.collector.calls().len();
    (exporter, during)
}

#[tokio::test(start_paused = true)]
async fn a_collector_that_returns_gets_each_batch_once_and_four_at_a_time() {
    let rig = Rig::start();
    let (mut exporter, during) = outage(&rig).await;
    exporter.settled(1).await;
    let back = exporter.collector.calls().len() - during;
    assert!((60..=61).contains(&back), "{back} requests for 60 batches");
    assert_eq!(exporter.counts().delivered, 60);
    assert!(exporter.collector.most_in_flight() <= 4);
}

#[tokio::test(start_paused = true)]
async fn requests_during_an_outage_do_not_grow_with_the_number_of_batches() {
    let rig = Rig::start();
    let (_, during) = outage(&rig).await;
    assert!(during <= 60, "{during} requests while nothing gets through");
}

#[tokio::test(start_paused = true)]
async fn one_signal_whose_address_fails_does_not_hold_up_the_others() {
    for failing in [failed("down"), Answer::Never] {
        let rig = Rig::start();
        let answer = failing.clone();
        let exporter = rig.open("", move |call| match call.signal {
            Signal::Logs => answer.clone(),
            _ => delivered(),
        });
        for _ in 0..120 {
            exporter.hand_over("0{}\n1{}");
            sleep(secs(5)).await;
        }
        sleep(secs(5)).await;
        let delivered: Vec<u64> = exporter.counts_by_signal().iter().map(|counts| counts.delivered).collect();
        assert_eq!(delivered[..2], [120, 0], "{failing:?}");
    }
}
