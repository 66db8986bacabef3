//! Makes JSON from the atoms of a record, without a tree between.

use super::{Fault, Rejected, fields::Fields, json, reader::Reader, tag, text};

/// The limit on nesting. The facade writes at most half of it.
const MAX_DEPTH: u32 = 256;

/// Reads the records of one buffer and appends their JSON to `out`.
pub struct Transcoder<'a, 'o> {
    /// The buffer.
    pub reader: Reader<'a>,
    /// The JSON.
    pub out: &'o mut Vec<u8>,
    /// The limit on the length of the output.
    limit: usize,
    depth: u32,
}

impl<'a, 'o> Transcoder<'a, 'o> {
    /// Reads from `reader`, writes to `out`.
    pub fn new(reader: Reader<'a>, out: &'o mut Vec<u8>) -> Self {
        Self { reader, out, limit: usize::MAX, depth: 0 }
    }

    /// Reads the members of a record. Writes about `max_bytes` of JSON at most to the empty `out`; `fields` gets the
    /// positions of first-level fields.
    ///
    /// # Errors
    /// The inner error concerns this record alone, and the record has been skipped. The outer error concerns everything
    /// that follows.
    pub fn record(&mut self, max_bytes: usize, fields: &mut Fields) -> Result<Result<(), Rejected>, Fault> {
        let at = self.reader.at();
        (self.limit, self.depth) = (max_bytes, 0);
        let key = self.reader.tag()?;
        let Err(fault) = self.object::<true>(key, Some(&mut *fields)) else { return Ok(Ok(())) };
        let rejected = Rejected::new(fault, self.out, fields);
        self.depth = 0;
        self.reader.seek(at);
        let key = self.reader.tag()?;
        self.object::<false>(key, None)?;
        Ok(Err(rejected))
    }

    /// Reads a value whose tag has been read. Without `WRITE` the value is skipped.
    fn value<const WRITE: bool>(&mut self, tag: u8) -> Result<(), Fault> {
        if WRITE && self.out.len() > self.limit {
            return Err(Fault::TooLarge);
        }
        match tag {
            tag::ONE_BYTE_STRING => {
                let text = self.reader.string()?;
                self.write::<WRITE>(|out| json::latin1(out, text));
            }
            tag::TWO_BYTE_STRING => {
                let text = self.reader.string()?;
                self.write::<WRITE>(|out| json::utf16(out, text));
            }
            tag::INT32 => {
                let value = self.reader.zigzag()?;
                self.write::<WRITE>(|out| json::integer(out, value));
            }
            tag::DOUBLE => {
                let value = self.reader.double()?;
                self.write::<WRITE>(|out| json::double(out, value));
            }
            tag::TRUE => self.write::<WRITE>(|out| out.extend_from_slice(b"true")),
            tag::FALSE => self.write::<WRITE>(|out| out.extend_from_slice(b"false")),
            tag::NULL => self.write::<WRITE>(|out| out.extend_from_slice(b"null")),
            tag::UNDEFINED => self.container::<WRITE>()?,
            other => return Err(Fault::Tag(other)),
        }
        Ok(())
    }

    /// The atom after the mark says which container this is.
    fn container<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::Depth);
        }
        self.depth += 1;
        match self.reader.tag()? {
            tag::INT32 => self.array::<WRITE>()?,
            tag::TRUE => self.date::<WRITE>()?,
            tag::FALSE => self.json::<WRITE>()?,
            key => self.object::<WRITE>(key, None)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads an object. `tag` is that of its first key, or of the mark at its end.
    fn object<const WRITE: bool>(&mut self, mut tag: u8, mut fields: Option<&mut Fields>) -> Result<(), Fault> {
        self.write::<WRITE>(|out| out.push(b'{'));
        let first = self.out.len();
        while tag != tag::UNDEFINED {
            if self.out.len() > first {
                self.out.push(b',');
            }
            let key = self.key::<WRITE>(tag)?;
            let start = self.out.len();
            let tag_of_value = self.reader.tag()?;
            self.value::<WRITE>(tag_of_value)?;
            if let (Some(fields), Some(key)) = (&mut fields, key) {
                fields.note(key, start..self.out.len());
            }
            tag = self.reader.tag()?;
        }
        self.write::<WRITE>(|out| out.push(b'}'));
        Ok(())
    }

    /// Reads a property's name; returns it when it is a one-byte string, as all names are that the engine looks for.
    fn key<const WRITE: bool>(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Fault> {
        let text = match tag {
            tag::ONE_BYTE_STRING => {
                let text = self.reader.string()?;
                self.write::<WRITE>(|out| json::latin1(out, text));
                Some(text)
            }
            tag::TWO_BYTE_STRING => {
                let text = self.reader.string()?;
                self.write::<WRITE>(|out| json::utf16(out, text));
                None
            }
            other => return Err(Fault::Tag(other)),
        };
        self.write::<WRITE>(|out| out.push(b':'));
        Ok(text)
    }

    fn array<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        let length = u32::try_from(self.reader.zigzag()?).map_err(|_| Fault::Length)?;
        self.write::<WRITE>(|out| out.push(b'['));
        for index in 0..length {
            if index > 0 {
                self.write::<WRITE>(|out| out.push(b','));
            }
            let tag = self.reader.tag()?;
            self.value::<WRITE>(tag)?;
        }
        self.write::<WRITE>(|out| out.push(b']'));
        Ok(())
    }

    fn date<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        let ms = match self.reader.tag()? {
            tag::INT32 => f64::from(self.reader.zigzag()?),
            tag::DOUBLE => self.reader.double()?,
            other => return Err(Fault::Tag(other)),
        };
        self.write::<WRITE>(|out| json::date(out, ms));
        Ok(())
    }

    /// JSON text of a value.
    fn json<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        let tag = self.reader.tag()?;
        let text = text(tag, &mut self.reader)?;
        self.write::<WRITE>(|out| out.extend_from_slice(text.as_bytes()));
        Ok(())
    }

    fn write<const WRITE: bool>(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if WRITE {
            write(self.out);
        }
    }
}
