//! From buffers to JSON, `cargo bench`: ours, and a tree of `v8_valueserializer` written by `serde_json`. Throughput is
//! bytes of the JSON that ours makes; Node makes the inputs (`input.mjs`).
#![expect(clippy::expect_used, reason = "a benchmark ends when something is wrong")]

use std::{collections::BTreeMap, hint::black_box, process::Command};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mastra_native_exporter::wire::Decoder;

mod tree;

const MAX_BYTES: usize = 16 << 20;

fn inputs() -> BTreeMap<String, Vec<u8>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/wire/input.mjs");
    let output = Command::new("node").arg(script).output().expect("Node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let inputs: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).expect("JSON");
    let unhex = |digits: &[u8]| u8::from_str_radix(str::from_utf8(digits).expect("hex"), 16).expect("hex");
    inputs.into_iter().map(|(name, hex)| (name, hex.as_bytes().chunks(2).map(unhex).collect())).collect()
}

fn decode(decoder: &mut Decoder, bytes: &[u8]) -> usize {
    let mut json = 0;
    decoder
        .decode(bytes, MAX_BYTES, 1.79e12, |_, record| json += black_box(record.expect("a record")).len())
        .expect("a buffer");
    json
}

fn wire(criterion: &mut Criterion) {
    let mut decoder = Decoder::default();
    for (name, bytes) in inputs() {
        let mut group = criterion.benchmark_group(&name);
        group.throughput(Throughput::Bytes(decode(&mut decoder, &bytes) as u64));
        group.bench_function("ours", |bencher| bencher.iter(|| decode(&mut decoder, &bytes)));
        group.bench_function("tree and serde_json", |bencher| bencher.iter(|| tree::json(&bytes)));
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(std::time::Duration::from_millis(500)).measurement_time(std::time::Duration::from_secs(2)).without_plots();
    targets = wire
}
criterion_main!(benches);
