//! Buffers that no facade writes: they give an error only, and earlier records are kept.

use mastra_native_exporter::wire::{Fault, tag};

use crate::{CASES, MAX_BYTES, decode};

/// A buffer of logs, whose array holds these bytes.
fn logs(atoms: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag::VERSION_TAG, 15, tag::ARRAY, 100, tag::INT32, 2];
    bytes.extend_from_slice(atoms);
    bytes
}

#[test]
fn a_buffer_may_end_anywhere() {
    for case in CASES.iter().filter(|case| ["tags", "records", "arrays", "disguises"].contains(&case.group.as_str())) {
        let bytes = case.bytes();
        let (whole, _) = decode(&bytes, MAX_BYTES);
        for end in 0..bytes.len() {
            let (records, _) = decode(&bytes[..end], MAX_BYTES);
            assert!(records.len() <= whole.len(), "{} cut at {end}", case.name);
            for (cut, whole) in records.iter().zip(&whole) {
                assert_eq!(cut.1.as_ref().ok(), whole.1.as_ref().ok(), "{} cut at {end}", case.name);
            }
        }
    }
}

/// The position of the first atom after the kind, in an array of fewer than 128: `FF 0F A n I k`.
const FIRST: usize = 6;

#[test]
fn any_byte_may_be_wrong() {
    for case in CASES.iter().filter(|case| ["tags", "records", "sharing", "disguises"].contains(&case.group.as_str())) {
        let bytes = case.bytes();
        for at in 0..bytes.len().min(400) {
            for byte in [0, 1, 0x7F, 0x80, 0xFF, b'_', b'A', b'I', b'N', b'"', b'c', b'S', b'$', b'0', b'T'] {
                let mut wrong = bytes.clone();
                wrong[at] = byte;
                let (records, _) = decode(&wrong, 1 << 16);
                // Later records may have become texts, which are taken unchanged.
                let Some((_, Ok(json))) = records.first().filter(|_| wrong.get(FIRST) == Some(&tag::UNDEFINED)) else {
                    continue;
                };
                let valid = serde_json::from_str::<serde_json::Value>(json).is_ok();
                assert!(valid, "{} at {at}: {json}", case.name);
            }
        }
    }
}

#[test]
fn faults_have_names() {
    let cases: [(&[u8], Fault); 23] = [
        (&[], Fault::Truncated),
        (&[0xFE, 15], Fault::Version),
        (&[0xFF, 14, b'A', 0], Fault::Version),
        (&[0xFF, 16, b'A', 0], Fault::Version),
        (&[0xFF, 15], Fault::Truncated),
        (&[0xFF, 15, b'o', b'{', 0], Fault::Tag(b'o')),
        (&[0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0], Fault::Length),
        (&[0xFF, 15, b'A', 2, b'_', b'_'], Fault::Kind),
        (&[0xFF, 15, b'A', 1, b'I', 12], Fault::Kind),
        (&[0xFF, 15, b'A', 1, b'I', 1], Fault::Kind),
        (&[0xFF, 15, b'A', 0, b'$', 0, 1], Fault::Length),
        (&[0xFF, 15, b'A', 0, b'$', 1, 0], Fault::Length),
        (&logs(b"o{\x00"), Fault::Tag(b'o')),
        (&logs(b"T"), Fault::Tag(b'T')),
        (&logs(b"_I\x02"), Fault::Tag(b'I')),
        (&logs(b"_T"), Fault::Tag(b'T')),
        (&logs(b"_0_"), Fault::Tag(b'0')),
        (&logs(b"_\"\x01a_0"), Fault::Tag(b'0')),
        (&logs(b"_\"\x01a_TT"), Fault::Tag(b'T')),
        (&logs(b"_\"\x01a_I\x01"), Fault::Length),
        (&logs(b"_\"\x01a_F_"), Fault::Tag(b'_')),
        (&logs(b"_\"\x01a_F\"\x05{}"), Fault::Truncated),
        (&logs(b"_\"\xFF\xFF\xFF\xFF\x0Fab"), Fault::Truncated),
    ];
    for (bytes, fault) in cases {
        assert_eq!(decode(bytes, MAX_BYTES), (vec![], Err(fault)), "{bytes:?}");
    }
}

#[test]
fn enormous_lengths_take_no_memory() {
    for atoms in [
        &b"_\"\x01a_I\xFE\xFF\xFF\xFF\x0F"[..],
        b"_\"\x01ac\xFF\xFF\xFF\xFF\x0F",
        b"_\"\xFF\xFF\xFF\xFF\x0F",
        b"S\xFF\xFF\xFF\xFF\x0F",
    ] {
        assert_eq!(decode(&logs(atoms), MAX_BYTES), (vec![], Err(Fault::Truncated)), "{atoms:?}");
    }
}

#[test]
fn depth_has_a_limit_before_the_stack_has() {
    for open in [&b"_\"\x01a"[..], b"_I\x02"] {
        let mut record = b"_\"\x01a".to_vec();
        record.extend_from_slice(&open.repeat(1_000_000));
        assert_eq!(decode(&logs(&record), MAX_BYTES), (vec![], Err(Fault::Depth)));
    }
}
