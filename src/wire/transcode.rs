//! From the bytes of a value straight to its JSON.

use std::ops::Range;

use super::{
    Fault, Rejected,
    fields::{Field, Fields},
    json,
    reader::Reader,
    tag,
};
use crate::event::RecordName;

/// Objects in each other. The facade lets nothing deeper than half of this through.
const MAX_DEPTH: u32 = 256;

/// Where the JSON of an object is that the buffer may refer to again.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    /// Being written: a reference to it would never end.
    Open,
    /// Here in the output.
    At(Range<usize>),
    /// Not in the output (any more): read again when needed.
    Gone,
}

/// An object, array or date of the buffer.
#[derive(Debug)]
pub struct Object {
    /// Where its tag is.
    at: usize,
    text: Text,
}

/// A property's name.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    OneByte(&'a [u8]),
    TwoByte(&'a [u8]),
    Number(f64),
}

/// Reads values of one buffer and appends their JSON to `out`.
pub struct Transcoder<'a, 'o> {
    /// The buffer.
    pub reader: Reader<'a>,
    /// The JSON.
    pub out: &'o mut Vec<u8>,
    /// In the order of their numbers.
    objects: &'o mut Vec<Object>,
    /// Longer than this the output must not get.
    limit: usize,
    depth: u32,
    /// An object is read once more: those in it are known.
    again: bool,
}

impl<'a, 'o> Transcoder<'a, 'o> {
    /// Reads from `reader`, writes to `out`; `objects` is empty.
    pub fn new(reader: Reader<'a>, out: &'o mut Vec<u8>, objects: &'o mut Vec<Object>) -> Self {
        Self { reader, out, objects, limit: usize::MAX, depth: 0, again: false }
    }

    /// Begins an array whose tag is next, as an object that may be referred to; answers its length.
    ///
    /// # Errors
    /// [`Fault::Tag`] when it is something else.
    pub fn begin_array(&mut self) -> Result<u32, Fault> {
        let at = self.reader.at();
        let tag = self.reader.tag()?;
        if tag != tag::DENSE_ARRAY {
            return Err(Fault::Tag(tag));
        }
        self.objects.push(Object { at, text: Text::Open });
        self.reader.varint()
    }

    /// Reads an object, or a reference to one, that is next. About `max_bytes` of JSON are appended at most; `fields`
    /// is told what is on its first level. Answers the number of the object. After an error nothing has been appended,
    /// and the object has been passed over.
    ///
    /// # Errors
    /// The inner one is about this object alone, the outer about all that follows it.
    pub fn record(&mut self, max_bytes: usize, fields: &mut Fields) -> Result<Result<usize, Rejected>, Fault> {
        let (at, start, known) = (self.reader.at(), self.out.len(), self.objects.len());
        self.limit = start.saturating_add(max_bytes);
        let written = if self.reader.skips(tag::REFERENCE)? {
            let index = self.reader.varint()? as usize;
            // Not copied: that would say nothing about its fields.
            self.read_again(index, Some(&mut *fields)).map(|()| index)
        } else {
            self.value::<true>(Some(&mut *fields)).map(|()| known)
        };
        let written = written.map_err(|fault| self.rejected(fault, start, fields));
        if written.is_err() {
            (self.depth, self.again) = (0, false);
            self.objects.truncate(known);
            self.forget(start);
            self.reader.seek(at);
            self.value::<false>(None)?;
        }
        Ok(written)
    }

    /// Describes the record that begins at `start` of the output.
    #[must_use]
    pub fn rejected(&self, fault: Fault, start: usize, fields: &Fields) -> Rejected {
        let text = |field| serde_json::from_slice(self.out.get(fields.get(field)?)?).ok();
        let span_id = text(Field::SpanId).or_else(|| text(Field::Id));
        let name = RecordName { span_id, trace_id: text(Field::TraceId), name: text(Field::Name) };
        Rejected { fault, name, bytes: self.out.len().saturating_sub(start) }
    }

    /// The JSON of an object has been changed.
    pub fn changed(&mut self, index: usize) {
        if let Some(object) = self.objects.get_mut(index) {
            object.text = Text::Gone;
        }
    }

    /// Forgets the output from `start` on.
    pub fn forget(&mut self, start: usize) {
        self.out.truncate(start);
        // The first is the array of records, which never ends up in one.
        for object in self.objects.iter_mut().skip(1) {
            if !matches!(&object.text, Text::At(range) if range.end <= start) {
                object.text = Text::Gone;
            }
        }
    }

    /// Reads a value; without `WRITE` only passes over it. `undefined` and holes are written as `null`.
    pub fn value<const WRITE: bool>(&mut self, fields: Option<&mut Fields>) -> Result<(), Fault> {
        if WRITE {
            self.fits(0)?;
        }
        let tag = self.reader.tag()?;
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
            tag::UINT32 => {
                let value = self.reader.varint()?;
                self.write::<WRITE>(|out| json::integer(out, value));
            }
            tag::DOUBLE => self.number::<WRITE>()?,
            tag::TRUE => self.write::<WRITE>(|out| out.extend_from_slice(b"true")),
            tag::FALSE => self.write::<WRITE>(|out| out.extend_from_slice(b"false")),
            tag::NULL | tag::UNDEFINED | tag::HOLE => self.write::<WRITE>(|out| out.extend_from_slice(b"null")),
            tag::REFERENCE => {
                let index = self.reader.varint()? as usize;
                self.reference::<WRITE>(index)?;
            }
            tag::BIG_INT => self.big_int::<WRITE>()?,
            other => self.container::<WRITE>(other, fields)?,
        }
        Ok(())
    }

    pub(super) fn number<const WRITE: bool>(&mut self) -> Result<(), Fault> {
        let value = self.reader.double()?;
        self.write::<WRITE>(|out| json::double(out, value));
        Ok(())
    }

    /// What can be referred to again.
    fn container<const WRITE: bool>(&mut self, tag: u8, fields: Option<&mut Fields>) -> Result<(), Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::Depth);
        }
        let start = self.out.len();
        let index = self.register(self.reader.at() - 1, if WRITE { Text::Open } else { Text::Gone });
        self.depth += 1;
        match tag {
            tag::OBJECT => self.object::<WRITE>(fields)?,
            tag::DENSE_ARRAY => self.dense_array::<WRITE>()?,
            tag::SPARSE_ARRAY => self.sparse_array::<WRITE>()?,
            tag::DATE => {
                let ms = self.reader.double()?;
                self.write::<WRITE>(|out| json::date(out, ms));
            }
            other => self.exotic::<WRITE>(other)?,
        }
        self.depth -= 1;
        if WRITE && let Some(object) = index.and_then(|index| self.objects.get_mut(index)) {
            object.text = Text::At(start..self.out.len());
        }
        Ok(())
    }

    /// Gives an object whose tag is at `at` its number, unless it has one.
    fn register(&mut self, at: usize, text: Text) -> Option<usize> {
        if self.again {
            return None;
        }
        self.objects.push(Object { at, text });
        Some(self.objects.len() - 1)
    }

    /// A view and its buffer are two objects.
    pub(super) fn register_view(&mut self, at: usize) {
        self.register(at, Text::Gone);
    }

    fn reference<const WRITE: bool>(&mut self, index: usize) -> Result<(), Fault> {
        let object = self.objects.get_mut(index).ok_or(Fault::Reference)?;
        if !WRITE {
            return Ok(());
        }
        match &object.text {
            Text::At(range) => {
                let range = range.clone();
                self.fits(range.len())?;
                self.out.extend_from_within(range);
            }
            Text::Open => return Err(Fault::Cycle),
            Text::Gone => self.read_again(index, None)?,
        }
        Ok(())
    }

    /// Reads an object of the buffer once more.
    fn read_again(&mut self, index: usize, fields: Option<&mut Fields>) -> Result<(), Fault> {
        let object = self.objects.get_mut(index).ok_or(Fault::Reference)?;
        if object.text == Text::Open {
            return Err(Fault::Cycle);
        }
        object.text = Text::Open;
        let (back, start, again) = (self.reader.at(), self.out.len(), self.again);
        self.reader.seek(object.at);
        self.again = true;
        self.value::<true>(fields)?;
        self.again = again;
        self.reader.seek(back);
        if let Some(object) = self.objects.get_mut(index) {
            object.text = Text::At(start..self.out.len());
        }
        Ok(())
    }

    fn object<const WRITE: bool>(&mut self, mut fields: Option<&mut Fields>) -> Result<(), Fault> {
        self.write::<WRITE>(|out| out.push(b'{'));
        let first = self.out.len();
        let mut count = 0;
        loop {
            let tag = self.reader.tag()?;
            if tag == tag::OBJECT_END {
                break;
            }
            let key = self.key(tag)?;
            count += 1;
            if self.reader.skips(tag::UNDEFINED)? {
                continue;
            }
            if WRITE {
                if self.out.len() > first {
                    self.out.push(b',');
                }
                write_key(self.out, key);
            }
            let start = self.out.len();
            self.value::<WRITE>(None)?;
            if let (Some(fields), Key::OneByte(key)) = (&mut fields, key) {
                fields.note(key, start..self.out.len());
            }
        }
        self.write::<WRITE>(|out| out.push(b'}'));
        expect(self.reader.varint()?, count)
    }

    /// Whether so many bytes more are within the limit of the record.
    pub(super) fn fits(&self, bytes: usize) -> Result<(), Fault> {
        if self.out.len().saturating_add(bytes) > self.limit { Err(Fault::TooLarge) } else { Ok(()) }
    }

    /// Reads a property's name, whose tag has been read.
    pub(super) fn key(&mut self, tag: u8) -> Result<Key<'a>, Fault> {
        Ok(match tag {
            tag::ONE_BYTE_STRING => Key::OneByte(self.reader.string()?),
            tag::TWO_BYTE_STRING => Key::TwoByte(self.reader.string()?),
            tag::INT32 => Key::Number(f64::from(self.reader.zigzag()?)),
            tag::UINT32 => Key::Number(f64::from(self.reader.varint()?)),
            tag::DOUBLE => Key::Number(self.reader.double()?),
            other => return Err(Fault::Tag(other)),
        })
    }

    pub(super) fn write<const WRITE: bool>(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if WRITE {
            write(self.out);
        }
    }
}

fn write_key(out: &mut Vec<u8>, key: Key<'_>) {
    match key {
        Key::OneByte(text) => json::latin1(out, text),
        Key::TwoByte(text) => json::utf16(out, text),
        Key::Number(number) => {
            out.push(b'"');
            json::double(out, number);
            out.push(b'"');
        }
    }
    out.push(b':');
}

/// Two lengths that have to be the same.
pub(super) fn expect(found: u32, expected: u32) -> Result<(), Fault> {
    if found == expected { Ok(()) } else { Err(Fault::Length) }
}
