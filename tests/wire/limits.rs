//! The limits on a record, and what is kept of a record beyond them.

use mastra_native_exporter::wire::{Decoder, Fault};

use crate::{CASES, MAX_BYTES, decode};

#[test]
fn a_record_may_have_exactly_its_limit() {
    for case in CASES.iter().filter(|case| ["tags", "strings", "arrays", "sharing"].contains(&case.group.as_str())) {
        let json = &case.records[0];
        let (records, _) = decode(&case.bytes(), json.len());
        assert_eq!(records[0].1.as_ref().ok(), Some(json), "{}", case.name);
        let (records, result) = decode(&case.bytes(), json.len() - 1);
        assert_eq!(records[0].1.as_ref().unwrap_err().fault, Fault::TooLarge, "{}", case.name);
        assert_eq!(result, Ok(()));
    }
}

#[test]
fn a_record_that_is_too_large_costs_no_other_and_is_named() {
    for case in CASES.iter().filter(|case| case.group == "records") {
        let whole = decode(&case.bytes(), MAX_BYTES).0;
        let lengths = whole.iter().filter_map(|(_, record)| record.as_ref().ok()).map(String::len);
        for limit in lengths {
            for limit in [limit - 1, limit] {
                let (records, result) = decode(&case.bytes(), limit);
                assert_eq!((result, records.len()), (Ok(()), whole.len()), "{} within {limit}", case.name);
                for ((_, found), (_, expected)) in records.iter().zip(&whole) {
                    match (found, expected) {
                        (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                        (Err(rejected), Ok(expected)) => {
                            assert_eq!(rejected.fault, Fault::TooLarge);
                            assert!(expected.len() > limit, "{}: {expected} is within {limit}", case.name);
                        }
                        (found, expected) => assert_eq!(found.is_err(), expected.is_err()),
                    }
                }
            }
        }
    }
    let spans = CASES.iter().find(|case| case.name == "the same span twice").unwrap();
    let (records, _) = decode(&spans.bytes(), 150);
    let name = &records[0].1.as_ref().unwrap_err().name;
    let name = (name.span_id.as_deref(), name.trace_id.as_deref(), name.name.as_deref());
    assert_eq!(name, (Some("s1"), Some("t"), Some("n")));
}

#[test]
fn what_is_beyond_the_limit_is_not_written() {
    let case = CASES.iter().find(|case| case.name == "Array.from({length:300},(_, i)=>i)").unwrap();
    let (records, _) = decode(&case.bytes(), 100);
    let written = records[0].1.as_ref().unwrap_err().bytes;
    assert!(case.records[0].len() > 1000 && (101..=110).contains(&written), "{written} bytes");
}

#[test]
fn a_decoder_can_be_used_again_after_anything() {
    let mut decoder = Decoder::default();
    for _ in 0..2 {
        for case in CASES.iter().filter(|case| ["tags", "records", "disguises"].contains(&case.group.as_str())) {
            for limit in [MAX_BYTES, 10] {
                let mut found = Vec::new();
                let result = decoder.decode(&case.bytes(), limit, crate::NOW_MS, |_, record| {
                    found.extend(record.map(<[u8]>::to_vec));
                });
                assert_eq!(result, Ok(()), "{}", case.name);
                if limit == MAX_BYTES {
                    assert!(found.iter().eq(case.records.iter().map(String::as_bytes)), "{}", case.name);
                }
            }
        }
    }
}
