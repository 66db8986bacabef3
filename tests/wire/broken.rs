//! Buffers that no facade writes: nothing but an error, and what came before is kept.

use mastra_native_exporter::wire::{Fault, tag};

use crate::{CASES, MAX_BYTES, decode};

/// A buffer of logs, whose array has these bytes as elements.
fn logs(elements: &[u8], count: u8) -> Vec<u8> {
    let mut bytes = vec![tag::VERSION_TAG, 15, tag::DENSE_ARRAY, count + 1, tag::INT32, 2];
    bytes.extend_from_slice(elements);
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

#[test]
fn any_byte_may_be_wrong() {
    for case in CASES.iter().filter(|case| ["tags", "records", "sharing", "disguises"].contains(&case.group.as_str())) {
        let bytes = case.bytes();
        for at in 0..bytes.len().min(400) {
            for byte in [0, 1, 0x7F, 0x80, 0xFF, b'o', b'A', b'a', b'^', b'"', b'c', b'$', b'{', b'@', b';', b'B'] {
                let mut wrong = bytes.clone();
                wrong[at] = byte;
                let (records, _) = decode(&wrong, 1 << 16);
                // Further ones may have become texts, which are taken as they are.
                let Some((_, Ok(json))) = records.first().filter(|_| wrong.get(6) == Some(&b'o')) else { continue };
                let valid = serde_json::from_str::<serde_json::Value>(json).is_ok();
                assert!(valid, "{} at {at}: {json}", case.name);
            }
        }
    }
}

#[test]
fn faults_have_names() {
    let cases: [(&[u8], Fault); 12] = [
        (&[], Fault::Truncated),
        (&[0xFE, 15], Fault::Version),
        (&[0xFF, 14, b'A', 0], Fault::Version),
        (&[0xFF, 16, b'A', 0], Fault::Version),
        (&[0xFF, 15], Fault::Truncated),
        (&[0xFF, 15, b'o', b'{', 0], Fault::Tag(b'o')),
        (&[0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0], Fault::Length),
        (&[0xFF, 15, b'A', 1, b'o', b'{', 0], Fault::Kind),
        (&[0xFF, 15, b'A', 1, b'I', 12], Fault::Kind),
        (&[0xFF, 15, b'A', 1, b'I', 1], Fault::Kind),
        (&logs(b"\\", 1), Fault::Tag(b'\\')),
        (&logs(b"o\"\xFF\xFF\xFF\xFF\x0Fab", 1), Fault::Truncated),
    ];
    for (bytes, fault) in cases {
        assert_eq!(decode(bytes, MAX_BYTES).1, Err(fault), "{bytes:?}");
    }
}

#[test]
fn lengths_that_contradict_each_other_cost_the_rest() {
    for elements in [
        &b"o\"\x01aI\x02{\x02"[..],
        b"o\"\x01aA\x01I\x02$\x00\x02{\x01",
        b"o\"\x01aA\x01I\x02$\x01\x01{\x01",
        b"o\"\x01aa\x03@\x01\x03{\x01",
        b"o\"\x01aa\x03@\x00\x04{\x01",
        b"o\"\x01a;:\x02{\x01",
    ] {
        assert_eq!(decode(&logs(elements, 1), MAX_BYTES), (vec![], Err(Fault::Length)), "{elements:?}");
    }
}

#[test]
fn enormous_lengths_take_no_memory() {
    for elements in
        [&b"o\"\x01aA\xFF\xFF\xFF\xFF\x0F"[..], b"o\"\x01aB\xFF\xFF\xFF\xFF\x0F", b"o\"\x01ac\xFF\xFF\xFF\xFF\x0F"]
    {
        assert_eq!(decode(&logs(elements, 1), MAX_BYTES), (vec![], Err(Fault::Truncated)), "{elements:?}");
    }
    // Holes are real elements: 4 billion of them are too many.
    let sparse = b"o\"\x01aa\xFF\xFF\xFF\xFF\x0F@\x00\xFF\xFF\xFF\xFF\x0F{\x01o{\x00";
    let (records, result) = decode(&logs(sparse, 2), MAX_BYTES);
    assert_eq!(result, Ok(()));
    assert_eq!(records[0].1.as_ref().unwrap_err().fault, Fault::TooLarge);
    assert_eq!(records[1].1.as_deref(), Ok("{}"));
}

#[test]
fn depth_has_a_limit_before_the_stack_has() {
    for (open, levels) in [(&b"o\"\x01a"[..], 1_000_000), (b"A\x01", 1_000_000), (b";", 1_000_000)] {
        let elements = open.repeat(levels);
        let mut record = b"o\"\x01a".to_vec();
        record.extend_from_slice(&elements);
        assert_eq!(decode(&logs(&record, 1), MAX_BYTES).1, Err(Fault::Depth));
    }
}

#[test]
fn references_to_nothing_are_faults() {
    for reference in [&b"^\x01"[..], b"^\x7F", b"^\xFF\xFF\xFF\xFF\x0F"] {
        let (records, result) = decode(&logs(reference, 1), MAX_BYTES);
        assert!(records.is_empty() && result == Err(Fault::Reference), "{reference:?}: {records:?} {result:?}");
    }
}
