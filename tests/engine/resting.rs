//! The rest of the engine after it has read records.

use mastra_native_exporter::wake::REST;
use tokio::{task::yield_now, time::sleep};

use crate::support::{Exporter, Rig, delivered, ms};

async fn is_read(exporter: &Exporter) -> bool {
    yield_now().await;
    exporter.unread_bytes() == 0
}

#[tokio::test(start_paused = true)]
async fn records_that_come_within_a_rest_are_read_at_its_end() {
    let rig = Rig::start();
    let exporter = rig.open("", |_| delivered());
    for round in 0..3 {
        exporter.hand_over_later("0{}");
        assert!(is_read(&exporter).await, "the engine does not rest in round {round}");
        for _ in 0..4 {
            exporter.hand_over_later("0{}");
            sleep(REST.saturating_sub(ms(1))).await;
            assert!(!is_read(&exporter).await, "the engine rests in round {round}");
            sleep(ms(1)).await;
            assert!(is_read(&exporter).await, "the rest ends in round {round}");
        }
        sleep(REST).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flush_ends_a_rest() {
    let rig = Rig::start();
    let mut exporter = rig.open("", |_| delivered());
    exporter.hand_over_later("0{}");
    assert!(is_read(&exporter).await);
    let before = rig.now();
    exporter.hand_over_later("0{}");
    exporter.flushed(1).await;
    assert_eq!((exporter.collector.calls().len(), rig.now()), (1, before));
    assert_eq!(exporter.undelivered(), 0);
}
