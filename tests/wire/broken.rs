//! Buffers that no facade writes: they give an error only, and earlier records are kept.

use mastra_native_exporter::wire::{
    Fault, tag,
    word::{KIND, TEXT, Word},
};

use serde::de::IgnoredAny;

use crate::{CASES, MAX_BYTES, decode, wire};

pub const LOGS: u32 = 1 << 3 | KIND;
/// An object of the first shape, and one of no shape with all keys beside their values.
pub const SHAPED: u32 = 1 << 4 | 5;
const OPEN: u32 = 1 << 3 | 5;
const NULL: u32 = 0;
const END: u32 = 5 << 3;
pub const LONG: u32 = 2;
/// Groups of all kinds of words and strings.
const GROUPS: [&str; 5] = ["tags", "records", "shapes", "sharing", "disguises"];

fn short(units: u32) -> u32 {
    units << 3 | 1
}

/// A buffer of these words, behind the number of shapes, and of these Latin-1 strings.
fn buffer(shapes: u32, words: &[u32], strings: &[&[u8]]) -> Vec<u8> {
    wire::buffer(&[&[shapes], words].concat(), tag::ONE_BYTE_STRING, strings)
}

#[test]
fn the_buffers_of_these_tests_are_read() {
    let bytes = buffer(1, &[LOGS, SHAPED, NULL, short(2), OPEN, LONG, NULL, END], &[b"a\0b", b"xy", b"key"]);
    let (records, result) = decode(&bytes, MAX_BYTES);
    let records: Vec<String> = records.into_iter().map(|(_, record)| record.unwrap()).collect();
    assert_eq!((records, result), (vec![r#"{"a":null,"b":"xy"}"#.to_owned(), r#"{"key":null}"#.to_owned()], Ok(())));
}

#[test]
fn a_buffer_may_end_anywhere() {
    for case in CASES.iter().filter(|case| GROUPS.contains(&case.group.as_str())) {
        let bytes = case.bytes();
        let (whole, _) = decode(&bytes, MAX_BYTES);
        for end in 0..bytes.len() {
            let (records, result) = decode(&bytes[..end], MAX_BYTES);
            assert!(result.is_err(), "{} cut at {end}", case.name);
            assert!(records.len() <= whole.len(), "{} cut at {end}", case.name);
            for (cut, whole) in records.iter().zip(&whole) {
                assert_eq!(cut.1.as_ref().ok(), whole.1.as_ref().ok(), "{} cut at {end}", case.name);
            }
        }
    }
}

/// Whether JSON text of the facade, which is taken unchanged, may be in the buffer.
fn may_have_text(bytes: &[u8]) -> bool {
    let [_, _, count @ 0..128, words @ ..] = bytes else { return true };
    let (words, _) = words.as_chunks::<4>();
    words.iter().take((*count).into()).any(|[low, ..]| u32::from(low & 7) == TEXT)
}

#[test]
fn any_byte_may_be_wrong() {
    for case in CASES.iter().filter(|case| GROUPS.contains(&case.group.as_str())) {
        let bytes = case.bytes();
        for at in 0..bytes.len().min(400) {
            for byte in [0, 1, 5, 0x0D, 0x15, 0x7F, 0x80, 0xFF, b'A', b'"', b'c', b'S', b'$', b'\\'] {
                let mut wrong = bytes.clone();
                wrong[at] = byte;
                let (records, _) = decode(&wrong, 1 << 16);
                for (_, record) in records.iter().filter(|_| !may_have_text(&wrong)) {
                    let Ok(json) = record else { continue };
                    let valid = serde_json::from_str::<IgnoredAny>(json).is_ok();
                    assert!(valid, "{} at {at}: {json}", case.name);
                }
            }
        }
    }
}

#[test]
fn faults_have_names() {
    let first: &[&[u8]] = &[b"a", b""];
    let none: &[&[u8]] = &[b""];
    let cases: [(Vec<u8>, Fault); 30] = [
        (vec![], Fault::Truncated),
        (vec![0xFE, 15], Fault::Version),
        (vec![0xFF, 14, 0], Fault::Version),
        (vec![0xFF, 16, 0], Fault::Version),
        (vec![0xFF, 15], Fault::Truncated),
        (vec![0xFF, 15, 0], Fault::Truncated),
        (vec![0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0], Fault::Length),
        (vec![0xFF, 15, 1, 0, 0, 0], Fault::Truncated),
        (vec![0xFF, 15, 1, 0, 0, 0, 0, b'o'], Fault::Tag(b'o')),
        (vec![0xFF, 15, 1, 0, 0, 0, 0, b'A', 1, b'c', 1, b'x'], Fault::Length),
        (vec![0xFF, 15, 1, 1, 0, 0, 0, b'A', 1, b'S', 1, b'a'], Fault::Tag(b'S')),
        (buffer(0, &[], &[]), Fault::Tag(b'$')),
        (buffer(1, &[], none), Fault::Tag(b'$')),
        (buffer(0, &[], &[b"x"]), Fault::Length),
        (buffer(0, &[], &[b"", b"x"]), Fault::Tag(b'"')),
        (buffer(0, &[OPEN], none), Fault::Kind),
        (buffer(0, &[6 << 3 | KIND], none), Fault::Kind),
        (buffer(0, &[TEXT], none), Fault::Kind),
        (buffer(0, &[LOGS, NULL], none), Fault::Place(Word::Null)),
        (buffer(0, &[LOGS, LONG], &[b"", b"x"]), Fault::Place(Word::Long)),
        (buffer(0, &[LOGS, TEXT], none), Fault::Tag(b'$')),
        (buffer(0, &[LOGS, 6 << 3], none), Fault::Word(48)),
        (buffer(0, &[LOGS, 1 << 3 | TEXT], none), Fault::Word(14)),
        (buffer(0, &[LOGS, SHAPED, NULL], none), Fault::Shape),
        (buffer(1, &[LOGS, 2 << 4 | 5, NULL], first), Fault::Shape),
        (buffer(1, &[LOGS, SHAPED], first), Fault::Truncated),
        (buffer(1, &[LOGS, SHAPED, END], first), Fault::Place(Word::End)),
        (buffer(1, &[LOGS, SHAPED, LOGS], first), Fault::Place(Word::Kind(1))),
        (buffer(1, &[LOGS, SHAPED, short(1)], first), Fault::Truncated),
        (buffer(0, &[LOGS, OPEN, NULL], none), Fault::Place(Word::Null)),
    ];
    for (bytes, fault) in cases {
        assert_eq!(decode(&bytes, MAX_BYTES), (vec![], Err(fault)), "{bytes:?}");
    }
}

#[test]
fn enormous_lengths_take_no_memory() {
    let array = !7 | 4;
    for (words, strings) in
        [(&[LOGS, SHAPED, array][..], &[&b"a"[..], b""][..]), (&[LOGS, SHAPED, short(u32::MAX >> 3)], &[b"a", b"xy"])]
    {
        assert_eq!(decode(&buffer(1, words, strings), MAX_BYTES), (vec![], Err(Fault::Truncated)), "{words:?}");
    }
    for start in [&[0xFF, 15][..], &[0xFF, 15, 1, 0, 0, 0, 0, b'A', 1, b'"']] {
        let bytes = [start, &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0]].concat();
        assert_eq!(decode(&bytes, MAX_BYTES), (vec![], Err(Fault::Truncated)), "{start:?}");
    }
    let shapes = buffer(u32::MAX, &[LOGS], &[b"a", b""]);
    assert_eq!(decode(&shapes, MAX_BYTES), (vec![], Err(Fault::Tag(tag::ARRAY_END))));
}

#[test]
fn depth_has_a_limit_before_the_stack_has() {
    for open in [SHAPED, 1 << 3 | 4] {
        let bytes = buffer(1, &[vec![LOGS, SHAPED], vec![open; 1 << 20]].concat(), &[b"a", b""]);
        assert_eq!(decode(&bytes, MAX_BYTES), (vec![], Err(Fault::Depth)));
    }
}
