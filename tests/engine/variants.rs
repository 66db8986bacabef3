//! The cases of `bystanders`, `searching` and `holding` with other failures, signals and options: what holds for one
//! kind of failure holds for all.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mastra_native_exporter::{
    event::Event,
    protocol::answer::{self, Outcome, classify},
    signal::Signal,
    stats::DropReason,
};
use tokio::time::sleep;

use crate::support::{Answer, Call, Exporter, Rig, at_once, delivered, delivered_after, dropped_for, ms, secs};

/// A request that fails, by what the collector or the network does.
#[derive(Clone, Copy, Debug)]
enum Failure {
    Status(u16),
    Reset,
    Hang,
}

const FAILURES: [Failure; 8] = [
    Failure::Status(500),
    Failure::Status(502),
    Failure::Status(503),
    Failure::Status(504),
    Failure::Status(408),
    Failure::Status(429),
    Failure::Reset,
    Failure::Hang,
];

impl Failure {
    fn answer(self, latency: u64) -> Answer {
        let outcome = match self {
            Self::Status(status) => classify(&answer::Answer { status, ..answer::Answer::default() }),
            Self::Reset => Outcome::Retry { cause: "connection reset".to_owned(), after: None },
            Self::Hang => return Answer::Never,
        };
        Answer::After(ms(latency), outcome)
    }
}

fn numbers(call: &Call) -> Vec<usize> {
    let records = call.body.split_once(":[").unwrap().1.trim_end_matches("]}");
    records.split(',').map(|number| number.parse().unwrap()).collect()
}

/// When each record that was stored arrived: the time of its request.
fn arrivals(exporter: &Exporter) -> BTreeMap<usize, Duration> {
    let mut arrivals = BTreeMap::new();
    for call in exporter.collector.calls().iter().filter(|call| call.delivered) {
        for number in numbers(call) {
            arrivals.entry(number).or_insert(call.at);
        }
    }
    arrivals
}

/// One record a batch, `every` so often, of the signals in turn; those that `is_bad` always fail.
async fn assert_good_ones_arrive(
    what: &str,
    options: &str,
    signals: usize,
    (every, count): (Duration, usize),
    is_bad: fn(usize) -> bool,
    failure: Failure,
) {
    let rig = Rig::start();
    let exporter =
        rig.open(options, move |call| if is_bad(numbers(call)[0]) { failure.answer(20) } else { delivered_after(20) });
    for number in 0..count {
        exporter.hand_over(&format!("{}{number}", number % signals));
        sleep(every).await;
    }
    sleep(secs(3)).await;
    let arrived = arrivals(&exporter);
    let missing: Vec<usize> = (0..count).filter(|&n| !is_bad(n) && !arrived.contains_key(&n)).collect();
    assert!(missing.is_empty(), "{what}: {} of {count} good ones have not arrived: {missing:?}", missing.len());
    for (number, at) in arrived {
        let waited = at.saturating_sub(every * u32::try_from(number).unwrap());
        // Where attempts are counted, bodies that hang are tried again at once when their time is over.
        let most = if matches!(failure, Failure::Hang) { secs(3) } else { secs(2) };
        assert!(waited <= most, "{what}: {number} waited {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn bad_bodies_of_every_kind_hold_up_no_others() {
    for failure in FAILURES {
        for options in ["", r#","retryWindowMs":20000"#, r#","requestTimeoutMs":5000"#, r#","maxRetries":3"#] {
            let options = format!(r#""maxBatchSize":1{options}"#);
            let what = format!("every third {failure:?} with {options}");
            let every_third = |number: usize| number.is_multiple_of(3);
            assert_good_ones_arrive(&what, &options, 1, (ms(500), 200), every_third, failure).await;
            let fifth_of_each = |number: usize| (number / 5).is_multiple_of(5);
            let what = format!("every fifth of five signals {failure:?} with {options}");
            assert_good_ones_arrive(&what, &options, 5, (ms(100), 600), fifth_of_each, failure).await;
        }
        // Bodies that hang take the four requests of the start before any success can add to them.
        if matches!(failure, Failure::Hang) {
            continue;
        }
        let what = format!("two of three {failure:?}");
        let two_of_three = |number: usize| !number.is_multiple_of(3);
        assert_good_ones_arrive(&what, r#""maxBatchSize":1"#, 1, (secs(1), 120), two_of_three, failure).await;
    }
}

#[tokio::test(start_paused = true)]
async fn failures_at_random_of_every_kind_cost_no_record() {
    for (seed, failure) in FAILURES.into_iter().enumerate() {
        let seed = seed as u64;
        fastrand::seed(seed);
        for share in [0.1, 0.5] {
            let rig = Rig::start();
            let mut rng = fastrand::Rng::with_seed(seed);
            let options = r#""maxBatchSize":1,"requestTimeoutMs":1000"#;
            let mut exporter =
                rig.open_forgetful(
                    options,
                    move |_| if rng.f64() < share { failure.answer(50) } else { delivered_after(50) },
                );
            for number in 0..1200 {
                exporter.hand_over(&format!("{}{number}", number % 2));
                sleep(ms(100)).await;
            }
            sleep(secs(2)).await;
            let waiting = exporter.undelivered();
            // Half of the requests fail: a job waits for about 4 s, and 10 come in a second.
            assert!(waiting <= 250, "{share} {failure:?}: {waiting} wait at the end of two minutes");
            exporter.settled(1).await;
            let counts = exporter.counts();
            // One in 16,000 fails in each of the 14 tries of its window when half of the requests fail.
            assert!(counts.delivered >= 1199, "{share} {failure:?}: {counts:?}");
            assert_eq!(counts.delivered + counts.dropped(), 1200, "{share} {failure:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_collector_gets_what_a_busy_application_sends() {
    for (every, latency) in [(11, 20), (11, 100), (11, 200), (100, 500), (100, 2000)] {
        for flushes in [false, true] {
            let rig = Rig::start();
            let mut exporter = rig.open(r#""maxBatchSize":1"#, move |_| delivered_after(latency));
            for number in 0..3000 {
                exporter.hand_over(&format!("0{number}"));
                if flushes {
                    exporter.flush(number);
                }
                sleep(ms(every)).await;
            }
            let what = format!("a record each {every} ms, {latency} ms an answer, flushes: {flushes}");
            let start = arrivals(&exporter);
            let late = start.iter().map(|(&n, &at)| at.saturating_sub(ms(every) * u32::try_from(n).unwrap())).max();
            // Answers show that more requests at a time help: the limit grows as fast as they come.
            assert!(late.unwrap() <= ms(2000 + 2 * latency), "{what}: one waited {late:?}");
            exporter.settled(u32::MAX).await;
            assert_eq!(exporter.counts().delivered, 3000, "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bad_records_of_every_kind_are_lost_alone() {
    for failure in FAILURES {
        let rig = Rig::start();
        let options = r#""maxBatchSize":50,"requestTimeoutMs":2000"#;
        let is_bad = |number: &usize| number % 400 == 137;
        let mut exporter =
            rig.open(
                options,
                move |call| {
                    if numbers(call).iter().any(is_bad) { failure.answer(20) } else { delivered_after(20) }
                },
            );
        for batch in 0..600 {
            let lines: Vec<String> = (0..10).map(|number| format!("1{}", batch * 10 + number)).collect();
            exporter.hand_over(&lines.join("\n"));
            sleep(ms(100)).await;
        }
        sleep(secs(400)).await;
        let heard = exporter.settled(1).await;
        let arrived: BTreeSet<usize> = arrivals(&exporter).into_keys().collect();
        let lost: Vec<usize> = (0..6000).filter(|number| !arrived.contains(number) && !is_bad(number)).collect();
        assert!(lost.is_empty(), "{failure:?}: {} good records are lost: {lost:?}", lost.len());
        assert_eq!(dropped_for(&heard, DropReason::RetriesExhausted), 15, "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_flushes_of_several_exporters_stays_a_few_tries() {
    for failure in FAILURES {
        let rig = Rig::start();
        let open = |_| rig.open(r#""requestTimeoutMs":500"#, move |_| failure.answer(5));
        let exporters: Vec<Exporter> = (0..3).map(open).collect();
        for ticket in 0..1400 {
            for exporter in &exporters {
                exporter.hand_over("0{}\n2{}\n4{}");
                exporter.flush(ticket);
            }
            sleep(ms(11)).await;
        }
        for exporter in &exporters {
            for signal in [Signal::Traces, Signal::Metrics, Signal::Feedback] {
                let calls = exporter.collector.calls();
                let count = calls.iter().filter(|call| call.signal == signal).count();
                // As in `bystanders`, and three more that were under way when the first one failed.
                assert!(count <= 3 + 3 + 16 + 5, "{failure:?} {signal:?}: {count} requests in 15 s");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_that_fails_in_any_way_holds_up_no_other() {
    for failure in FAILURES {
        for bad in Signal::ALL {
            let rig = Rig::start();
            let mut exporter =
                rig.open("", move |call| if call.signal == bad { failure.answer(20) } else { delivered_after(20) });
            for second in 0..30 {
                exporter.hand_over("0{}\n1{}\n2{}\n3{}\n4{}");
                exporter.flush(second);
                sleep(secs(1)).await;
            }
            let all = |exporter: &Exporter, count| {
                let counts = exporter.counts_by_signal();
                Signal::ALL.into_iter().zip(counts).all(|(signal, counts)| signal == bad || counts.delivered == count)
            };
            assert!(all(&exporter, 30), "{failure:?} {bad:?}: {:?}", exporter.counts_by_signal());
            exporter.hand_over("0{}\n1{}\n2{}\n3{}\n4{}");
            let _drain = rig.drain_within(secs(2));
            sleep(secs(2)).await;
            assert!(all(&exporter, 31), "{failure:?} {bad:?} at the end: {:?}", exporter.counts_by_signal());
            exporter.heard();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_blip_of_any_kind_costs_little_more_than_its_time() {
    for failure in FAILURES {
        for (blip, latency, every) in [(1000, 100, 20), (1000, 300, 100), (2500, 100, 50), (800, 5, 500)] {
            let rig = Rig::start();
            let options = r#""maxBatchSize":1,"requestTimeoutMs":400"#;
            let from = ms(5000);
            let exporter = rig.open(options, move |call| {
                if (from..from + ms(blip)).contains(&call.at) {
                    failure.answer(latency)
                } else {
                    delivered_after(latency)
                }
            });
            for number in 0..10_000 / every {
                exporter.hand_over(&format!("0{number}"));
                sleep(ms(every)).await;
            }
            let calls = exporter.collector.calls();
            let again = calls
                .iter()
                .find(|call| call.delivered && call.at >= from + ms(blip))
                .map(|call| call.at.saturating_sub(from));
            // A pause is twice as long as the one before it, with a fifth of jitter.
            let hang = if matches!(failure, Failure::Hang) { 800 } else { 0 };
            let most = ms(blip * 16 / 5 + 500 + 2 * latency + hang);
            assert!(again.is_some_and(|after| after <= most), "{failure:?} of {blip} ms: works again after {again:?}");
        }
    }
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

/// The date as in HTTP headers.
fn httpdate_of(seconds: u64) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + secs(seconds))
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

#[tokio::test(start_paused = true)]
async fn the_gate_closes_at_the_first_rejection_of_any_signal() {
    for status in [401, 403] {
        for rejected in Signal::ALL {
            for failure in FAILURES {
                let rig = Rig::start();
                let options = r#""requestTimeoutMs":2000"#;
                let exporter = rig.open(options, move |call| match call.signal {
                    signal if signal == rejected => Answer::After(ms(30), Outcome::AuthRejected(status)),
                    _ => failure.answer(10),
                });
                for _ in 0..60 {
                    exporter.hand_over("0{}\n1{}\n2{}\n3{}\n4{}");
                    sleep(secs(5)).await;
                }
                // Cooldowns of one and of two minutes: three rejections, each with one request of each signal, and
                // those of the others that came between.
                let calls = exporter.collector.calls().len();
                assert!(calls <= 5 * 5, "{status} on {rejected:?}, {failure:?}: {calls} requests in 300 s");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_bodies_that_comes_and_goes_costs_no_record() {
    // 10,000 bytes for a minute, all refused for ten seconds, then 1,000 bytes, then no limit.
    let limit = |at: Duration| match at.as_secs() {
        0..60 => 10_000,
        60..70 => 300,
        70..200 => 1000,
        _ => usize::MAX,
    };
    for every in [100, 1000] {
        let rig = Rig::start();
        let mut exporter = rig.open(r#""maxBatchSize":100"#, move |call| {
            let outcome = if call.body.len() > limit(call.at) { Outcome::Split } else { Outcome::Delivered };
            Answer::After(ms(5), outcome)
        });
        let count = 900_000 / every;
        for number in 0..count {
            let lines: Vec<String> = (0..20).map(|n| format!("0{}", 1_000_000_000 + number * 20 + n)).collect();
            exporter.hand_over(&lines.join("\n"));
            sleep(ms(every)).await;
        }
        let waiting = exporter.undelivered();
        let calls = exporter.collector.calls();
        let last: Vec<&Call> = calls.iter().filter(|call| call.at > secs(840)).collect();
        let whole = last.iter().filter(|call| call.delivered && call.body.len() > 900).count();
        assert!(whole * 10 >= last.len() * 9, "{whole} of {} bodies are whole again at the end", last.len());
        assert!(waiting <= 200, "{waiting} records wait at the end");
        exporter.settled(1).await;
        assert_eq!(exporter.counts().delivered, count * 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_small_queue_keeps_what_it_can_while_one_signal_fails() {
    for failure in FAILURES {
        let rig = Rig::start();
        let options = r#""maxQueueBytes":1048576,"maxBatchWaitMs":1000"#;
        let exporter = rig.open(options, move |call| match call.signal {
            Signal::Traces => failure.answer(20),
            _ => delivered_after(20),
        });
        let text = "x".repeat(1000);
        for _ in 0..300 {
            let line = |signal| format!("{signal}\"{text}\"");
            exporter.hand_over(&(0..20).map(|n| line(n % 2)).collect::<Vec<_>>().join("\n"));
            sleep(ms(500)).await;
        }
        sleep(secs(3)).await;
        let logs = exporter.counts_by_signal().swap_remove(1);
        assert_eq!((logs.delivered, logs.dropped()), (3000, 0), "{failure:?}");
    }
}
