//! What is reported to a person about a collector that does not work, and when.

use std::time::Duration;

use mastra_native_exporter::{event::Event, signal::Signal};
use tokio::time::sleep;

use crate::support::{Answer, Exporter, Rig, delivered, failed, held, ms, rejected, secs};

/// The reports without single tries.
fn told(exporter: &Exporter) -> Vec<(Duration, Event)> {
    exporter.news().into_iter().filter(|(_, event)| !matches!(event, Event::TryFailed { .. })).collect()
}

/// Fails with this text until the given time, and delivers after it.
fn down_until(rig: &Rig, options: &str, up_at: Duration, text: &'static str) -> Exporter {
    rig.open(options, move |call| if call.at < up_at { failed(text) } else { delivered() })
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_once_after_the_second_failure_and_its_end_once() {
    let rig = Rig::start();
    let mut exporter = down_until(&rig, "", secs(60), "Request failed: refused");
    for _ in 0..30 {
        exporter.hand_over("0{}");
        exporter.flush(1);
        sleep(secs(4)).await;
    }
    exporter.settled(2).await;
    let told = told(&exporter);
    let [(down_at, Event::Unreachable { cause, failing_for_ms, kept_for_ms, waiting_records, .. }), up] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert!(*down_at <= secs(5), "{down_at:?}");
    assert_eq!((cause.as_str(), *kept_for_ms), ("Request failed: refused", 300_000));
    assert!((500..=5_000).contains(failing_for_ms) && *waiting_records > 0, "{told:?}");
    let (up_at, Event::Reachable { down_ms, .. }) = up else { panic!("{told:?}") };
    assert!((60_000..=95_000).contains(down_ms), "{told:?}");
    assert!((secs(60)..secs(95)).contains(up_at), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_single_failure_is_told_when_nothing_has_got_through_for_five_seconds() {
    let rig = Rig::start();
    // The report does not wait for the next try.
    let exporter = rig.open("", |call| if call.at < secs(20) { held(19) } else { delivered() });
    exporter.hand_over("1{}");
    exporter.flush(1);
    sleep(secs(19)).await;
    let [(at, Event::Unreachable { .. })] = told(&exporter)[..] else { panic!("{:?}", told(&exporter)) };
    assert_eq!(at, secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_blip_is_told_at_debug_alone() {
    let rig = Rig::start();
    let mut exporter = down_until(&rig, "", ms(500), "Request failed: refused");
    exporter.hand_over("0{}");
    exporter.settled(1).await;
    assert_eq!(told(&exporter), []);
    let news = exporter.news();
    assert!(matches!(news[..], [(_, Event::TryFailed { signal: Signal::Traces, attempt: 1, .. })]), "{news:?}");
}

#[tokio::test(start_paused = true)]
async fn signals_that_fail_together_are_told_of_together() {
    let rig = Rig::start();
    let exporter = down_until(&rig, "", secs(60), "Request failed: refused");
    exporter.hand_over("0{}\n1{}\n3{}");
    exporter.flush(1);
    sleep(secs(10)).await;
    let told = told(&exporter);
    let [(_, Event::Unreachable { signals, waiting_records, .. })] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&signals[..], *waiting_records), (&[Signal::Traces, Signal::Logs, Signal::Scores][..], 3));
}

#[tokio::test(start_paused = true)]
async fn signals_that_fail_for_different_causes_are_told_of_separately() {
    let rig = Rig::start();
    let exporter = rig.open("", |call| failed(if call.signal == Signal::Logs { "full" } else { "refused" }));
    exporter.hand_over("0{}\n1{}\n3{}");
    exporter.flush(1);
    sleep(secs(10)).await;
    let mut told: Vec<(String, Signal)> = Vec::new();
    for (_, event) in self::told(&exporter) {
        let Event::Unreachable { signals, cause, .. } = event else { panic!("{event:?}") };
        told.extend(signals.into_iter().map(|signal| (cause.clone(), signal)));
    }
    told.sort_by_key(|(_, signal)| *signal as usize);
    let expected = [("refused", Signal::Traces), ("full", Signal::Logs), ("refused", Signal::Scores)];
    assert_eq!(told, expected.map(|(cause, signal)| (cause.to_owned(), signal)));
}

#[tokio::test(start_paused = true)]
async fn counted_attempts_and_rejected_tokens_are_told_otherwise() {
    for (options, answer) in [(r#""maxRetries":5"#, failed("down")), ("", rejected(401))] {
        let rig = Rig::start();
        let mut exporter = rig.open(options, move |_| answer.clone());
        exporter.hand_over("0{}");
        exporter.settled(1).await;
        assert_eq!(exporter.news(), [], "{options}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_names_the_address_and_the_last_cause() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| Answer::After(ms(1), failed_outcome()));
    exporter.hand_over("0{}");
    exporter.flush_as(1, mastra_native_exporter::command::FlushKind::Shutdown, secs(3));
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    let left = heard.iter().find_map(|heard| match &heard.event {
        Event::ShutdownIncomplete { dropped_records, cause, endpoint } => Some((*dropped_records, cause, endpoint)),
        _ => None,
    });
    let Some((1, Some(cause), Some(_))) = left else { panic!("{heard:?}") };
    assert_eq!(cause, "Request failed: refused");
    sleep(secs(10)).await;
    let news = exporter.news();
    assert!(!news.iter().any(|(_, event)| matches!(event, Event::Reachable { .. })), "nothing was delivered: {news:?}");
}

fn failed_outcome() -> mastra_native_exporter::protocol::answer::Outcome {
    let Answer::After(_, outcome) = failed("Request failed: refused") else { unreachable!() };
    outcome
}
