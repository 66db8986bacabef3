//! The allocations of reading, after a first batch has been read.

use std::time::Duration;

use allocation_counter::measure;
use mastra_native_exporter::{clock, delivery::batch::Batcher, wire::Decoder};

use crate::{CASES, Case, MAX_BYTES, NOW_MS};

#[test]
fn a_batch_is_read_into_one_allocation() {
    let buffers: Vec<Vec<u8>> =
        CASES.iter().filter(|case| case.group != "records" && case.records.len() == 1).map(Case::bytes).collect();
    let (mut decoder, mut batcher) = (Decoder::default(), Batcher::new(usize::MAX, usize::MAX, Duration::MAX));
    let mut read = |batcher: &mut Batcher| {
        for bytes in &buffers {
            let result = decoder.decode(bytes, MAX_BYTES, NOW_MS, |signal, record| {
                assert!(batcher.push(clock::now(), signal, record.unwrap_or_default()).is_none());
            });
            assert_eq!(result, Ok(()));
        }
    };
    read(&mut batcher);
    drop(batcher.take());
    // When the first batch was closed, memory for the second was reserved: for its JSON, and for the ends of its records.
    assert_eq!(measure(|| read(&mut batcher)).count_total, 0);
    let mut batch = None;
    let closing = measure(|| batch = batcher.take());
    assert_eq!(batch.map(|batch| batch.count), Some(buffers.len() as u64));
    // These are the same two for the third batch, and the list of bodies.
    assert_eq!(closing.count_total, 3, "{closing:?}");
}
