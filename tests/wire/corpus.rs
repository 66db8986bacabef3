//! The corpus of the fuzz target (`fuzz/`), and the failures that it found.

use std::{fs, path::Path};

use mastra_native_exporter::wire::Decoder;

#[test]
fn the_corpus_replays() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/decode");
    let mut count = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        for end in 0..=bytes.len() {
            let _ = Decoder::default().decode(&bytes[..end], 1 << 16, 0.0, |_, record| {
                assert!(record.is_err() || record.is_ok_and(|json| json.len() <= 1 << 16));
            });
        }
        count += 1;
    }
    assert!(count > 100, "{count} files");
}
