//! The words of a buffer: 32 bits, of which the lowest three say what comes next. The others are a number.

use super::Fault;

/// The number of bits that say what comes next.
const BITS: u32 = 3;

/// What comes next.
const CONSTANT: u32 = 0;
const SHORT: u32 = 1;
const LONG: u32 = 2;
const INTEGER: u32 = 3;
const ARRAY: u32 = 4;
const OBJECT: u32 = 5;
/// See [`Word::Text`].
pub const TEXT: u32 = 6;
/// See [`Word::Kind`].
pub const KIND: u32 = 7;

/// One word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `null`
    Null,
    /// `false` or `true`
    Boolean(bool),
    /// A double; two words follow.
    Double,
    /// A date, in milliseconds since 1970; two words follow.
    Date,
    /// The end of an object whose last keys are beside their values.
    End,
    /// A string of this number of UTF-16 units, in the text of all short strings.
    Short(usize),
    /// A string: the next one of the long strings.
    Long,
    /// An integer of at most 29 bits.
    Integer(i32),
    /// An array with this number of elements.
    Array(usize),
    /// An object: the values of the keys of a shape. With `more`, further keys and values follow, then an end.
    Object {
        /// The number of the shape.
        shape: usize,
        /// Whether further keys follow.
        more: bool,
    },
    /// JSON text: the next one of the long strings.
    Text,
    /// The kind of the records that follow.
    Kind(usize),
}

impl Word {
    /// # Errors
    /// [`Fault::Word`] when the word says nothing.
    pub fn read(bits: u32) -> Result<Self, Fault> {
        let number = (bits >> BITS) as usize;
        Ok(match (bits & ((1 << BITS) - 1), number) {
            (CONSTANT, 0) => Self::Null,
            (CONSTANT, 1) => Self::Boolean(false),
            (CONSTANT, 2) => Self::Boolean(true),
            (CONSTANT, 3) => Self::Double,
            (CONSTANT, 4) => Self::Date,
            (CONSTANT, 5) => Self::End,
            (SHORT, units) => Self::Short(units),
            (LONG, 0) => Self::Long,
            (INTEGER, _) => Self::Integer(bits.cast_signed() >> BITS),
            (ARRAY, length) => Self::Array(length),
            (OBJECT, shape) => Self::Object { shape: shape >> 1, more: shape & 1 == 1 },
            (TEXT, 0) => Self::Text,
            (KIND, kind) => Self::Kind(kind),
            _ => return Err(Fault::Word(bits)),
        })
    }
}
