//! Reads any bytes as a buffer. There must be no panic, no endless loop, and no more output than allowed. The output of an
//! object must be JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastra_native_exporter::wire::Decoder;
use serde::de::IgnoredAny;

const MAX_BYTES: usize = 64 << 10;
/// The position of the first atom in an array of fewer than 128 atoms. `FF 0F A n I k` comes before it.
const FIRST: usize = 6;

fuzz_target!(|bytes: &[u8]| {
    let mut first = true;
    let result = Decoder::default().decode(bytes, MAX_BYTES, 1.79e12, |_, record| {
        // Texts are taken unchanged, so only records that certainly are objects without texts are checked.
        let object = std::mem::take(&mut first) && bytes.get(FIRST) == Some(&b'_') && !bytes.contains(&b'F');
        if let Ok(json) = record {
            assert!(json.len() <= MAX_BYTES);
            assert!(!object || serde_json::from_slice::<IgnoredAny>(json).is_ok());
        }
    });
    // The result does not matter, only that there is one.
    let _ = result;
});
