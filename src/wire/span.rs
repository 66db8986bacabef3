//! The further fields of a span's record: those that the collector's schema names differently (peer).

use super::fields::{Field, Fields};

/// Adds the further fields to the span at the end of `out`. `created_at` is JSON.
pub fn complete(out: &mut Vec<u8>, fields: &Fields, created_at: &[u8]) {
    // Removes the closing brace.
    out.pop();
    for (name, source, or_null) in [
        ("spanId", Field::Id, false),
        ("spanType", Field::Type, false),
        ("startedAt", Field::StartTime, false),
        ("endedAt", Field::EndTime, true),
        ("error", Field::ErrorInfo, true),
    ] {
        match fields.get(source) {
            Some(value) => {
                key(out, name);
                out.extend_from_within(value);
            }
            None if or_null => {
                key(out, name);
                out.extend_from_slice(b"null");
            }
            None => {}
        }
    }
    key(out, "createdAt");
    out.extend_from_slice(created_at);
    key(out, "updatedAt");
    out.extend_from_slice(b"null}");
}

fn key(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}
