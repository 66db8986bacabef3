//! The engine with a spool, on virtual time and a disk in memory: outages that exceed the memory, the records that the next
//! process finds, and ends of a process (`ends`).

mod ends;

use std::{sync::Arc, time::Duration};

use mastra_native_exporter::{
    command::FlushKind,
    event::Event,
    protocol::answer::Outcome,
    spool::{self, Spool, cost, limits::Limits, store::Store},
    stats::DropReason,
};
use tokio::time::sleep;

use crate::{
    disk::SimDisk,
    support::{Answer, Call, Exporter, FOR_EVER, Rig, at_once, delivered, failed, first, ms, no_quota, rejected, secs},
};

const SPOOLED: &str = r#""spoolDirectory":"/spool""#;

/// An engine whose spools are on this disk. A task does the work of their thread every 10 ms.
fn rig(disk: &SimDisk) -> Rig {
    rig_with(disk, 16 << 20, ms(10))
}

/// The same, with a limit on the bytes that may wait for the disk, and a time between two turns of the task.
fn rig_with(disk: &SimDisk, max_waiting_bytes: usize, pause: Duration) -> Rig {
    let disk = disk.clone();
    Rig::start_with(Box::new(move |config, stats, wake| {
        let Some(wanted) = &config.spool else { return Ok(None) };
        let directory = spool::destination(&wanted.directory, &config.endpoints);
        let mut store = Store::open(disk.clone(), directory, Limits::new(wanted), 1);
        let (spool, link) = Spool::pair(max_waiting_bytes);
        let (stats, wake) = (Arc::clone(stats), Arc::clone(wake));
        tokio::spawn(async move {
            for turn in 1_u64.. {
                while let Ok(command) = link.commands.try_recv() {
                    let cost = cost(&command);
                    store.on_command(command, turn);
                    link.done(cost);
                }
                store.work();
                if turn % 50 == 0 {
                    store.tick(turn);
                }
                stats.spool_bytes(store.bytes());
                for report in store.take_reports() {
                    let _ = link.reports.send(report);
                    wake.notify_one();
                }
                sleep(pause).await;
            }
        });
        Ok(Some(spool))
    }))
}

fn down(until: Duration) -> impl FnMut(&Call) -> Answer + Send {
    move |call| if call.at < until { failed("down") } else { delivered() }
}

fn hang() -> impl FnMut(&Call) -> Answer + Send {
    |_| Answer::Never
}

fn hand_over(exporter: &Exporter, ids: std::ops::Range<u64>) {
    let lines: Vec<String> = ids.map(|id| format!("0{{\"id\":{id},\"pad\":\"{id:0100}\"}}")).collect();
    exporter.hand_over(&lines.join("\n"));
}

/// The ids that were delivered, in order.
fn ids(exporter: &Exporter) -> Vec<u64> {
    let calls = exporter.collector.calls().into_iter().filter(|call| call.delivered);
    let spans = |call: Call| -> Vec<u64> {
        let body: serde_json::Value = serde_json::from_str(&call.body).unwrap();
        body["spans"].as_array().unwrap().iter().map(|span| span["id"].as_u64().unwrap()).collect()
    };
    calls.flat_map(spans).collect()
}

/// The ids that the next process delivers.
async fn next_process(disk: &SimDisk) -> Vec<u64> {
    disk.kill();
    let rig = rig(disk);
    let exporter = rig.open(SPOOLED, |_| delivered());
    sleep(secs(60)).await;
    let counts = exporter.counts();
    counts.assert_sound(&counts);
    assert_eq!((counts.spooled, counts.queued, counts.in_flight), (0, 0, 0));
    ids(&exporter)
}

async fn outage(records: u64, hours: u64) {
    let disk = SimDisk::default();
    let rig = rig(&disk);
    let mut exporter = rig.open(&format!("{SPOOLED},\"maxQueueBytes\":1048576"), down(secs(hours * 3600)));
    let step = records / (hours * 60);
    let mut before = exporter.counts();
    for minute in 0..hours * 60 {
        hand_over(&exporter, minute * step..(minute + 1) * step);
        sleep(secs(60)).await;
        let counts = exporter.counts();
        counts.assert_sound(&before);
        assert!(counts.queued_bytes <= 1 << 20, "{counts:?}");
        before = counts;
    }
    assert!(before.spooled > records / 2 && before.dropped() == 0, "{before:?}");
    sleep(secs(3600)).await;
    let counts = exporter.counts();
    assert_eq!((counts.delivered, counts.dropped(), counts.spooled), (step * hours * 60, 0, 0), "{counts:?}");
    let mut ids = ids(&exporter);
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..step * hours * 60), "each once");
    let overflow = exporter.heard().iter().any(|heard| matches!(heard.event, Event::QueueOverflow { .. }));
    assert!(!overflow, "nothing was lost, so nothing is said");
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_hours_loses_nothing_and_memory_stays_bounded() {
    outage(120_000, 2).await;
}

#[tokio::test(start_paused = true)]
#[ignore = "takes minutes; run by hand"]
async fn five_million_records_in_an_outage() {
    outage(5_000_000, 10).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_for_good_is_acknowledged() {
    let refused = || at_once(Outcome::Refused { cause: "no".to_owned() });
    let cases: [(&str, Vec<Answer>, DropReason); 4] = [
        ("", vec![refused()], DropReason::Refused),
        ("", vec![rejected(401)], DropReason::AuthRejected),
        (r#","quotaPause":true"#, vec![no_quota(3600)], DropReason::QuotaPaused),
        (r#","maxRetries":2"#, vec![failed("1"), failed("2")], DropReason::RetriesExhausted),
    ];
    for (options, answers, reason) in cases {
        let disk = SimDisk::default();
        let rig = rig(&disk);
        let exporter = rig.open(&format!("{SPOOLED}{options}"), first(answers));
        hand_over(&exporter, 0..10);
        sleep(secs(50)).await;
        assert_eq!((exporter.counts().dropped_for(reason), exporter.counts().spooled), (10, 0), "{reason:?}");
        assert_eq!(next_process(&disk).await, Vec::<u64>::new(), "{reason:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_does_not_cost_what_is_spooled() {
    let disk = SimDisk::default();
    let dead = rig(&disk);
    let mut exporter = dead.open(SPOOLED, down(FOR_EVER));
    for id in 0..3000 {
        exporter.hand_over(&format!("0{{\"id\":{id},\"pad\":\"{}\"}}", "x".repeat(1000)));
    }
    exporter.flush_as(1, FlushKind::Shutdown, secs(8));
    exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    disk.kill();
    let rig = rig(&disk);
    let exporter = rig.open(SPOOLED, |_| rejected(401));
    sleep(secs(50)).await;
    let counts = exporter.counts();
    assert_eq!((counts.recovered, counts.spooled + counts.dropped()), (3000, 3000));
    assert!(counts.dropped() < 1200, "a megabyte at most: {counts:?}");
}

#[tokio::test(start_paused = true)]
async fn recovered_records_are_delivered_beside_new_ones() {
    let disk = SimDisk::default();
    let dead = rig(&disk);
    let exporter = dead.open(SPOOLED, hang());
    hand_over(&exporter, 0..300);
    sleep(ms(20)).await;
    disk.kill();
    let rig = rig(&disk);
    let mut exporter = rig.open(SPOOLED, |_| delivered());
    hand_over(&exporter, 300..400);
    exporter.settled(1).await;
    sleep(secs(1)).await;
    let counts = exporter.counts();
    assert_eq!((counts.recovered, counts.accepted, counts.delivered), (300, 100, 400));
    let recovered: Vec<u64> = ids(&exporter).into_iter().filter(|id| *id < 300).collect();
    assert!(recovered.into_iter().eq(0..300), "in order of age");
}

#[tokio::test(start_paused = true)]
async fn without_a_disk_everything_is_as_without_a_spool() {
    let disk = SimDisk::default();
    disk.fail(Some(std::io::ErrorKind::StorageFull));
    let rig = rig(&disk);
    let mut exporter = rig.open(&format!("{SPOOLED},\"retryWindowMs\":60000"), down(FOR_EVER));
    hand_over(&exporter, 0..10);
    sleep(secs(200)).await;
    let counts = exporter.counts();
    assert_eq!((counts.dropped_for(DropReason::RetriesExhausted), counts.spooled), (10, 0));
    hand_over(&exporter, 10..20);
    exporter.flush_as(1, FlushKind::Shutdown, secs(8));
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    let warnings = heard.iter().filter(|heard| matches!(heard.event, Event::SpoolFailed { .. }));
    assert_eq!(warnings.count(), 1);
    assert_eq!(exporter.counts().dropped_for(DropReason::Shutdown), 10);
    assert!(heard.iter().any(|heard| matches!(heard.event, Event::ShutdownIncomplete { dropped_records: 10, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_disabled_exporter_sends_nothing_more_and_leaves_nothing() {
    for (records, script) in [
        (20, Box::new(hang()) as Box<dyn FnMut(&Call) -> Answer + Send>),
        (20_000, Box::new(down(FOR_EVER)) as Box<dyn FnMut(&Call) -> Answer + Send>),
    ] {
        let disk = SimDisk::default();
        let rig = rig(&disk);
        let exporter = rig.open(&format!("{SPOOLED},\"maxQueueBytes\":1048576"), script);
        hand_over(&exporter, 0..records);
        sleep(secs(30)).await;
        let before = exporter.counts();
        assert_eq!(before.spooled > 0, records > 20, "{before:?}");
        hand_over(&exporter, records..records + 10);
        exporter.flush_as(1, FlushKind::Disable, ms(0));
        sleep(secs(5)).await;
        let (counts, calls) = (exporter.counts(), exporter.collector.calls().len());
        counts.assert_sound(&before);
        assert_eq!(
            (counts.dropped(), counts.spooled, counts.queued, counts.in_flight),
            (records + 10, 0, 0, 0),
            "{counts:?}"
        );
        sleep(secs(3600)).await;
        assert_eq!(exporter.collector.calls().len(), calls);
        assert_eq!(next_process(&disk).await, Vec::<u64>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_disabled_exporter_leaves_what_earlier_processes_have_left() {
    let disk = SimDisk::default();
    let first = rig(&disk);
    let dead = first.open(SPOOLED, down(FOR_EVER));
    hand_over(&dead, 0..50);
    sleep(secs(5)).await;
    disk.kill();
    let second = rig(&disk);
    let exporter = second.open(SPOOLED, down(FOR_EVER));
    hand_over(&exporter, 100..150);
    sleep(secs(5)).await;
    let before = exporter.counts();
    assert_eq!((before.recovered, before.queued + before.in_flight), (50, 100), "in memory again: {before:?}");
    exporter.flush_as(1, FlushKind::Disable, ms(0));
    sleep(secs(5)).await;
    let counts = exporter.counts();
    counts.assert_sound(&before);
    assert_eq!((counts.dropped(), counts.spooled), (50, 50), "{counts:?}");
    let mut left = next_process(&disk).await;
    left.sort_unstable();
    assert!(left.into_iter().eq(0..50));
}
