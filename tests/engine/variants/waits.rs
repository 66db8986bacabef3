//! The collector asks for a wait, in each form and at each end.

use mastra_native_exporter::{
    event::Event,
    protocol::answer::{self, Outcome, classify},
    signal::Signal,
};
use tokio::time::sleep;

use crate::support::{Rig, at_once, delivered, delivered_after, ms, secs};

/// The date as in HTTP headers.
fn httpdate_of(seconds: u64) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn retry_after_in_every_form() {
    let now = std::time::UNIX_EPOCH + secs(1_700_000_000);
    let date = |seconds: u64| httpdate_of(1_700_000_000 + seconds);
    for (header, wait) in [
        ("7".to_owned(), Some(secs(7))),
        (" 7 ".to_owned(), Some(secs(7))),
        ("0".to_owned(), Some(secs(0))),
        ("-5".to_owned(), None),
        ("soon".to_owned(), None),
        ("300".to_owned(), Some(secs(300))),
        ("301".to_owned(), Some(secs(300))),
        ("18446744073709551615".to_owned(), Some(secs(300))),
        ("99999999999999999999999999".to_owned(), Some(secs(300))),
        (date(60), Some(secs(60))),
        (date(0), Some(secs(0))),
        (date(86_400), Some(secs(300))),
        (httpdate_of(1_000_000_000), Some(secs(0))),
    ] {
        for status in [429, 503] {
            let retry_after = answer::retry_after(&header, now);
            let outcome = classify(&answer::Answer { status, retry_after, ..answer::Answer::default() });
            let (Outcome::Retry { after, .. } | Outcome::TooMany { after, .. }) = &outcome else {
                panic!("{outcome:?}")
            };
            assert_eq!(*after, wait, "{header}");
            let rig = Rig::start();
            let (scripted, mut first) = (outcome.clone(), true);
            let exporter = rig.open(r#""maxBatchSize":1"#, move |_| {
                if std::mem::take(&mut first) { at_once(scripted.clone()) } else { delivered() }
            });
            exporter.hand_over("0{}");
            sleep(ms(1)).await;
            exporter.hand_over("0{}");
            sleep(secs(310)).await;
            let times = exporter.collector.times();
            let next = times[1].saturating_sub(times[0]);
            let earliest = wait.unwrap_or_default();
            assert!(next >= earliest && next <= earliest + secs(2), "{status} {header}: the next try after {next:?}");
            assert_eq!(exporter.counts().delivered, 2, "{status} {header}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_waits_for_what_the_collector_asks_for() {
    let retry = |status, seconds| {
        let retry_after = Some(secs(seconds));
        classify(&answer::Answer { status, retry_after, ..answer::Answer::default() })
    };
    // The interval is 60 s: a shorter wait does not shorten it.
    for (status, seconds, next) in [(503, 200, 200), (429, 200, 200), (503, 10, 60), (429, 0, 60), (503, 86_400, 300)] {
        let rig = Rig::start();
        let mut answers = [
            Outcome::QuotaExhausted { probe_after: secs(60) },
            retry(status, seconds),
            Outcome::Delivered,
            Outcome::Delivered,
        ]
        .into_iter();
        let exporter = rig.open(r#""quotaPause":true"#, move |_| at_once(answers.next().unwrap()));
        exporter.hand_over("0{}");
        exporter.flush(1);
        sleep(secs(400)).await;
        exporter.hand_over("0{}");
        sleep(secs(10)).await;
        let times = exporter.collector.times();
        assert_eq!(times[1..3], [secs(60), secs(60 + next)], "{status}, {seconds}");
        assert_eq!(exporter.counts().delivered, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_at_the_end_gets_one_try_and_no_waiting_whatever_the_end() {
    for status in [429, 503] {
        let outcome = classify(&answer::Answer { status, retry_after: Some(secs(300)), ..answer::Answer::default() });
        for end in ["shutdown", "drain", "stop"] {
            let rig = Rig::start();
            let scripted = outcome.clone();
            let mut exporter = rig.open("", move |call| match call.signal {
                Signal::Scores => at_once(scripted.clone()),
                _ => delivered_after(100),
            });
            exporter.hand_over("3{}");
            exporter.flush(1);
            sleep(secs(1)).await;
            exporter.hand_over("0{}\n1{}\n3{}");
            let held_before = exporter.collector.calls().len();
            let collector = std::sync::Arc::clone(&exporter.collector);
            let start = rig.now();
            let took = match end {
                "shutdown" => {
                    exporter.flush_as(2, mastra_native_exporter::command::FlushKind::Shutdown, secs(8));
                    exporter
                        .until(|event| *event == Event::Flushed { ticket: 2 })
                        .await
                        .last()
                        .unwrap()
                        .at
                        .saturating_sub(start)
                }
                "drain" => {
                    let drain = rig.drain_within(secs(2));
                    while !drain.is_over() {
                        sleep(ms(10)).await;
                    }
                    rig.now().saturating_sub(start)
                }
                _ => {
                    rig.stop(secs(2));
                    rig.ended().await.saturating_sub(start)
                }
            };
            assert!(took <= ms(200), "{status} {end} takes {took:?}");
            assert_eq!(collector.calls().len() - held_before, 3, "{status} {end}: one try of each signal");
            assert_eq!(exporter.counts().delivered, 2, "{status} {end}");
        }
    }
}
