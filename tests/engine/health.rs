//! The health of an exporter while its collector works, fails, and works again.

use mastra_native_exporter::clock;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::{Exporter, NO_URL, Rig, delivered_after, failed, first, ms, rejected};

/// State, cause of the last failure, the request in flight, and the time for which the oldest record has waited.
fn health(exporter: &Exporter) -> Value {
    let report = serde_json::to_value(exporter.stats().report(clock::now(), clock::wall_now())).unwrap();
    let at = |pointer| report.pointer(pointer).cloned().unwrap_or_default();
    json!([at("/state"), at("/lastError/cause"), at("/unanswered"), at("/oldestQueuedMs")])
}

#[tokio::test(start_paused = true)]
async fn health_follows_the_collector() {
    let rig = Rig::start();
    let mut exporter = rig.open(r#""maxBatchWaitMs":100"#, first([failed("down")]));
    assert_eq!(health(&exporter), json!(["healthy", null, null, 0]));
    exporter.hand_over("0{}");
    sleep(ms(50)).await;
    assert_eq!(health(&exporter), json!(["healthy", null, null, 50]), "in the open batch");
    sleep(ms(100)).await;
    assert_eq!(
        health(&exporter),
        json!(["retrying", "down", null, 50]),
        "failed, and waits since its batch was closed"
    );
    exporter.settled(1).await;
    assert_eq!(health(&exporter), json!(["healthy", "down", null, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_in_the_health() {
    let rig = Rig::start();
    let mut exporter = rig.open("", first([rejected(401)]));
    exporter.hand_over("0{}");
    exporter.settled(1).await;
    assert_eq!(health(&exporter), json!(["authCooldown", "Request failed with status: 401", null, 0]));
}

#[tokio::test(start_paused = true)]
async fn a_request_in_flight_is_in_the_health() {
    let rig = Rig::start();
    let exporter = rig.open(r#""maxBatchWaitMs":100"#, |_| delivered_after(50));
    exporter.hand_over("0{}");
    sleep(ms(149)).await;
    assert_eq!(health(&exporter), json!(["healthy", null, NO_URL, 49]));
    sleep(ms(2)).await;
    assert_eq!(health(&exporter), json!(["healthy", null, null, 0]));
}
