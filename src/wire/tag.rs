//! The bytes that V8's structured clone (`v8.Serializer`) writes for an array of atoms.
//! Source: `src/objects/value-serializer.cc` of V8; version 15 in Node 20, 22, 24 and 26.
//!
//! A buffer is [`VERSION_TAG`], the version, then one array. The array is `A`, its length as a varint, the atoms, `$`,
//! the number of its named properties (0), and its length again. An atom is a tag and the bytes that belong to it:
//!
//! | tag | what follows | |
//! |---|---|---|
//! | `_` | | `undefined` |
//! | `0` `T` `F` | | `null` `true` `false` |
//! | `I` | zigzag varint | number |
//! | `N` | 8 bytes, little endian | number |
//! | `"` | varint length, Latin-1 | string |
//! | `c` | varint length in bytes, UTF-16LE at an even offset of the buffer | string |
//! | `S` | varint length, UTF-8 | string that is a whole record; written by the facade where the JS engine is not V8 |
//! | NUL | padding before any tag | |
//!
//! Varints are at most 5 bytes here. All other tags belong to objects, and no objects are written.

/// First byte of a buffer.
pub const VERSION_TAG: u8 = 0xFF;
/// The version that all supported versions of Node write; the facade compares a probe with it.
pub const VERSION: u32 = 15;

/// Padding before a tag: two-byte strings are aligned.
pub const PADDING: u8 = 0;
/// Begins the array.
pub const ARRAY: u8 = b'A';
/// Ends it.
pub const ARRAY_END: u8 = b'$';
/// `undefined`.
pub const UNDEFINED: u8 = b'_';
/// `null`.
pub const NULL: u8 = b'0';
/// `true`.
pub const TRUE: u8 = b'T';
/// `false`.
pub const FALSE: u8 = b'F';
/// A small integer, zigzag.
pub const INT32: u8 = b'I';
/// Any other number.
pub const DOUBLE: u8 = b'N';
/// Latin-1.
pub const ONE_BYTE_STRING: u8 = b'"';
/// UTF-16LE.
pub const TWO_BYTE_STRING: u8 = b'c';
/// UTF-8.
pub const UTF8_STRING: u8 = b'S';
