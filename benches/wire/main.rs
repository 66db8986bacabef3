//! `cargo bench --bench wire`: the time from a buffer to JSON. Our decoder reads what the facade hands over. The other
//! reader, `v8_valueserializer` with `serde_json`, reads a structured clone of the same records. The throughput of both is
//! in bytes of the JSON that ours makes. Node makes the inputs (`input.mjs`).
#![expect(clippy::expect_used, reason = "a benchmark ends when something is wrong")]

use std::{collections::BTreeMap, hint::black_box, process::Command};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mastra_native_exporter::wire::Decoder;
use serde::Deserialize;

mod tree;

const MAX_BYTES: usize = 16 << 20;

/// Records in both forms.
#[derive(Deserialize)]
struct Input {
    words: String,
    clone: String,
}

fn inputs() -> BTreeMap<String, Input> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/wire/input.mjs");
    let output = Command::new("node").arg(script).output().expect("Node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn unhex(hex: &str) -> Vec<u8> {
    let byte = |digits: &[u8]| u8::from_str_radix(str::from_utf8(digits).expect("hex"), 16).expect("hex");
    hex.as_bytes().chunks(2).map(byte).collect()
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
    for (name, Input { words, clone }) in inputs() {
        let (words, clone) = (unhex(&words), unhex(&clone));
        let mut group = criterion.benchmark_group(&name);
        group.throughput(Throughput::Bytes(decode(&mut decoder, &words) as u64));
        group.bench_function("ours", |bencher| bencher.iter(|| decode(&mut decoder, &words)));
        group.bench_function("tree and serde_json", |bencher| bencher.iter(|| tree::json(&clone)));
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(std::time::Duration::from_millis(500)).measurement_time(std::time::Duration::from_secs(2)).without_plots();
    targets = wire
}
criterion_main!(benches);
