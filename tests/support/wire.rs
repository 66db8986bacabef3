//! Buffers as the facade writes them where there is no V8: JSON texts as UTF-8 strings.

use mastra_native_exporter::{
    command::Records,
    signal::Signal,
    wire::{
        tag::{ARRAY, ARRAY_END, UTF8_STRING, VERSION, VERSION_TAG},
        word::{KIND, TEXT},
    },
};

/// Records of these lines, each a signal digit and a text.
pub fn records(lines: &str) -> Records {
    let mut counts = [0; Signal::ALL.len()];
    let (mut words, mut strings) = (vec![0], vec![b"".as_slice()]);
    for line in lines.split('\n') {
        let (digit, text) = line.split_at(1);
        let index: u8 = digit.parse().unwrap();
        counts[usize::from(index)] += 1;
        words.extend([u32::from(index) << 3 | KIND, TEXT]);
        strings.push(text.as_bytes());
    }
    Records { bytes: buffer(&words, UTF8_STRING, &strings), counts, at_ms: 0.0 }
}

/// A buffer of these words, and of these strings with this tag.
pub fn buffer(words: &[u32], tag: u8, strings: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![VERSION_TAG];
    varint(&mut bytes, VERSION as usize);
    varint(&mut bytes, words.len());
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    bytes.push(ARRAY);
    varint(&mut bytes, strings.len());
    for text in strings {
        bytes.push(tag);
        varint(&mut bytes, text.len());
        bytes.extend_from_slice(text);
    }
    bytes.extend([ARRAY_END, 0]);
    varint(&mut bytes, strings.len());
    bytes
}

fn varint(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7F).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
}
