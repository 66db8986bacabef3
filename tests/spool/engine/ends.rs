//! A process ends: it does not wait for the network, and what is not delivered is kept.

use mastra_native_exporter::{command::FlushKind, event::Event, protocol::answer::Outcome, stats::DropReason};
use tokio::time::sleep;

use super::{SPOOLED, down, hand_over, hang, next_process, rig, rig_with};
use crate::{
    disk::SimDisk,
    support::{Answer, Call, FOR_EVER, delivered, ms, secs},
};

#[tokio::test(start_paused = true)]
async fn a_process_ends_as_soon_as_the_spool_has_everything() {
    for script in [Box::new(hang()) as Box<dyn FnMut(&Call) -> Answer + Send>, Box::new(down(FOR_EVER))] {
        let disk = SimDisk::default();
        let rig = rig(&disk);
        let exporter = rig.open(SPOOLED, script);
        hand_over(&exporter, 0..9_000);
        sleep(secs(30)).await;
        hand_over(&exporter, 9_000..10_000);
        let start = rig.now();
        let drain = rig.drain();
        while !drain.is_over() {
            sleep(ms(1)).await;
        }
        assert!(rig.now() <= start + ms(100), "from {start:?} to {:?}", rig.now());
        let counts = exporter.counts();
        assert_eq!((counts.spooled, counts.queued, counts.in_flight, counts.dropped()), (10_000, 0, 0, 0));
        assert!(next_process(&disk).await.into_iter().eq(0..10_000));
    }
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_have_their_time_to_be_answered_while_the_spool_writes() {
    let disk = SimDisk::default();
    let rig = rig_with(&disk, 16 << 20, ms(45));
    let exporter = rig.open(SPOOLED, hang());
    hand_over(&exporter, 0..10);
    sleep(ms(100)).await;
    let drain = rig.drain();
    while !drain.is_over() {
        sleep(ms(1)).await;
    }
    // The spool confirms at 135 ms, and has kept everything at its next turn.
    assert!(rig.now() < ms(200), "{:?}", rig.now());
    assert_eq!(exporter.counts().spooled, 10);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_what_the_spool_has_is_kept_and_what_it_has_not_is_lost() {
    let disk = SimDisk::default();
    let rig = rig_with(&disk, 20_000, ms(10));
    let exporter = rig.open(SPOOLED, hang());
    hand_over(&exporter, 0..100);
    hand_over(&exporter, 100..1000);
    let drain = rig.drain_within(secs(2));
    while !drain.is_over() {
        sleep(ms(1)).await;
    }
    assert!(rig.now() < secs(2));
    let counts = exporter.counts();
    assert_eq!((counts.spooled, counts.dropped_for(DropReason::Shutdown)), (100, 900));
    assert!(next_process(&disk).await.into_iter().eq(0..100));
}

#[tokio::test(start_paused = true)]
async fn at_the_end_the_spool_is_asked_again_when_what_it_has_not_has_left_memory() {
    let disk = SimDisk::default();
    let rig = rig_with(&disk, 20_000, ms(10));
    let exporter = rig.open(SPOOLED, |call| {
        if call.body.contains("\"logs\"") { Answer::After(ms(200), Outcome::Delivered) } else { Answer::Never }
    });
    hand_over(&exporter, 0..100);
    let lines: Vec<String> = (0..900).map(|id| format!("1{{\"id\":{id},\"pad\":\"{id:0100}\"}}")).collect();
    exporter.hand_over(&lines.join("\n"));
    let drain = rig.drain_within(secs(60));
    while !drain.is_over() {
        sleep(ms(1)).await;
    }
    assert!(rig.now() < secs(1), "{:?}", rig.now());
    let counts = exporter.counts();
    assert_eq!((counts.spooled, counts.delivered, counts.dropped()), (100, 900, 0));
}

#[tokio::test(start_paused = true)]
async fn at_the_end_what_is_answered_at_once_is_delivered() {
    let disk = SimDisk::default();
    let rig = rig(&disk);
    let exporter = rig.open(SPOOLED, |_| delivered());
    hand_over(&exporter, 0..300);
    let drain = rig.drain();
    while !drain.is_over() {
        sleep(ms(1)).await;
    }
    assert_eq!((exporter.counts().delivered, exporter.counts().spooled), (300, 0));
    assert_eq!(next_process(&disk).await, Vec::<u64>::new());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_script_does_not_wait_for_the_network_and_the_application_may_go_on() {
    let disk = SimDisk::default();
    let rig = rig(&disk);
    let mut exporter = rig.open(SPOOLED, down(secs(20)));
    hand_over(&exporter, 0..10);
    exporter.flush_as(1, FlushKind::Exit, FOR_EVER);
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    assert!(heard.last().unwrap().at <= ms(100));
    assert_eq!((exporter.counts().spooled, exporter.undelivered()), (10, 0));
    sleep(secs(100)).await;
    assert_eq!(exporter.counts().spooled, 10, "nothing is read back while the process ends");
    hand_over(&exporter, 10..11);
    sleep(secs(10)).await;
    assert_eq!(exporter.counts().delivered, 11);
}

#[tokio::test(start_paused = true)]
async fn shutdown_keeps_what_it_cannot_deliver() {
    let disk = SimDisk::default();
    let rig = rig(&disk);
    let mut exporter = rig.open(SPOOLED, down(FOR_EVER));
    hand_over(&exporter, 0..10);
    exporter.flush_as(1, FlushKind::Shutdown, secs(8));
    let heard = exporter.until(|event| *event == Event::Flushed { ticket: 1 }).await;
    let kept = heard.iter().find_map(|heard| match &heard.event {
        Event::ShutdownKept { kept_records, path } => Some((*kept_records, path.clone())),
        _ => None,
    });
    assert_eq!(kept, Some((10, "/spool".to_owned())));
    assert!(!heard.iter().any(|heard| matches!(heard.event, Event::ShutdownIncomplete { .. })));
    assert_eq!((exporter.counts().spooled, exporter.counts().dropped()), (10, 0));
    assert_eq!(next_process(&disk).await.len(), 10);
}
