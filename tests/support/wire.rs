//! Records as the facade hands them over where there is no V8: JSON texts as UTF-8 strings.

use mastra_native_exporter::{
    command::Records,
    signal::Signal,
    wire::tag::{ARRAY, ARRAY_END, INT32, UTF8_STRING, VERSION, VERSION_TAG},
};

/// Records of these lines, each a signal digit and a text.
pub fn records(lines: &str) -> Records {
    let mut counts = [0; Signal::ALL.len()];
    let mut bytes = vec![VERSION_TAG];
    varint(&mut bytes, VERSION as usize);
    bytes.push(ARRAY);
    let lines: Vec<&str> = lines.split('\n').collect();
    varint(&mut bytes, 2 * lines.len());
    for line in &lines {
        let (digit, text) = line.split_at(1);
        let index: usize = digit.parse().unwrap();
        counts[index] += 1;
        bytes.push(INT32);
        varint(&mut bytes, 2 * index);
        bytes.push(UTF8_STRING);
        varint(&mut bytes, text.len());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.push(ARRAY_END);
    varint(&mut bytes, 0);
    varint(&mut bytes, 2 * lines.len());
    Records { bytes, counts, at_ms: 0.0 }
}

fn varint(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7F).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
}
