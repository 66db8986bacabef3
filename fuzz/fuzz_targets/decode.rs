//! Reads any bytes as a buffer. There must be no panic, no endless loop, and no more output than allowed. The output of an
//! object must be JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastra_native_exporter::wire::Decoder;
use serde::de::IgnoredAny;

const MAX_BYTES: usize = 64 << 10;
/// The word of a text; `wire::word`.
const TEXT: u8 = 6;

fuzz_target!(|bytes: &[u8]| {
    // Texts are taken unchanged, so records are checked only where no word of a short list can be one.
    let checked = match bytes {
        [_, _, count @ 0..128, words @ ..] => {
            !words.as_chunks::<4>().0.iter().take((*count).into()).any(|word| word[0] & 7 == TEXT)
        }
        _ => false,
    };
    let result = Decoder::default().decode(bytes, MAX_BYTES, 1.79e12, |_, record| {
        if let Ok(json) = record {
            assert!(json.len() <= MAX_BYTES);
            assert!(!checked || serde_json::from_slice::<IgnoredAny>(json).is_ok());
        }
    });
    // The result does not matter, only that there is one.
    let _ = result;
});
