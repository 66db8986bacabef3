use super::*;
use crate::clock;

struct Deaf;

impl Sink for Deaf {
    fn emit(&self, _: &Event) {}
}

pub(super) fn exporter(options: &str) -> Exporter {
    let json = format!(r#"{{"accessToken":"t","endpoints":["a","b","c","d","e"],{options}}}"#);
    Exporter::new(Config::from_json(&json).unwrap(), Arc::new(Deaf), Arc::default(), None, || 0.5)
}

/// Returns the bytes of memory that a full queue takes, and `maxQueueBytes`.
fn full(batch_size: usize, record: &[u8]) -> (u64, u64) {
    let max_queue_bytes = 1 << 20;
    let now = clock::now();
    let mut waiting = exporter(&format!(r#""maxBatchSize":{batch_size},"maxQueueBytes":{max_queue_bytes}"#));
    let memory = allocation_counter::measure(|| {
        for _ in 0..2 * max_queue_bytes / record.len() as u64 {
            waiting.on_record(now, Signal::Logs, 0.0, record);
        }
    });
    (u64::try_from(memory.bytes_current).unwrap(), max_queue_bytes)
}

#[test]
fn a_full_queue_takes_the_memory_that_it_is_given() {
    for (batch_size, record) in
        [(1, vec![b'1'; 22]), (1, vec![b'1'; 500]), (100, vec![b'1'; 22]), (1000, vec![b'1'; 2200])]
    {
        let (taken, given) = full(batch_size, &record);
        let percent = taken * 100 / given;
        let what = format!("{percent} % with {} bytes a record, {batch_size} a batch", record.len());
        println!("{what}");
        assert!((60..=110).contains(&percent), "{what}");
    }
}

/// The number of records that are dropped at once when a queue of 1 MiB is full of payloads of six of these records.
fn dropped_at_once(record_bytes: usize) -> u64 {
    let now = clock::now();
    let mut waiting = exporter(r#""maxBatchSize":6,"maxQueueBytes":1048576"#);
    let stats = Arc::clone(&waiting.ledger.stats);
    let mut accepted = 0;
    while stats.undelivered() == accepted {
        accepted += 1;
        stats.accepted(Signal::Logs, 1);
        waiting.on_record(now, Signal::Logs, 0.0, &vec![b'1'; record_bytes]);
    }
    accepted - stats.undelivered()
}

#[test]
fn a_payload_is_dropped_in_part_if_it_is_over_a_sixteenth_of_the_queue() {
    let sixteenth = 65_536 - r#"{"logs":[,,,,,]}"#.len();
    assert_eq!(dropped_at_once(1000), 6);
    assert_eq!(dropped_at_once(sixteenth / 6), 6);
    assert!(dropped_at_once(sixteenth / 6 + 1) < 6);
}
