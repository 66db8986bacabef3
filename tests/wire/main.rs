//! The wire against V8 itself: Node makes the bytes with its serializer and judges with `JSON.stringify`
//! (`cases.mjs`). `MASTRA_TEST_NODE` names another Node binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{env, process::Command, sync::LazyLock};

use mastra_native_exporter::{
    signal::Signal,
    wire::{Decoder, Fault, Rejected},
};
use serde::Deserialize;

mod allocations;
mod broken;
mod corpus;
mod limits;
#[expect(dead_code, clippy::indexing_slicing, reason = "records as texts are for the tests of the engine")]
#[path = "../support/wire.rs"]
mod wire;

/// `NOW_MS` of cases.mjs.
const NOW_MS: f64 = 1_790_000_000_123.0;
const MAX_BYTES: usize = 16 << 20;

#[derive(Deserialize)]
struct Case {
    group: String,
    name: String,
    hex: String,
    /// The JSON of each record.
    records: Vec<String>,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let digits = self.hex.as_bytes().chunks(2);
        digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "which Node is asked")]
static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let node = env::var("MASTRA_TEST_NODE").unwrap_or_else(|_| "node".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wire/cases.mjs");
    let output = Command::new(node).arg(script).output().expect("Node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(parse).collect()
});

fn parse(line: &[u8]) -> Case {
    serde_json::from_slice(line).expect("a case")
}

/// The records of a buffer.
type Records = Vec<(Signal, Result<String, Rejected>)>;

/// The records of a buffer, and whether it could be read to its end.
fn decode(bytes: &[u8], max_bytes: usize) -> (Records, Result<(), Fault>) {
    let mut records = Vec::new();
    let result = Decoder::default().decode(bytes, max_bytes, NOW_MS, |signal, record| {
        records.push((signal, record.map(|json| String::from_utf8(json.to_vec()).expect("UTF-8"))));
    });
    (records, result)
}

/// Checks all cases of a group, which has at least this number of cases.
fn check(group: &str, at_least: usize) {
    let cases: Vec<&Case> = CASES.iter().filter(|case| case.group == group).collect();
    assert!(cases.len() >= at_least, "{} cases", cases.len());
    for case in cases {
        let (records, result) = decode(&case.bytes(), MAX_BYTES);
        assert_eq!(result, Ok(()), "{group}: {}", case.name);
        let found: Vec<String> = records.into_iter().map(|(_, record)| record.expect("a record")).collect();
        assert_eq!(found, case.records, "{group}: {}", case.name);
    }
}

#[test]
fn every_tag() {
    check("tags", 30);
}

#[test]
fn numbers_at_every_boundary() {
    check("numbers", 100);
}

#[test]
fn strings_of_every_kind_length_and_offset() {
    check("strings", 1500);
}

#[test]
fn keys() {
    check("keys", 20);
}

#[test]
fn keys_that_come_again() {
    check("shapes", 15);
}

#[test]
fn arrays_with_holes_and_names() {
    check("arrays", 15);
}

#[test]
fn dates_of_all_years() {
    check("dates", 3000);
}

#[test]
fn objects_that_come_again() {
    check("sharing", 10);
}

#[test]
fn several_records_in_a_buffer() {
    check("records", 11);
}

#[test]
fn objects_in_disguise() {
    check("disguises", 10);
}

#[test]
fn nested_objects() {
    check("depth", 5);
}

#[test]
fn records_keep_their_signals() {
    let case = CASES.iter().find(|case| case.name == "several kinds").expect("the case");
    let (records, _) = decode(&case.bytes(), MAX_BYTES);
    let signals: Vec<Signal> = records.into_iter().map(|(signal, _)| signal).collect();
    let mut expected = Signal::ALL.to_vec();
    expected.push(Signal::Traces);
    assert_eq!(signals, expected);
}
