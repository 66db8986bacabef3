//! The allocations of reading, after a first batch has been read.

use std::time::Duration;

use allocation_counter::measure;
use mastra_native_exporter::{
    clock,
    delivery::batch::Batcher,
    wire::{Decoder, tag},
};

use crate::{
    CASES, Case, MAX_BYTES, NOW_MS,
    broken::{LOGS, LONG, SHAPED},
    wire,
};

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

#[test]
fn the_memory_of_a_large_record_is_kept_for_one_as_large() {
    let mut decoder = Decoder::default();
    // MiB of text in each record, and whether it takes new memory: more than the 4 MiB to which memory is cut after it.
    for (mib, takes) in [(6, true), (6, false), (14, true), (14, false), (1, false), (6, true), (20, true), (20, true)]
    {
        let strings = [b"a".as_slice(), b"", &vec![b'x'; mib << 20]];
        let bytes = wire::buffer(&[1, LOGS, SHAPED, LONG], tag::ONE_BYTE_STRING, &strings);
        let reading = measure(|| {
            let result = decoder.decode(&bytes, 2 * MAX_BYTES, NOW_MS, |_, record| assert!(record.is_ok()));
            assert_eq!(result, Ok(()));
        });
        assert_eq!(reading.bytes_max > 4 << 20, takes, "{mib} MiB: {reading:?}");
    }
}
