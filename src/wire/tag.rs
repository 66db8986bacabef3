//! What V8's structured clone (`v8.Serializer`) writes, as far as records hold it.
//! Source: `src/objects/value-serializer.cc` of V8; version 15 in Node 20, 22, 24 and 26.
//!
//! A buffer is [`VERSION_TAG`], the version, then values. A value is a tag and what belongs to it:
//!
//! | tag | what follows | JSON |
//! |---|---|---|
//! | `_` | | left out of objects, `null` in arrays |
//! | `-` | a hole; in dense arrays only | `null` |
//! | `0` `T` `F` | | `null` `true` `false` |
//! | `I` | zigzag varint | number |
//! | `U` | varint | number |
//! | `N` | 8 bytes, little endian | number as ECMAScript prints it; `null` if not finite |
//! | `"` | varint length, Latin-1 | string |
//! | `c` | varint length in bytes, UTF-16LE at an even offset of the buffer | string |
//! | `S` | varint length, UTF-8; V8 reads but does not write it | string |
//! | `D` | 8 bytes: milliseconds since 1970 | ISO string; `null` if invalid |
//! | `o` | (key, value)*, `{`, varint count | object |
//! | `A` | varint length, values, (key, value)*, `$`, varint count, varint length | array without its named properties |
//! | `a` | varint length, (key, value)*, `@`, varint count, varint length | the same, with `null` for what is not there |
//! | `^` | varint: the how manieth object, array or date of the buffer, from 0 | that value again |
//! | NUL | padding before any tag | |
//!
//! A key is a string or a number. The length after an array is that at its end; varints are at most 5 bytes here.
//!
//! Of these a clone keeps less than JSON may want, so that the facade does not send them (`exotic.rs`):
//!
//! | tag | what follows | JSON |
//! |---|---|---|
//! | `y` `x` | | `true` `false` (wrapper objects) |
//! | `n` | as `N` | number |
//! | `s` | a string value | string |
//! | `;` `'` | values, `:` or `,`, varint count | `{}` (Map, Set) |
//! | `R` | a string value, varint flags | `{}` (`RegExp`) |
//! | `r` | letters, some with a value, `.` | `{}` (Error) |
//! | `B` | varint length, bytes | `{}` (`ArrayBuffer`) |
//! | `~` | varint length, varint limit, bytes | `{}` |
//! | `B` or `~`, then `V` | the buffer, then 4 varints | refused (typed array) |
//! | `Z` `z` | varint, bytes | refused (`BigInt`) |
//!
//! The rest is never written without a delegate: `t` `u` `p` (transferred and shared), `w` `m` (WebAssembly), `\` (host
//! objects).

/// First byte of a buffer.
pub const VERSION_TAG: u8 = 0xFF;
/// The version that all supported Node versions write; the facade compares a probe.
pub const VERSION: u32 = 15;

/// Before a tag, so that two-byte strings are aligned.
pub const PADDING: u8 = 0;
/// An element that is not there.
pub const HOLE: u8 = b'-';
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
/// An integer key or length over 2^30.
pub const UINT32: u8 = b'U';
/// Any other number.
pub const DOUBLE: u8 = b'N';
/// Latin-1.
pub const ONE_BYTE_STRING: u8 = b'"';
/// UTF-16LE.
pub const TWO_BYTE_STRING: u8 = b'c';
/// UTF-8.
pub const UTF8_STRING: u8 = b'S';
/// An object that was there before.
pub const REFERENCE: u8 = b'^';
/// Begins an object.
pub const OBJECT: u8 = b'o';
/// Ends it.
pub const OBJECT_END: u8 = b'{';
/// Begins an array whose elements follow each other.
pub const DENSE_ARRAY: u8 = b'A';
/// Ends it.
pub const DENSE_ARRAY_END: u8 = b'$';
/// Begins an array whose elements follow with their index.
pub const SPARSE_ARRAY: u8 = b'a';
/// Ends it.
pub const SPARSE_ARRAY_END: u8 = b'@';
/// A `Date`.
pub const DATE: u8 = b'D';
/// A `BigInt`.
pub const BIG_INT: u8 = b'Z';
/// `Object(1n)`.
pub const BIG_INT_OBJECT: u8 = b'z';
/// `new Boolean(true)`.
pub const TRUE_OBJECT: u8 = b'y';
/// `new Boolean(false)`.
pub const FALSE_OBJECT: u8 = b'x';
/// `new Number(1)`.
pub const NUMBER_OBJECT: u8 = b'n';
/// `new String('s')`.
pub const STRING_OBJECT: u8 = b's';
/// Begins a `Map`.
pub const MAP: u8 = b';';
/// Ends it.
pub const MAP_END: u8 = b':';
/// Begins a `Set`.
pub const SET: u8 = b'\'';
/// Ends it.
pub const SET_END: u8 = b',';
/// A `RegExp`.
pub const REG_EXP: u8 = b'R';
/// An `Error`.
pub const ERROR: u8 = b'r';
/// An `ArrayBuffer`.
pub const ARRAY_BUFFER: u8 = b'B';
/// One that can be resized.
pub const RESIZABLE_ARRAY_BUFFER: u8 = b'~';
/// After a buffer: a view of it.
pub const ARRAY_BUFFER_VIEW: u8 = b'V';
