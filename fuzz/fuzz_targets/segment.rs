//! Reads any bytes as a segment of the spool and its acknowledgements. There must be no panic and no endless loop, and
//! everything that is read must be in the bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastra_native_exporter::spool::{
    frame::{Frames, Found},
    segment::{MAX_NUMBER, scan, take},
};

fuzz_target!(|input: (&[u8], &[u8], usize)| {
    let (bytes, acks, max_bytes) = input;
    let mut length = 0;
    for found in Frames::new(bytes) {
        if let Found::Damaged(damaged) = found {
            assert!(!damaged.is_empty());
            length += damaged.len();
        }
    }
    assert!(length <= bytes.len());
    let Ok(scanned) = scan(bytes, acks, &(0..MAX_NUMBER)) else { return };
    let taken = take(bytes, &scanned.readable, max_bytes, 0);
    let count: u64 = taken.blocks.iter().map(|block| block.lengths.len() as u64).sum();
    assert!(count <= scanned.readable.count());
    assert!(!taken.complete || count == scanned.readable.count());
    for block in &taken.blocks {
        assert_eq!(block.iter().map(<[u8]>::len).sum::<usize>(), block.json.len());
    }
});
