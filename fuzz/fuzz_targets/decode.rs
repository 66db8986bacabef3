//! Any bytes: no panic, no hang, no more output than allowed, and what comes out of an object is JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastra_native_exporter::wire::Decoder;
use serde::de::IgnoredAny;

const MAX_BYTES: usize = 64 << 10;
/// Where the first atom of an array of fewer than 128 is, behind `FF 0F A n I k`.
const FIRST: usize = 6;

fuzz_target!(|bytes: &[u8]| {
    let mut first = true;
    let result = Decoder::default().decode(bytes, MAX_BYTES, 1.79e12, |_, record| {
        // Texts are taken as they are, so only what certainly is an object is looked at.
        let object = std::mem::take(&mut first) && bytes.get(FIRST) == Some(&b'_');
        if let Ok(json) = record {
            assert!(json.len() <= MAX_BYTES);
            assert!(!object || serde_json::from_slice::<IgnoredAny>(json).is_ok());
        }
    });
    // Whether it fails or not, it has an end.
    let _ = result;
});
