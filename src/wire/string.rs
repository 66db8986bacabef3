//! A string as V8 has written it.

use std::borrow::Cow;

use super::{Fault, json, tag};

/// The bytes of a string.
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    /// Latin-1.
    OneByte(&'a [u8]),
    /// UTF-16LE.
    TwoByte(&'a [[u8; 2]]),
    /// UTF-8: where there is no V8.
    Utf8(&'a [u8]),
}

impl<'a> Text<'a> {
    /// The string whose tag this is.
    ///
    /// # Errors
    /// [`Fault::Tag`] when it is not the tag of a string; [`Fault::Length`] when half a unit is left.
    pub fn new(tag: u8, bytes: &'a [u8]) -> Result<Self, Fault> {
        match tag {
            tag::ONE_BYTE_STRING => Ok(Self::OneByte(bytes)),
            tag::TWO_BYTE_STRING => match bytes.as_chunks() {
                (units, []) => Ok(Self::TwoByte(units)),
                _ => Err(Fault::Length),
            },
            tag::UTF8_STRING => Ok(Self::Utf8(bytes)),
            other => Err(Fault::Tag(other)),
        }
    }

    /// Whether it has no units.
    #[must_use]
    pub fn is_empty(self) -> bool {
        match self {
            Self::OneByte(bytes) | Self::Utf8(bytes) => bytes.is_empty(),
            Self::TwoByte(units) => units.is_empty(),
        }
    }

    /// Takes this number of UTF-16 units from the start.
    ///
    /// # Errors
    /// [`Fault::Truncated`] when there are fewer.
    pub fn take(&mut self, units: usize) -> Result<Self, Fault> {
        match self {
            Self::OneByte(rest) => rest.split_off(..units).map(Self::OneByte),
            Self::TwoByte(rest) => rest.split_off(..units).map(Self::TwoByte),
            // Its units have not been counted.
            Self::Utf8(_) => None,
        }
        .ok_or(Fault::Truncated)
    }

    /// What is before the first separator, and what is behind it.
    #[must_use]
    pub fn split_once(self, separator: u8) -> (Self, Option<Self>) {
        fn split<'u, T: PartialEq>(units: &'u [T], separator: &T) -> (&'u [T], Option<&'u [T]>) {
            let at = units.iter().position(|unit| unit == separator);
            let parts = at.and_then(|at| Some((units.get(..at)?, units.get(at + 1..)?)));
            parts.map_or((units, None), |(before, after)| (before, Some(after)))
        }
        match self {
            Self::OneByte(bytes) => {
                let (before, after) = split(bytes, &separator);
                (Self::OneByte(before), after.map(Self::OneByte))
            }
            Self::TwoByte(units) => {
                let (before, after) = split(units, &[separator, 0]);
                (Self::TwoByte(before), after.map(Self::TwoByte))
            }
            Self::Utf8(bytes) => {
                let (before, after) = split(bytes, &separator);
                (Self::Utf8(before), after.map(Self::Utf8))
            }
        }
    }

    /// Writes it as a JSON string.
    ///
    /// # Errors
    /// [`Fault::Tag`] when it is UTF-8, of which only JSON text is expected.
    pub fn write(self, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::OneByte(bytes) => json::latin1(out, bytes),
            Self::TwoByte(units) => json::utf16(out, units),
            Self::Utf8(_) => return Err(Fault::Tag(tag::UTF8_STRING)),
        }
        Ok(())
    }

    /// The text as UTF-8.
    #[must_use]
    pub fn decoded(self) -> Cow<'a, str> {
        match self {
            Self::OneByte(latin1) => match str::from_utf8(latin1) {
                Ok(ascii) if ascii.is_ascii() => Cow::Borrowed(ascii),
                _ => latin1.iter().map(|&byte| char::from(byte)).collect(),
            },
            Self::TwoByte(units) => {
                let units = units.iter().map(|&unit| u16::from_le_bytes(unit));
                char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
            }
            Self::Utf8(bytes) => String::from_utf8_lossy(bytes),
        }
    }
}
