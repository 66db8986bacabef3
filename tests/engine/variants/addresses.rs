//! All bodies of a signal fail, or all of them for a time: the others and the later ones are not affected.

use mastra_native_exporter::{protocol::answer::Outcome, signal::Signal};
use tokio::time::sleep;

use super::{FAILURES, Failure};
use crate::support::{Answer, Exporter, Rig, delivered_after, ms, secs};

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
