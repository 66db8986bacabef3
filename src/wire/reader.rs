//! Reads a buffer from left to right. Every length is compared with the bytes that remain before it is used.

use super::{Fault, tag};

/// A position in a buffer.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads the start of a buffer, up to its first value.
    ///
    /// # Errors
    /// [`Fault::Version`] when the buffer is not of the version that is understood.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Self { bytes, at: 0 };
        if reader.byte()? == tag::VERSION_TAG && reader.varint()? == tag::VERSION {
            Ok(reader)
        } else {
            Err(Fault::Version)
        }
    }

    /// The number of bytes that have been read.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Continues at a position that [`Reader::at`] has returned.
    pub fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The next tag, after any padding.
    ///
    /// # Errors
    /// [`Fault::Truncated`]
    pub fn tag(&mut self) -> Result<u8, Fault> {
        loop {
            let byte = self.byte()?;
            if byte != tag::PADDING {
                return Ok(byte);
            }
        }
    }

    /// Begins the array that comes next; returns its length.
    ///
    /// # Errors
    /// [`Fault::Tag`] when something else comes next.
    pub fn begin_array(&mut self) -> Result<u32, Fault> {
        match self.tag()? {
            tag::ARRAY => self.varint(),
            other => Err(Fault::Tag(other)),
        }
    }

    /// Ends the array of that length, after its last tag has been read.
    ///
    /// # Errors
    /// [`Fault::Length`] when the end has another length.
    pub fn end_array(&mut self, length: u32) -> Result<(), Fault> {
        let (named, repeated) = (self.varint()?, self.varint()?);
        if (named, repeated) == (0, length) { Ok(()) } else { Err(Fault::Length) }
    }

    /// A varint of 32 bits.
    ///
    /// # Errors
    /// [`Fault::Truncated`]; [`Fault::Length`] when it is longer than 32 bits.
    pub fn varint(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Length)
    }

    /// A zigzag varint of 32 bits.
    ///
    /// # Errors
    /// The same as [`Reader::varint`].
    pub fn zigzag(&mut self) -> Result<i32, Fault> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A double.
    ///
    /// # Errors
    /// [`Fault::Truncated`]
    pub fn double(&mut self) -> Result<f64, Fault> {
        let (bytes, _) = self.rest().split_first_chunk().ok_or(Fault::Truncated)?;
        self.at += bytes.len();
        Ok(f64::from_le_bytes(*bytes))
    }

    /// The bytes of a string: a varint, then that number of bytes.
    ///
    /// # Errors
    /// [`Fault::Truncated`], [`Fault::Length`]
    pub fn string(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.varint()?;
        self.bytes(length as usize)
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`Fault::Truncated`]
    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let bytes = self.rest().get(..length).ok_or(Fault::Truncated)?;
        self.at += length;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        let byte = *self.bytes.get(self.at).ok_or(Fault::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }
}
