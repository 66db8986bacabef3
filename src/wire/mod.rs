//! The format in which records cross from the JS thread. One buffer holds:
//!
//! ```text
//! FF 0F                   the version of V8's structured clone
//! varint word*            the number of words, and the words: 32 bits, little endian
//! array of strings        V8's structured clone of it (see [`tag`])
//! ```
//!
//! The strings are the keys of each shape, separated by NUL; the text of all short strings; then the long strings, in the
//! order in which the words name them. The first word is the number of shapes. The other words spell out the records in
//! the order in which they were exported (see [`word`]):
//!
//! ```text
//! words     shapes (kind | record | text)*
//! kind                                 of the records that follow: the index of their signal, or COMPLETE_SPANS
//! record    object
//! object    shape value* (string value)* end     the values of the shape's keys, then keys that are in no shape
//! array     length value*
//! value     constant | integer | double | date | string | text | array | object
//! string    short | long
//! text                                 what `JSON.stringify` has made
//! ```
//!
//! The keys beside their values, and the end, are there only if the word of the object says so. A record is text when it
//! has a `toJSON` of its own. A value is text when it is nested too deeply. Other JSON is made here, and spans that are no
//! text get the further fields of the collector's schema.

mod fields;
mod json;
mod reader;
mod shapes;
mod span;
mod string;
pub mod tag;
mod transcode;
pub mod word;

use thiserror::Error;

use crate::{event::RecordName, signal::Signal};
use fields::{Field, Fields};
use reader::Reader;
use shapes::Shapes;
use transcode::{Input, Transcoder};
use word::Word;

/// The kind of spans that have all fields of the collector's schema.
const COMPLETE_SPANS: usize = 5;

/// Memory of this size is kept for the JSON of the next record; more only if the last record needed more, up to
/// [`MAX_KEPT_BYTES`].
const KEPT_BYTES: usize = 4 << 20;
const MAX_KEPT_BYTES: usize = 16 << 20;

/// Why a buffer or a value cannot be read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// The version is not 15.
    #[error("it is not of the expected version")]
    Version,
    /// The buffer ends too early, or a length is beyond its end.
    #[error("it ends too early")]
    Truncated,
    /// A length contradicts another one, or is impossible.
    #[error("it contradicts itself about a length")]
    Length,
    /// The tag is one that the facade does not write.
    #[error("it holds something unexpected (tag {0})")]
    Tag(u8),
    /// The word is one that the facade does not write.
    #[error("it holds something unexpected (word {0:#x})")]
    Word(u32),
    /// The word may not come at this place.
    #[error("it holds something at a wrong place ({0:?})")]
    Place(Word),
    /// An object names a shape that does not exist.
    #[error("it holds an object whose keys are unknown")]
    Shape,
    /// A record has no kind before it, or the kind does not exist.
    #[error("it holds a record of no kind")]
    Kind,
    /// The nesting is deeper than anything the facade writes.
    #[error("it is nested too deeply")]
    Depth,
    /// The JSON is longer than a record may be.
    #[error("its JSON is too long")]
    TooLarge,
}

/// A record that cannot be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The cause.
    pub fault: Fault,
    /// What identifies the record, as far as is known.
    pub name: RecordName,
    /// The length of its JSON in bytes, as far as it was made.
    pub bytes: usize,
}

impl Rejected {
    /// Describes a record by the part of its JSON that was made.
    fn new(fault: Fault, json: &[u8], fields: &Fields) -> Self {
        let text = |field| serde_json::from_slice(json.get(fields.get(field)?)?).ok();
        let span_id = text(Field::SpanId).or_else(|| text(Field::Id));
        let name = RecordName { span_id, trace_id: text(Field::TraceId), name: text(Field::Name) };
        Self { fault, name, bytes: json.len() }
    }
}

/// Reads buffers, and keeps the memory for the next buffer.
#[derive(Debug, Default)]
pub struct Decoder {
    out: Vec<u8>,
    created_at: Vec<u8>,
    shapes: Shapes,
}

impl Decoder {
    /// Reads a buffer and hands each record over. `created_at_ms`: when its spans were exported, in milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// The fault of the buffer. The records before it have been handed over; the rest cannot be read.
    pub fn decode(
        &mut self,
        bytes: &[u8],
        max_record_bytes: usize,
        created_at_ms: f64,
        take: impl FnMut(Signal, Result<&[u8], Rejected>),
    ) -> Result<(), Fault> {
        self.created_at.clear();
        json::date(&mut self.created_at, created_at_ms);
        let result = self.read(bytes, max_record_bytes, take);
        let kept = if self.out.len() > KEPT_BYTES { MAX_KEPT_BYTES } else { KEPT_BYTES };
        self.out.clear();
        self.out.shrink_to(kept);
        self.shapes.clear();
        result
    }

    fn read(
        &mut self,
        bytes: &[u8],
        max_record_bytes: usize,
        mut take: impl FnMut(Signal, Result<&[u8], Rejected>),
    ) -> Result<(), Fault> {
        let Self { out, created_at, shapes } = self;
        let mut strings = Reader::new(bytes)?;
        let (count, words) = strings.words()?.split_first().ok_or(Fault::Truncated)?;
        let length = strings.begin_array()?;
        for _ in 0..u32::from_le_bytes(*count) {
            shapes.add(strings.text()?)?;
        }
        let short = strings.text()?;
        let mut values = Transcoder::new(Input { words, short, long: strings }, shapes, out);
        let mut kind = None;
        while !values.input.words.is_empty() {
            let word = values.input.word()?;
            if let Word::Kind(index) = word {
                kind = Some(kind_of(index)?);
                continue;
            }
            let (signal, completes) = kind.ok_or(Fault::Kind)?;
            values.out.clear();
            match word {
                Word::Text => {
                    let json = values.input.long.text()?.decoded();
                    let json = json.as_bytes();
                    let too_large =
                        || Rejected { fault: Fault::TooLarge, name: RecordName::of(json), bytes: json.len() };
                    take(signal, if json.len() > max_record_bytes { Err(too_large()) } else { Ok(json) });
                }
                Word::Object { shape, more } => {
                    let mut fields = Fields::default();
                    let written = values.record((shape, more), max_record_bytes, &mut fields)?.and_then(|()| {
                        if completes {
                            span::complete(values.out, &fields, created_at);
                        }
                        let json = values.out.as_slice();
                        if json.len() > max_record_bytes {
                            return Err(Rejected::new(Fault::TooLarge, json, &fields));
                        }
                        Ok(json)
                    });
                    take(signal, written);
                }
                other => return Err(Fault::Place(other)),
            }
        }
        if !values.input.short.is_empty() {
            return Err(Fault::Length);
        }
        values.input.long.end_array(length)
    }
}

/// The signal of a kind, and whether its records get further fields here.
fn kind_of(kind: usize) -> Result<(Signal, bool), Fault> {
    if kind == COMPLETE_SPANS {
        return Ok((Signal::Traces, false));
    }
    let signal = Signal::from_index(kind).ok_or(Fault::Kind)?;
    Ok((signal, signal == Signal::Traces))
}
