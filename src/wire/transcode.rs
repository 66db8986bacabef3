//! Makes JSON from the words and strings of a record, without a tree between.

use super::{
    Fault, Rejected,
    fields::{Field, Fields},
    json,
    reader::Reader,
    shapes::Shapes,
    string::Text,
    word::Word,
};

/// The limit on nesting. The facade writes at most half of it.
const MAX_DEPTH: u32 = 256;

/// What is left of a buffer.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The words.
    pub words: &'a [[u8; 4]],
    /// The text of all short strings.
    pub short: Text<'a>,
    /// The long strings.
    pub long: Reader<'a>,
}

impl<'a> Input<'a> {
    /// The next word.
    ///
    /// # Errors
    /// [`Fault::Truncated`], [`Fault::Word`]
    pub fn word(&mut self) -> Result<Word, Fault> {
        Word::read(self.bits()?)
    }

    fn bits(&mut self) -> Result<u32, Fault> {
        self.words.split_off_first().map(|&bytes| u32::from_le_bytes(bytes)).ok_or(Fault::Truncated)
    }

    /// The double in the next two words.
    fn double(&mut self) -> Result<f64, Fault> {
        let (low, high) = (self.bits()?, self.bits()?);
        Ok(f64::from_bits(u64::from(high) << 32 | u64::from(low)))
    }

    /// The string of a word; `None` when the word is none of a string.
    fn string(&mut self, word: Word) -> Result<Option<Text<'a>>, Fault> {
        Ok(match word {
            Word::Short(units) => Some(self.short.take(units)?),
            Word::Long => Some(self.long.text()?),
            _ => None,
        })
    }
}

/// Reads the records of one buffer and appends their JSON to `out`.
pub struct Transcoder<'a, 'o> {
    /// What has not been read.
    pub input: Input<'a>,
    /// The JSON.
    pub out: &'o mut Vec<u8>,
    shapes: &'o Shapes,
    /// The limit on the length of the output.
    limit: usize,
    depth: u32,
}

impl<'a, 'o> Transcoder<'a, 'o> {
    /// Reads from `input`, writes to `out`.
    pub fn new(input: Input<'a>, shapes: &'o Shapes, out: &'o mut Vec<u8>) -> Self {
        Self { input, out, shapes, limit: usize::MAX, depth: 0 }
    }

    /// Reads the members of a record, the word of which has been read. Writes about `max_bytes` of JSON at most to the
    /// empty `out`; `fields` gets the positions of first-level fields.
    ///
    /// # Errors
    /// The inner error concerns this record alone, and the record has been skipped. The outer error concerns everything
    /// that follows.
    pub fn record(
        &mut self,
        (shape, more): (usize, bool),
        max_bytes: usize,
        fields: &mut Fields,
    ) -> Result<Result<(), Rejected>, Fault> {
        let start = self.input;
        (self.limit, self.depth) = (max_bytes, 0);
        let Err(fault) = self.object::<true>(shape, more, Some(&mut *fields)) else { return Ok(Ok(())) };
        let rejected = Rejected::new(fault, self.out, fields);
        self.depth = 0;
        self.input = start;
        self.object::<false>(shape, more, None)?;
        Ok(Err(rejected))
    }

    /// Reads a value. Without `WRITE` the value is skipped.
    fn value<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        if WRITE && self.out.len() > self.limit {
            return Err(Fault::TooLarge);
        }
        match self.input.word()? {
            word @ (Word::Short(_) | Word::Long) => self.string::<WRITE>(word)?,
            Word::Integer(value) => self.write::<WRITE>(|out| json::integer(out, value)),
            Word::Double => {
                let value = self.input.double()?;
                self.write::<WRITE>(|out| json::double(out, value));
            }
            Word::Date => {
                let ms = self.input.double()?;
                self.write::<WRITE>(|out| json::date(out, ms));
            }
            Word::Null => self.write::<WRITE>(|out| out.extend_from_slice(b"null")),
            Word::Boolean(true) => self.write::<WRITE>(|out| out.extend_from_slice(b"true")),
            Word::Boolean(false) => self.write::<WRITE>(|out| out.extend_from_slice(b"false")),
            Word::Text => {
                let text = self.input.long.text()?;
                self.write::<WRITE>(|out| out.extend_from_slice(text.decoded().as_bytes()));
            }
            Word::Array(length) => self.nested(|this| this.array::<WRITE>(length))?,
            Word::Object { shape, more } => self.nested(|this| this.object::<WRITE>(shape, more, None))?,
            word @ (Word::End | Word::Kind(_)) => return Err(Fault::Place(word)),
        }
        Ok(())
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::Depth);
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn object<const WRITE: bool>(
        &mut self,
        shape: usize,
        more: bool,
        mut fields: Option<&mut Fields>,
    ) -> Result<(), Fault> {
        let shapes = self.shapes;
        let mut separator = b'{';
        for key in shapes.keys(shape)? {
            self.write::<WRITE>(|out| {
                out.push(separator);
                out.extend_from_slice(shapes.json(key));
            });
            separator = b',';
            self.member::<WRITE>(key.field, &mut fields)?;
        }
        if more {
            loop {
                let word = self.input.word()?;
                if word == Word::End {
                    break;
                }
                self.write::<WRITE>(|out| out.push(separator));
                separator = b',';
                let start = self.out.len();
                self.string::<WRITE>(word)?;
                let field = self.out.get(start..).and_then(Field::of);
                self.write::<WRITE>(|out| out.push(b':'));
                self.member::<WRITE>(field, &mut fields)?;
            }
        }
        self.write::<WRITE>(|out| {
            if separator == b'{' {
                out.push(b'{');
            }
            out.push(b'}');
        });
        Ok(())
    }

    /// The value of a property.
    fn member<const WRITE: bool>(
        &mut self,
        field: Option<Field>,
        fields: &mut Option<&mut Fields>,
    ) -> Result<(), Fault> {
        let start = self.out.len();
        self.value::<WRITE>()?;
        if let (Some(fields), Some(field)) = (fields, field) {
            fields.note(field, start..self.out.len());
        }
        Ok(())
    }

    fn array<const WRITE: bool>(&mut self, length: usize) -> Result<(), Fault> {
        self.write::<WRITE>(|out| out.push(b'['));
        for index in 0..length {
            if index > 0 {
                self.write::<WRITE>(|out| out.push(b','));
            }
            self.value::<WRITE>()?;
        }
        self.write::<WRITE>(|out| out.push(b']'));
        Ok(())
    }

    fn string<const WRITE: bool>(&mut self, word: Word) -> Result<(), Fault> {
        let text = self.input.string(word)?.ok_or(Fault::Place(word))?;
        if WRITE { text.write(self.out) } else { Ok(()) }
    }

    fn write<const WRITE: bool>(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if WRITE {
            write(self.out);
        }
    }
}
