//! Reads a buffer from left to right. Every length is checked against what is left before anything is done with it.

use super::{Fault, tag};

/// A place in a buffer.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads the start of a buffer, up to its first value.
    ///
    /// # Errors
    /// [`Fault::Version`] when it is not of the version that is understood.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut reader = Self { bytes, at: 0 };
        if reader.byte()? == tag::VERSION_TAG && reader.varint()? == tag::VERSION {
            Ok(reader)
        } else {
            Err(Fault::Version)
        }
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes on reading at a place that [`Reader::at`] has answered.
    pub fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The next tag, behind any padding.
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

    /// Begins the array that is next; answers its length.
    ///
    /// # Errors
    /// [`Fault::Tag`] when it is something else.
    pub fn begin_array(&mut self) -> Result<u32, Fault> {
        match self.tag()? {
            tag::ARRAY => self.varint(),
            other => Err(Fault::Tag(other)),
        }
    }

    /// Ends the array of that length, whose last tag has been read.
    ///
    /// # Errors
    /// [`Fault::Length`] when it ends as another.
    pub fn end_array(&mut self, length: u32) -> Result<(), Fault> {
        let (named, repeated) = (self.varint()?, self.varint()?);
        if (named, repeated) == (0, length) { Ok(()) } else { Err(Fault::Length) }
    }

    /// A varint of 32 bits.
    ///
    /// # Errors
    /// [`Fault::Truncated`], [`Fault::Length`] when it is longer.
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
    /// As [`Reader::varint`].
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

    /// The bytes of a string: a varint, then so many of them.
    ///
    /// # Errors
    /// [`Fault::Truncated`], [`Fault::Length`]
    pub fn string(&mut self) -> Result<&'a [u8], Fault> {
        let length = self.varint()?;
        self.bytes(length as usize)
    }

    /// So many bytes.
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
