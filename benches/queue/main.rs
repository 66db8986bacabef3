//! `cargo bench --bench queue`: what 100,000 waiting jobs cost in one pass of the loop while their address fails, in a
//! flush, and when all of them expire.
#![expect(clippy::expect_used, reason = "a benchmark ends when something is wrong")]

use std::{sync::Arc, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mastra_native_exporter::{
    clock,
    command::{FlushKind, Records},
    config::Config,
    delivery::exporter::Exporter,
    event::{Event, Sink},
    protocol::answer::Outcome,
    wire::Decoder,
};
use tokio::time::Instant;

#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a benchmark ends when something is wrong")]
#[path = "../../tests/support/wire.rs"]
mod wire;

const JOBS: usize = 100_000;
const OPTIONS: &str =
    r#"{"accessToken":"t","endpoints":["a","b","c","d","e"],"maxBatchSize":1,"maxQueueBytes":1073741824}"#;

struct Deaf;

impl Sink for Deaf {
    fn emit(&self, _: &Event) {}
}

/// One log record, `{}`.
fn record() -> Records {
    wire::records("1{}")
}

fn down() -> Outcome {
    Outcome::Retry { cause: "down".to_owned(), after: None }
}

/// An exporter with this number of jobs whose address fails, and the time there.
fn waiting() -> (Exporter, Instant) {
    let now = clock::now();
    let mut exporter =
        Exporter::new(Config::from_json(OPTIONS).expect("options"), Arc::new(Deaf), Arc::default(), None, || 0.5);
    let (mut decoder, record) = (Decoder::default(), record());
    for _ in 0..JOBS {
        exporter.on_records(now, &record, 0, &mut decoder);
    }
    while let Some(job) = exporter.next_job(now) {
        exporter.on_reply(now, job, down().into());
    }
    (exporter, now)
}

fn queue(criterion: &mut Criterion) {
    let (mut exporter, mut now) = waiting();
    let mut ticket = 0;
    criterion.bench_function("a pass, 100,000 jobs wait", |bencher| {
        bencher.iter(|| {
            now += Duration::from_millis(11);
            exporter.on_time(now);
            while let Some(job) = exporter.next_job(now) {
                exporter.on_reply(now, job, down().into());
            }
            exporter.deadline(now)
        });
    });
    let (mut exporter, mut now) = waiting();
    criterion.bench_function("a flush and a pass, 100,000 jobs wait", |bencher| {
        bencher.iter(|| {
            now += Duration::from_millis(11);
            ticket += 1;
            exporter.on_flush(now, ticket, FlushKind::Flush, Duration::from_secs(30));
            exporter.on_time(now);
            while let Some(job) = exporter.next_job(now) {
                exporter.on_reply(now, job, down().into());
            }
            exporter.deadline(now)
        });
    });
    criterion.bench_function("expiry of 100,000 jobs", |bencher| {
        bencher.iter_batched_ref(
            waiting,
            |(exporter, now)| {
                let late = *now + Duration::from_secs(600);
                let job = exporter.next_job(late).expect("a try");
                exporter.on_reply(late, job, down().into());
                assert!(exporter.is_idle(), "all has expired");
            },
            BatchSize::PerIteration,
        );
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3)).sample_size(10).without_plots();
    targets = queue
}
criterion_main!(benches);
