//! Any file as a segment and any as its acknowledgements: no panic, no hang, and what is read is what is there. The files are
//! made of whole frames, of bytes that are none, and of flipped bits, because random bytes never have a right checksum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastra_native_exporter::{
    signal::Signal,
    spool::{
        frame::{begin_records, write_ack, write_end, write_header},
        frames::{Found, Frames},
        segment::{MAX_NUMBER, scan, take},
    },
};

/// A kind, two numbers and bytes.
type Part<'a> = (u8, u16, u16, &'a [u8]);

fn write(file: &mut Vec<u8>, (kind, first, other, bytes): Part) {
    let (first, number) = (u64::from(first), u64::from(other));
    match kind % 5 {
        0 | 1 => {
            let size = usize::from(other % 64) + 1;
            let lengths: Vec<u32> = bytes.chunks(size).map(|record| record.len() as u32).collect();
            begin_records(file, first, number, &lengths, bytes);
            file.extend_from_slice(bytes);
        }
        2 => write_ack(file, &(first..first + number)),
        3 => write_end(file),
        _ => file.extend_from_slice(bytes),
    }
}

fuzz_target!(|input: (Vec<Part>, Vec<Part>, Vec<(u16, u8)>, u16)| {
    let (parts, ack_parts, flips, max_bytes) = input;
    let (mut bytes, mut acks) = (Vec::new(), Vec::new());
    write_header(&mut bytes, Signal::Logs);
    parts.into_iter().for_each(|part| write(&mut bytes, part));
    ack_parts.into_iter().for_each(|part| write(&mut acks, part));
    for (at, bits) in flips {
        let at = usize::from(at) % bytes.len();
        bytes[at] ^= bits;
    }
    let mut damaged = 0;
    for found in Frames::new(&bytes) {
        if let Found::Damaged(part) = found {
            assert!(!part.is_empty());
            damaged += part.len();
        }
    }
    assert!(damaged <= bytes.len());
    let Ok(scanned) = scan(&bytes, &acks, &(0..MAX_NUMBER)) else { return };
    let taken = take(&bytes, &scanned.readable, max_bytes.into(), 0);
    let count: u64 = taken.blocks.iter().map(|block| block.lengths.len() as u64).sum();
    assert!(count <= scanned.readable.count());
    assert!(!taken.complete || count == scanned.readable.count());
    for block in &taken.blocks {
        assert_eq!(block.iter().map(<[u8]>::len).sum::<usize>(), block.json.len());
    }
});
