//! Objects that the facade gives the JSON path, and that come here only in disguise: with the prototype of a plain
//! object. Their JSON is what `JSON.stringify` makes of them, or they are passed over and cost their record alone.

use super::{
    Fault, tag,
    transcode::{Transcoder, expect},
};

/// Ends an error.
const ERROR_END: u8 = b'.';

impl Transcoder<'_, '_> {
    /// Reads what follows `tag`.
    pub(super) fn exotic<const WRITE: bool>(&mut self, tag: u8) -> Result<(), Fault> {
        match tag {
            tag::TRUE_OBJECT => self.write::<WRITE>(|out| out.extend_from_slice(b"true")),
            tag::FALSE_OBJECT => self.write::<WRITE>(|out| out.extend_from_slice(b"false")),
            tag::NUMBER_OBJECT => self.number::<WRITE>()?,
            tag::STRING_OBJECT => self.value::<WRITE>(None)?,
            tag::MAP => self.empty::<WRITE>(|values| values.entries(tag::MAP_END))?,
            tag::SET => self.empty::<WRITE>(|values| values.entries(tag::SET_END))?,
            tag::REG_EXP => self.empty::<WRITE>(|values| {
                values.value::<false>(None)?;
                values.reader.varint().map(drop)
            })?,
            tag::ERROR => self.empty::<WRITE>(Self::error_parts)?,
            tag::ARRAY_BUFFER | tag::RESIZABLE_ARRAY_BUFFER => self.array_buffer::<WRITE>(tag)?,
            tag::BIG_INT_OBJECT => self.big_int::<WRITE>()?,
            other => return Err(Fault::Tag(other)),
        }
        Ok(())
    }

    /// A `BigInt`: a varint of which bits 1 to 30 are how many bytes follow. JSON has none.
    pub(super) fn big_int<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        let length = self.reader.varint()? >> 1 & 0x3FFF_FFFF;
        self.reader.bytes(length as usize)?;
        if WRITE { Err(Fault::Tag(tag::BIG_INT)) } else { Ok(()) }
    }

    /// An object of which JSON shows nothing.
    fn empty<const WRITE: bool>(&mut self, pass: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.write::<WRITE>(|out| out.extend_from_slice(b"{}"));
        pass(self)
    }

    fn entries(&mut self, end: u8) -> Result<(), Fault> {
        let mut count = 0;
        while !self.reader.skips(end)? {
            self.value::<false>(None)?;
            count += 1;
        }
        expect(self.reader.varint()?, count)
    }

    /// Its name, as a letter; message `m`, stack `s`, cause `c`, each with a value.
    fn error_parts(&mut self) -> Result<(), Fault> {
        loop {
            match self.reader.tag()? {
                ERROR_END => return Ok(()),
                b'm' | b's' | b'c' => self.value::<false>(None)?,
                b'E' | b'R' | b'F' | b'S' | b'T' | b'U' => {}
                other => return Err(Fault::Tag(other)),
            }
        }
    }

    /// A buffer is `{}`. A view of one is an object with a number for each element: refused.
    fn array_buffer<const WRITE: bool>(&mut self, tag: u8) -> Result<(), Fault> {
        let at = self.reader.at() - 1;
        let length = self.reader.varint()?;
        if tag == tag::RESIZABLE_ARRAY_BUFFER {
            self.reader.varint()?;
        }
        self.reader.bytes(length as usize)?;
        if self.reader.left() == 0 || !self.reader.skips(tag::ARRAY_BUFFER_VIEW)? {
            self.write::<WRITE>(|out| out.extend_from_slice(b"{}"));
            return Ok(());
        }
        // Its kind, offset, length, flags.
        for _ in 0..4 {
            self.reader.varint()?;
        }
        self.register_view(at);
        if WRITE { Err(Fault::Tag(tag::ARRAY_BUFFER_VIEW)) } else { Ok(()) }
    }
}
