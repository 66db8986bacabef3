//! `Retry-After` stops the requests of the whole exporter.

use std::time::Duration;

use mastra_native_exporter::{
    command::FlushKind,
    event::Event,
    protocol::answer::{self, Outcome, classify},
    signal::Signal,
};
use tokio::time::sleep;

use crate::support::{Answer, Rig, at_once, delivered, failed, first, held, ms, secs};

const ONE_A_BATCH: &str = r#""maxBatchSize":1"#;

/// The outcome of a 503 with this `Retry-After`.
fn unavailable(retry_after: Duration) -> Answer {
    let answer = answer::Answer { status: 503, retry_after: Some(retry_after), ..answer::Answer::default() };
    at_once(classify(&answer))
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_the_collector_asks_for_is_kept_up_to_300_seconds() {
    // (asked, kept)
    for (asked, kept) in [(2, 2), (20, 20), (299, 299), (300, 300), (301, 300), (86_400, 300), (u64::MAX, 300)] {
        let rig = Rig::start();
        let answers = [unavailable(Duration::from_secs(asked))];
        let mut exporter = rig.open(r#""retryWindowMs":3600000"#, first(answers));
        exporter.hand_over("0{}");
        exporter.settled(1).await;
        assert_eq!(exporter.collector.times(), [ms(0), secs(kept)], "asked for {asked} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_shorter_than_the_own_one_does_not_shorten_it() {
    let rig = Rig::start();
    let mut exporter = rig.open("", first([held(0)]));
    exporter.hand_over("0{}");
    exporter.settled(1).await;
    assert!((ms(800)..=ms(1201)).contains(&exporter.collector.times()[1]));
}

#[tokio::test(start_paused = true)]
async fn all_batches_and_signals_of_the_exporter_wait_and_no_other_exporter() {
    let rig = Rig::start();
    let mut exporter = rig.open(ONE_A_BATCH, first([held(20)]));
    let mut other = rig.open(ONE_A_BATCH, |_| delivered());
    exporter.hand_over("0{}");
    sleep(ms(1)).await;
    for _ in 0..10 {
        exporter.hand_over("0{}\n1{}\n4{}");
        other.hand_over("0{}");
        sleep(ms(1999)).await;
    }
    other.settled(1).await;
    assert_eq!((exporter.collector.calls().len(), other.counts().delivered), (1, 10));
    exporter.settled(1).await;
    assert!(exporter.collector.times()[1..].iter().all(|&at| at == secs(20)));
    assert_eq!(exporter.counts().delivered, 31);
}

#[tokio::test(start_paused = true)]
async fn of_two_waits_the_longer_one_counts_whichever_comes_first() {
    for answers in [[held(20), held(5)], [held(5), held(20)]] {
        let rig = Rig::start();
        let mut exporter = rig.open(ONE_A_BATCH, first(answers));
        exporter.hand_over("0{}\n1{}");
        exporter.settled(1).await;
        assert_eq!(exporter.collector.times(), [ms(0), ms(0), secs(20), secs(20)]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_meanwhile_does_not_end_the_wait() {
    let rig = Rig::start();
    let slow = Answer::After(ms(500), Outcome::Delivered);
    let mut exporter = rig.open(ONE_A_BATCH, first([held(20), slow]));
    exporter.hand_over("0{}\n1{}\n2{}");
    sleep(ms(600)).await;
    exporter.hand_over("3{}");
    exporter.settled(1).await;
    let mut times = exporter.collector.times();
    times.retain(|&at| at > ms(0));
    assert_eq!(times, [secs(20), secs(20)]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_does_not_break_the_wait_and_waits_for_its_end() {
    let rig = Rig::start();
    let mut exporter = rig.open("", first([held(20)]));
    exporter.hand_over("0{}");
    exporter.flush(1);
    sleep(secs(3)).await;
    exporter.hand_over("0{}");
    let heard = exporter.flushed(2).await;
    assert_eq!(exporter.collector.times(), [ms(0), secs(20), secs(20)]);
    assert_eq!((heard.last().unwrap().at, exporter.undelivered()), (secs(20), 0));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_window_is_followed_by_one_last_attempt() {
    for (answers, delivered) in [(vec![held(60)], 1), (vec![held(60), held(60)], 0)] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""retryWindowMs":10000"#, first(answers));
        exporter.hand_over("0{}");
        let heard = exporter.settled(1).await;
        assert_eq!(exporter.collector.times(), [ms(0), secs(60)]);
        assert_eq!((exporter.counts().delivered, heard.last().unwrap().at), (delivered, secs(60)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_begins_at_the_end_leaves_one_try_to_the_signals_that_were_not_asked() {
    let rig = Rig::start();
    let mut logs_fail = true;
    let mut exporter = rig.open("", move |call| match call.signal {
        Signal::Traces => Answer::After(ms(200), Outcome::Retry { cause: "503".to_owned(), after: Some(secs(300)) }),
        _ if std::mem::take(&mut logs_fail) => failed("down"),
        _ => delivered(),
    });
    exporter.hand_over("0{}\n1{}");
    exporter.flush_as(1, FlushKind::Exit, secs(5));
    exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    let tries = |signal| exporter.collector.calls().iter().filter(|call| call.signal == signal).count();
    assert_eq!((tries(Signal::Traces), tries(Signal::Logs), exporter.counts().delivered), (1, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_the_end_of_a_wait_that_its_time_allows_and_for_no_other() {
    for (within, answered) in [(9, 10), (10, 20), (11, 20)] {
        let rig = Rig::start();
        let mut exporter = rig.open("", first([held(20)]));
        exporter.hand_over("0{}");
        exporter.flush(1);
        sleep(secs(10)).await;
        exporter.flush_as(2, FlushKind::Flush, secs(within));
        let heard = exporter.until(|event| *event == Event::Flushed { ticket: 2 }).await;
        assert_eq!(heard.last().unwrap().at, secs(answered), "within {within} s");
    }
}
