//! Without `maxRetries` time decides how often a batch is tried.

use std::time::Duration;

use mastra_native_exporter::{event::Event, protocol::answer::Outcome, signal::Signal, stats::DropReason};
use tokio::time::sleep;

use crate::support::{Answer, Heard, Rig, delivered, events, failed, first, ms, secs};

fn after(ms: u64, outcome: Outcome) -> Answer {
    Answer::After(Duration::from_millis(ms), outcome)
}

fn failed_after(ms: u64) -> Answer {
    after(ms, Outcome::Retry { cause: "late".to_owned(), after: None })
}

/// The events after the start of the batch.
fn assert_given_up(heard: &[Heard], signal: Signal, count: u64, cause: &str) {
    let [started, lost, dropped, incomplete, flushed] = heard else { panic!("{heard:?}") };
    assert_eq!(started.event, Event::BatchStarted { buffered_events: count });
    assert_eq!(lost.event, Event::Dropped { signal, reason: DropReason::RetriesExhausted, count });
    let Event::SignalDropped { signal: lost, dropped_batch_size, cause: told, .. } = &dropped.event else {
        panic!("{heard:?}")
    };
    assert_eq!((*lost, *dropped_batch_size, told.as_str()), (signal, count, cause));
    assert!(matches!(incomplete.event, Event::BatchIncomplete { batch_size, .. } if batch_size == count));
    assert_eq!(flushed.undelivered, 0);
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_to_the_end_of_the_window_where_the_last_one_is_made() {
    for (options, window) in [("", 300), (r#""retryWindowMs":45000"#, 45), (r#""retryWindowMs":3600000"#, 3600)] {
        let rig = Rig::start();
        let mut count = 0;
        let mut exporter = rig.open(options, move |_| {
            count += 1;
            failed(&format!("attempt {count}"))
        });
        exporter.hand_over("2{}\n2{}");
        let heard = exporter.settled(1).await;
        let times = exporter.collector.times();
        assert_eq!(*times.last().unwrap(), secs(window), "window {window}");
        // Pauses of 1, 2, 4, 8, 16 and then 30 s, each with 20 % jitter.
        let (least, most) = (window / 36 + 4, window / 24 + 8);
        assert!((least..=most).contains(&(times.len() as u64)), "{} attempts in {window} s", times.len());
        assert!(times.windows(2).all(|pair| pair[1] <= pair[0] + ms(36_001)), "{times:?}");
        assert_given_up(&heard, Signal::Metrics, 2, &format!("attempt {}", times.len()));
        assert_eq!(heard[1].at, secs(window));
        assert_eq!(exporter.counts().retried, 2 * (times.len() as u64 - 1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_window_begins_when_the_batch_is_closed() {
    let rig = Rig::start();
    let options = r#""retryWindowMs":20000,"maxBatchWaitMs":7000"#;
    let mut exporter = rig.open(options, |_| failed("down"));
    exporter.hand_over("0{}");
    let heard = exporter.until(|event| matches!(event, Event::BatchIncomplete { .. })).await;
    let times = exporter.collector.times();
    assert_eq!((times[0], *times.last().unwrap()), (secs(7), secs(27)));
    assert_eq!(heard.last().unwrap().at, secs(27));
}

#[tokio::test(start_paused = true)]
async fn each_batch_has_a_window_of_its_own() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""retryWindowMs":20000,"maxBatchSize":1"#, |_| failed("down"));
    exporter.hand_over("0{}");
    sleep(secs(10)).await;
    exporter.hand_over("1{}");
    let heard = exporter.settled(1).await;
    let lost: Vec<_> = heard
        .iter()
        .filter_map(|heard| match heard.event {
            Event::Dropped { signal, .. } => Some((signal, heard.at)),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [(Signal::Traces, secs(20)), (Signal::Logs, secs(30))]);
}

#[tokio::test(start_paused = true)]
async fn a_window_of_nothing_allows_one_attempt() {
    for (answer, attempts) in [(delivered(), 1), (failed("down"), 1)] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""retryWindowMs":0"#, move |_| answer.clone());
        exporter.hand_over("0{}");
        assert_eq!(exporter.settled(1).await.last().unwrap().at, ms(0));
        assert_eq!(exporter.collector.calls().len(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_under_way_at_the_end_of_the_window_still_counts() {
    for (answer, delivered) in [(after(12_000, Outcome::Delivered), 1), (failed_after(12_000), 0)] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""retryWindowMs":10000"#, move |_| answer.clone());
        exporter.hand_over("0{}");
        let heard = exporter.settled(1).await;
        assert_eq!((exporter.collector.calls().len(), heard.last().unwrap().at), (1, secs(12)));
        assert_eq!(exporter.counts().delivered, delivered);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_late_in_the_window_is_a_delivery() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |call| if call.at < secs(250) { failed("down") } else { delivered() });
    exporter.hand_over("0{}");
    let heard = exporter.settled(1).await;
    let [_, Event::BatchDelivered { duration_ms, .. }, _] = events(&heard)[..] else { panic!("{heard:?}") };
    assert!((250_000..=286_001).contains(&duration_ms), "{duration_ms}");
}

#[tokio::test(start_paused = true)]
async fn with_max_retries_the_window_does_not_matter() {
    for window in [0, 1, 86_400_000] {
        let rig = Rig::start();
        let options = format!(r#""maxRetries":5,"retryWindowMs":{window}"#);
        let mut exporter = rig.open(&options, |_| failed("down"));
        exporter.hand_over("0{}");
        let heard = exporter.settled(1).await;
        assert_eq!(exporter.collector.calls().len(), 5, "window {window}");
        assert_given_up(&heard, Signal::Traces, 1, "down");
    }
}

#[tokio::test(start_paused = true)]
async fn time_limits_and_panics_of_an_attempt_use_up_the_window_too() {
    let rig = Rig::start();
    let answers = std::iter::repeat([Answer::Never, Answer::Panic]).flatten();
    let mut exporter = rig.open(r#""retryWindowMs":60000,"requestTimeoutMs":5000"#, first(answers));
    exporter.hand_over("0{}");
    let heard = exporter.settled(1).await;
    let last = *exporter.collector.times().last().unwrap();
    assert!((secs(55)..=secs(60)).contains(&last), "{last:?}");
    assert!((secs(60)..=secs(65)).contains(&heard.last().unwrap().at), "{heard:?}");
    assert_eq!(exporter.counts().dropped_for(DropReason::RetriesExhausted), 1);
}

/// One request at a time, and each takes its full time limit. There is not enough time to try every batch at the end of
/// its window.
#[tokio::test(start_paused = true)]
async fn a_silent_collector_does_not_keep_batches_far_beyond_their_window() {
    let rig = Rig::start();
    let exporter = rig.open("", |_| Answer::Never);
    for _ in 0..720 {
        exporter.hand_over("0{}");
        sleep(secs(5)).await;
    }
    // One request in 5 s for 300 s, and a few for jobs whose last attempt is due.
    let waiting = exporter.undelivered();
    assert!(waiting <= 72, "{waiting} batches wait");
}
