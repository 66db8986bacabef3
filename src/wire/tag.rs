//! The bytes that V8's structured clone (`v8.Serializer`) writes for an array of strings.
//! Source: `src/objects/value-serializer.cc` of V8; version 15 in Node 20, 22, 24 and 26.
//!
//! The array is `A`, its length as a varint, the strings, `$`, the number of its named properties (0), and its length
//! again. A string is a tag, its length in bytes as a varint, and its bytes:
//!
//! | tag | bytes |
//! |---|---|
//! | `"` | Latin-1 |
//! | `c` | UTF-16LE at an even offset of the buffer |
//! | `S` | UTF-8; written by the facade where the JS engine is not V8 |
//!
//! NUL before a tag is padding.

/// Begins a buffer, before its version.
pub const VERSION_TAG: u8 = 0xFF;
/// The version of the format. The facade compares a probe with it.
pub const VERSION: u32 = 15;

/// Padding before a tag: two-byte strings are aligned.
pub const PADDING: u8 = 0;
/// Begins the array.
pub const ARRAY: u8 = b'A';
/// Ends it.
pub const ARRAY_END: u8 = b'$';
/// Latin-1.
pub const ONE_BYTE_STRING: u8 = b'"';
/// UTF-16LE.
pub const TWO_BYTE_STRING: u8 = b'c';
/// UTF-8.
pub const UTF8_STRING: u8 = b'S';
