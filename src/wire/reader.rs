//! Reads a buffer from left to right. Every length is compared with the bytes that remain before it is used.

use super::{Fault, string::Text, tag};

/// A position in a buffer.
#[derive(Clone, Copy, Debug)]
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

    /// The words of the buffer: a varint, then that number of words.
    ///
    /// # Errors
    /// [`Fault::Truncated`], [`Fault::Length`]
    pub fn words(&mut self) -> Result<&'a [[u8; 4]], Fault> {
        let count = self.varint()? as usize;
        let (words, _) = self.bytes(count.checked_mul(size_of::<u32>()).ok_or(Fault::Length)?)?.as_chunks();
        Ok(words)
    }

    /// The next tag, after any padding.
    fn tag(&mut self) -> Result<u8, Fault> {
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

    /// Ends the array of that length.
    ///
    /// # Errors
    /// [`Fault::Tag`] when something is left in it; [`Fault::Length`] when the end has another length.
    pub fn end_array(&mut self, length: u32) -> Result<(), Fault> {
        match self.tag()? {
            tag::ARRAY_END => {}
            other => return Err(Fault::Tag(other)),
        }
        let (named, repeated) = (self.varint()?, self.varint()?);
        if (named, repeated) == (0, length) { Ok(()) } else { Err(Fault::Length) }
    }

    /// The next string.
    ///
    /// # Errors
    /// [`Fault::Tag`] when something else comes next; [`Fault::Truncated`], [`Fault::Length`]
    pub fn text(&mut self) -> Result<Text<'a>, Fault> {
        let tag = self.tag()?;
        let length = self.varint()?;
        Text::new(tag, self.bytes(length as usize)?)
    }

    /// A varint of 32 bits.
    fn varint(&mut self) -> Result<u32, Fault> {
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

    /// The next `length` bytes.
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
